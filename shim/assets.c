/*
 * Assets; the words are in assets.h. "@VERSION@" in a JSON file becomes the shim's version. Templates (pages/) are read, but
 * not served.
 */
#include "assets.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gzip.h"
#include "log.h"
#include "text.h"

#define MAX_ASSETS 256
#define MAX_ASSET_BYTES ((size_t) 4 * 1024 * 1024)
#define MAX_PATH 1024
#define SMALLEST 9

#define HASH_DIGITS 16
#define HASHED "/assets/"
#define TEMPLATES "/pages/"

static Asset assets[MAX_ASSETS];
static int nassets;
static char folder_url[sizeof(HASHED) + HASH_DIGITS];

static const struct
{
	const char *suffix;
	const char *type;
} types[] = {
	{ ".json", "application/json; charset=utf-8" },
	{ ".html", "text/html; charset=utf-8" },
	{ ".css", "text/css; charset=utf-8" },
	{ ".js", "text/javascript; charset=utf-8" },
	{ ".svg", "image/svg+xml" },
	{ ".png", "image/png" },
	{ ".ico", "image/x-icon" },
	{ ".txt", "text/plain; charset=utf-8" },
	{ ".woff2", "font/woff2" },
};

static const char *
type_of(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		size_t suffix_len = strlen(types[i].suffix);

		if (len > suffix_len && strcmp(name + len - suffix_len, types[i].suffix) == 0)
			return types[i].type;
	}
	return NULL;
}

static bool
read_file(const char *name, size_t size, Asset *asset)
{
	FILE *file = fopen(name, "rb");
	bool good;

	if (!file)
		return false;
	asset->bytes = allocate(size + 1);
	asset->len = fread(asset->bytes, 1, size, file);
	good = asset->len == size && !ferror(file);
	fclose(file);
	return good;
}

static void
put_version(Asset *asset)
{
	static const char mark[] = "@VERSION@";
	const char *at = strstr(asset->bytes, mark);
	Text text = { 0 };

	if (!at)
		return;
	text_add_bytes(&text, asset->bytes, (size_t) (at - asset->bytes));
	text_add(&text, SHIM_VERSION);
	text_add(&text, at + strlen(mark));
	free(asset->bytes);
	asset->bytes = text.data;
	asset->len = text.len;
}

/* The first 16 bytes of SHA-256, in hex. */
static bool
put_etag(Asset *asset)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t len = 0;

	if (!EVP_Q_digest(NULL, "SHA256", NULL, asset->bytes, asset->len, hash, &len))
		return false;
	for (int i = 0; i < 16; i++)
		snprintf(asset->etag + (ptrdiff_t) 2 * i, 3, "%02x", hash[i]);
	return true;
}

static void
put_gzipped(Asset *asset)
{
	Text gzipped = { 0 };

	if (!gzip(asset->bytes, asset->len, SMALLEST, &gzipped))
		return;
	asset->gzipped = gzipped.data;
	asset->gzipped_len = gzipped.len;
}

static bool
add_asset(const char *name, const char *path, size_t size)
{
	Asset *asset = &assets[nassets];

	if (nassets == MAX_ASSETS || size > MAX_ASSET_BYTES)
	{
		log_message("error", "too many or too large files in the web folder");
		return false;
	}
	asset->path = copy_string(path);
	asset->type = type_of(path);
	if (!read_file(name, size, asset))
	{
		log_message("error", "%s cannot be read: %s", name, strerror(errno));
		return false;
	}
	if (strstr(asset->type, "json"))
		put_version(asset);
	nassets++;
	put_gzipped(asset);
	return put_etag(asset);
}

/* Hidden files and those of unknown types are left out. */
static bool
read_folder(const char *folder, const char *path)
{
	DIR *dir = opendir(folder);
	bool good = dir != NULL;

	if (!dir)
		log_message("error", "the web folder %s cannot be read: %s", folder, strerror(errno));
	/* one thread is there as yet */
	// cppcheck-suppress readdirCalled
	for (struct dirent *entry; good && (entry = readdir(dir));)
	{
		char name[MAX_PATH];
		char url[MAX_PATH];
		struct stat stat_of;

		if (entry->d_name[0] == '.' ||
			snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name) >= (int) sizeof(name) ||
			snprintf(url, sizeof(url), "%s/%s", path, entry->d_name) >= (int) sizeof(url) ||
			stat(name, &stat_of) != 0)
			continue;
		if (S_ISDIR(stat_of.st_mode))
			good = read_folder(name, url);
		else if (S_ISREG(stat_of.st_mode) && type_of(url))
			good = add_asset(name, url, (size_t) stat_of.st_size);
	}
	if (dir)
		closedir(dir);
	return good;
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(((const Asset *) a)->path, ((const Asset *) b)->path);
}

static bool
is_below(const char *path, const char *folder)
{
	return strncmp(path, folder, strlen(folder)) == 0;
}

/* The hash of all assets of the pages, names and contents. */
static bool
make_folder_url(void)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t len = 0;
	Text all = { 0 };
	bool good;

	for (int i = 0; i < nassets; i++)
		if (is_below(assets[i].path, HASHED))
			text_addf(&all, "%s %s\n", assets[i].path, assets[i].etag);
	good = EVP_Q_digest(NULL, "SHA256", NULL, all.data ? all.data : "", all.len, hash, &len);
	text_free(&all);
	snprintf(folder_url, sizeof(folder_url), "%s", HASHED);
	for (int i = 0; good && i < HASH_DIGITS / 2; i++)
		snprintf(folder_url + strlen(HASHED) + (ptrdiff_t) 2 * i, 3, "%02x", hash[i]);
	return good;
}

bool
assets_start(const char *folder)
{
	if (!read_folder(folder, ""))
		return false;
	/* a folder's order is the file system's own */
	qsort(assets, (size_t) nassets, sizeof(assets[0]), compare_paths);
	return make_folder_url();
}

const char *
assets_folder(void)
{
	return folder_url;
}

const Asset *
asset_number(int i)
{
	return i < nassets ? &assets[i] : NULL;
}

/* The path of the file of /assets/HASH/...; false if it is not of that form. */
static bool
without_hash(const char *path, char *plain, size_t size)
{
	const char *hash = path + strlen(HASHED);

	return strspn(hash, "0123456789abcdef") == HASH_DIGITS && hash[HASH_DIGITS] == '/' &&
		   snprintf(plain, size, HASHED "%s", hash + HASH_DIGITS + 1) < (int) size;
}

const Asset *
asset_find(const char *path, bool *is_immutable)
{
	char plain[MAX_PATH];

	*is_immutable = is_below(path, folder_url);
	if (is_below(path, TEMPLATES))
		return NULL;
	if (is_below(path, HASHED))
	{
		if (!without_hash(path, plain, sizeof(plain)))
			return NULL;
		path = plain;
	}
	for (int i = 0; i < nassets; i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}
