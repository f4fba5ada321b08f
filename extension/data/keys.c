/*
 * The secret key file; the words are in keys.h. Only the keys derived for one purpose each are kept in memory.
 */
#include "data/keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "data/values.h"
#include "errors.h"
#include "settings.h"
#include "storage/fd.h"

#define MAX_KEYS 64
#define MAX_LINE 256
#define LINK_PURPOSE "opencalendly link v1"
#define SEAL_PURPOSE "opencalendly seal v1"
#define PKCE_PURPOSE "opencalendly pkce v1"
#define KEY_ID_BYTES 4

typedef struct Key
{
	int32 id;
	uint8_t link[CRYPTO_KEY_BYTES];
	uint8_t seal[CRYPTO_KEY_BYTES];
	uint8_t pkce[CRYPTO_KEY_BYTES];
} Key;

static Key keys[MAX_KEYS];
static int nkeys = 0;
static struct stat loaded_file;

static void raise_unusable(const char *why) pg_attribute_noreturn();

static void
raise_unusable(const char *why)
{
	nkeys = 0;
	ereport(
		ERROR, errcode(ERRCODE_OC_SETTING_MISSING), errmsg("secret key file cannot be used"),
		errdetail("%s", why),
		errhint(
			"Set opencalendly.secret_key_file to a file of mode 0600 that belongs to the server's user; "
			"it has a line \"1 \" and 64 hex digits."));
}

/* "id hexdigits" -> the keys derived from it; false if the line is not of that form. */
static bool
parse_line(char *line, Key *out)
{
	uint8_t master[CRYPTO_KEY_BYTES];
	char *hex;
	long id = strtol(line, &hex, 10);
	bool done;

	if (id < 1 || id > PG_INT32_MAX || *hex != ' ' || !crypto_key_from_hex(hex + 1, master))
		return false;
	out->id = (int32) id;
	done = crypto_derive_key(master, LINK_PURPOSE, out->link) &&
		   crypto_derive_key(master, SEAL_PURPOSE, out->seal) &&
		   crypto_derive_key(master, PKCE_PURPOSE, out->pkce);
	crypto_forget(master, sizeof(master));
	return done;
}

static bool
read_lines(FILE *file)
{
	char line[MAX_LINE];
	bool good = true;

	nkeys = 0;
	while (good && fgets(line, sizeof(line), file))
	{
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		good = nkeys < MAX_KEYS && parse_line(line, &keys[nkeys]);
		if (good)
			nkeys++;
	}
	crypto_forget(line, sizeof(line));
	return good && nkeys > 0;
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
	bool is_closed;
	bool good;

	if (!settings_secret_key_file || !*settings_secret_key_file)
		raise_unusable("opencalendly.secret_key_file is not set.");
	if (stat(settings_secret_key_file, &now) != 0)
		raise_unusable("It cannot be found.");
	if (nkeys > 0 && is_same_file(&now, &loaded_file))
		return;
	if (!S_ISREG(now.st_mode))
		raise_unusable("It is not a plain file.");
	file = AllocateFile(settings_secret_key_file, "r");
	if (!file)
		raise_unusable("It cannot be opened.");
	is_closed = fstat(fileno(file), &now) == 0 && is_closed_to_others(&now);
	good = is_closed && read_lines(file);
	FreeFile(file);
	if (!is_closed)
		raise_unusable("It is not a file that is closed to others.");
	if (!good)
		raise_unusable(
			"A line of it is not an id and 64 hex digits, or it has none or too many keys.");
	loaded_file = now;
}

static const Key *
find_key(int32 id)
{
	for (int i = nkeys - 1; i >= 0; i--)
		if (keys[i].id == id)
			return &keys[i];
	return NULL;
}

/* The key of an id; raises OC011 without it. "for_what" ends a sentence: "It has no key 7, ...". */
static const Key *
need_key(int32 id, const char *for_what)
{
	const Key *key;

	load_keys();
	key = find_key(id);
	if (!key)
		raise_unusable(psprintf("It has no key %d, %s.", id, for_what));
	return key;
}

static const Key *
active_key(void)
{
	load_keys();
	return &keys[nkeys - 1];
}

int32
keys_active_id(void)
{
	return active_key()->id;
}

char *
keys_link_token(LinkAction action, const pg_uuid_t *id, int32 key_id)
{
	Link link = { .action = action, .key_id = (uint32_t) key_id };
	const Key *key = need_key(key_id, "from which this link was made");
	char *token = palloc(LINK_TOKEN_LENGTH + 1);

	memcpy(link.id, id->data, UUID_LEN);
	if (!link_encode(&link, key->link, token))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a link"));
	return token;
}

/* Whether the token is ours, with an action from one to another. */
static bool
is_link(const char *token, LinkAction first, LinkAction last, Link *link)
{
	const Key *key = NULL;

	load_keys();
	if (link_decode(token, strlen(token), link) && link->action >= first && link->action <= last)
		key = find_key((int32) link->key_id);
	return key && link_is_genuine(token, strlen(token), key->link);
}

static Link
read_link(const char *token, LinkAction first, LinkAction last)
{
	Link link;

	if (!is_link(token, first, last, &link))
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token is invalid"));
	return link;
}

Link
keys_read_booking_link(const char *token)
{
	return read_link(token, LINK_CANCEL, LINK_RESCHEDULE);
}

Link
keys_read_login_link(const char *token)
{
	return read_link(token, LINK_LOGIN, LINK_LOGIN);
}

bool
keys_read_calendar_state(const char *token, pg_uuid_t *id)
{
	Link link;

	if (!is_link(token, LINK_CONNECT, LINK_CONNECT, &link))
		return false;
	memcpy(id->data, link.id, UUID_LEN);
	return true;
}

char *
keys_pkce_verifier(const pg_uuid_t *id, int32 key_id)
{
	const Key *key = need_key(key_id, "from which this verifier was made");
	char *verifier = palloc(PKCE_LENGTH + 1);

	if (!pkce_verifier(key->pkce, id->data, verifier))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a verifier"));
	return verifier;
}

/* "table|row|key id", palloc'ed: what is sealed for one row cannot be opened in another, nor under another key's id. */
static char *
seal_place(const char *table, const pg_uuid_t *row, int32 key_id)
{
	return psprintf("%s|%s|%d", table, id_text(row), key_id);
}

bytea *
keys_seal(const char *table, const pg_uuid_t *row, const char *plain)
{
	const Key *key = active_key();
	char *place = seal_place(table, row, key->id);
	size_t len = strlen(plain);
	Size size = VARHDRSZ + KEY_ID_BYTES + len + CRYPTO_SEAL_OVERHEAD;
	bytea *sealed = palloc(size);
	uint8_t *data = (uint8_t *) VARDATA(sealed);

	SET_VARSIZE(sealed, size);
	for (int i = 0; i < KEY_ID_BYTES; i++)
		data[i] = (uint8_t) ((uint32) key->id >> (24 - 8 * i));
	if (!crypto_seal(key->seal, place, strlen(place), plain, len, data + KEY_ID_BYTES))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not seal a secret"));
	pfree(place);
	return sealed;
}

static void raise_not_sealed_here(const char *table, const pg_uuid_t *row) pg_attribute_noreturn();

static void
raise_not_sealed_here(const char *table, const pg_uuid_t *row)
{
	ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED), errmsg("sealed secret cannot be opened"),
			errdetail("It was not sealed for row %s of %s with this key.", id_text(row), table));
}

char *
keys_unseal(const char *table, const pg_uuid_t *row, const bytea *sealed)
{
	const uint8_t *data = (const uint8_t *) VARDATA_ANY(sealed);
	size_t len = VARSIZE_ANY_EXHDR(sealed);
	const Key *key;
	char *place;
	char *plain;
	uint32 id = 0;

	if (len < KEY_ID_BYTES + CRYPTO_SEAL_OVERHEAD)
		raise_not_sealed_here(table, row);
	for (int i = 0; i < KEY_ID_BYTES; i++)
		id = (id << 8) | data[i];
	key = need_key((int32) id, "under which this secret was sealed");
	place = seal_place(table, row, (int32) id);
	len -= KEY_ID_BYTES;
	plain = palloc0(len - CRYPTO_SEAL_OVERHEAD + 1);
	if (!crypto_open(key->seal, place, strlen(place), data + KEY_ID_BYTES, len, plain))
		raise_not_sealed_here(table, row);
	pfree(place);
	return plain;
}

/* --- secrets in files of their own ----------------------------------------------------------------------------------- */

static char *
path_beside_key_file(const char *name)
{
	const char *slash;

	if (!settings_secret_key_file || !*settings_secret_key_file)
		raise_unusable("opencalendly.secret_key_file is not set.");
	slash = strrchr(settings_secret_key_file, '/');
	if (!slash)
		return pstrdup(name);
	return psprintf("%.*s/%s", (int) (slash - settings_secret_key_file), settings_secret_key_file,
					name);
}

char *
keys_read_secret(const char *name)
{
	char *path = path_beside_key_file(name);
	FILE *file = AllocateFile(path, "r");
	char line[MAX_LINE] = "";
	struct stat now;
	const char *problem = NULL;
	char *secret;

	if (!file)
		problem = "It cannot be opened.";
	else if (fstat(fileno(file), &now) != 0 || !is_closed_to_others(&now))
		problem = "It is not a file that is closed to others.";
	else if (!fgets(line, sizeof(line), file) || strcspn(line, "\r\n") == 0)
		problem = "Its first line is empty.";
	else if (strlen(line) == sizeof(line) - 1)
		problem = "Its first line is too long.";
	if (file)
		FreeFile(file);
	line[strcspn(line, "\r\n")] = '\0';
	secret = pstrdup(line);
	crypto_forget(line, sizeof(line));
	if (problem)
		ereport(ERROR, errcode(ERRCODE_OC_SETTING_MISSING),
				errmsg("the file \"%s\" cannot be used", name), errdetail("%s", problem),
				errhint("It belongs beside the secret key file, with mode 0600; the server's user "
						"must own it."));
	return secret;
}
