/*
 * The secret key file; the words are in keys.h. Only the keys derived for links are kept in memory.
 */
#include "data/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "errors.h"
#include "settings.h"
#include "storage/fd.h"

#define MAX_KEYS 64
#define MAX_LINE 256
#define LINK_PURPOSE "opencalendly link v1"

typedef struct LinkKey
{
	int32 id;
	uint8_t key[CRYPTO_KEY_BYTES];
} LinkKey;

static LinkKey link_keys[MAX_KEYS];
static int nlink_keys = 0;
static struct stat loaded_file;

static void raise_unusable(const char *why) pg_attribute_noreturn();

static void
raise_unusable(const char *why)
{
	nlink_keys = 0;
	ereport(
		ERROR, errcode(ERRCODE_OC_SETTING_MISSING), errmsg("secret key file cannot be used"),
		errdetail("%s", why),
		errhint(
			"Set opencalendly.secret_key_file to a file of mode 0600 that belongs to the server's user; "
			"it has a line \"1 \" and 64 hex digits."));
}

/* "id hexdigits" -> the key for links; false if the line is not of that form. */
static bool
parse_line(char *line, LinkKey *out)
{
	uint8_t master[CRYPTO_KEY_BYTES];
	char *hex;
	long id = strtol(line, &hex, 10);
	bool done;

	if (id < 1 || id > PG_INT32_MAX || *hex != ' ' || !crypto_key_from_hex(hex + 1, master))
		return false;
	out->id = (int32) id;
	done = crypto_derive_key(master, LINK_PURPOSE, out->key);
	crypto_forget(master, sizeof(master));
	return done;
}

static bool
read_lines(FILE *file)
{
	char line[MAX_LINE];
	bool good = true;

	nlink_keys = 0;
	while (good && fgets(line, sizeof(line), file))
	{
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		good = nlink_keys < MAX_KEYS && parse_line(line, &link_keys[nlink_keys]);
		if (good)
			nlink_keys++;
	}
	crypto_forget(line, sizeof(line));
	return good && nlink_keys > 0;
}

static bool
is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		   a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		   a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* As for the server's TLS key: its own file of mode 0600, or root's of 0640. */
static bool
is_closed_to_others(const struct stat *file)
{
	mode_t forbidden = S_IRWXO | S_IWGRP | S_IXGRP;

	if (file->st_uid != 0)
		forbidden |= S_IRGRP;
	return S_ISREG(file->st_mode) && (file->st_uid == geteuid() || file->st_uid == 0) &&
		   (file->st_mode & forbidden) == 0;
}

static void
load_keys(void)
{
	struct stat now;
	FILE *file;
	bool good;

	if (!settings_secret_key_file || !*settings_secret_key_file)
		raise_unusable("opencalendly.secret_key_file is not set.");
	if (stat(settings_secret_key_file, &now) != 0)
		raise_unusable("It cannot be found.");
	if (nlink_keys > 0 && is_same_file(&now, &loaded_file))
		return;
	if (!S_ISREG(now.st_mode))
		raise_unusable("It is not a plain file.");
	file = AllocateFile(settings_secret_key_file, "r");
	if (!file || fstat(fileno(file), &now) != 0)
		raise_unusable("It cannot be opened.");
	if (!is_closed_to_others(&now))
		raise_unusable("It is not a file that is closed to others.");
	good = read_lines(file);
	FreeFile(file);
	if (!good)
		raise_unusable(
			"A line of it is not an id and 64 hex digits, or it has none or too many keys.");
	loaded_file = now;
}

static const LinkKey *
find_key(int32 id)
{
	for (int i = nlink_keys - 1; i >= 0; i--)
		if (link_keys[i].id == id)
			return &link_keys[i];
	return NULL;
}

int32
keys_active_id(void)
{
	load_keys();
	return link_keys[nlink_keys - 1].id;
}

char *
keys_link_token(LinkAction action, const pg_uuid_t *id, int32 key_id)
{
	Link link = { .action = action, .key_id = (uint32_t) key_id };
	char *token = palloc(LINK_TOKEN_LENGTH + 1);
	const LinkKey *key;

	load_keys();
	key = find_key(key_id);
	if (!key)
		raise_unusable(psprintf("It has no key %d, from which this link was made.", key_id));
	memcpy(link.id, id->data, UUID_LEN);
	if (!link_encode(&link, key->key, token))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a link"));
	return token;
}

static Link
read_link(const char *token, bool logs_in)
{
	Link link;
	const LinkKey *key = NULL;

	load_keys();
	if (link_decode(token, strlen(token), &link) && (link.action == LINK_LOGIN) == logs_in)
		key = find_key((int32) link.key_id);
	if (!key || !link_is_genuine(token, strlen(token), key->key))
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token is invalid"));
	return link;
}

Link
keys_read_booking_link(const char *token)
{
	return read_link(token, false);
}

Link
keys_read_login_link(const char *token)
{
	return read_link(token, true);
}
