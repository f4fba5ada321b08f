/*
 * The secret key file, the link tokens that are derived from it, and the secrets that rest in tables sealed under it.
 *
 * The file that opencalendly.secret_key_file names has one key a line: an id (1 to 2147483647), a space and 64 hex
 * digits; empty lines and lines that begin with # are skipped. The last line's key is in use, earlier ones still verify
 * the links that were made with them and open what was sealed under them. It must belong to the server's user or root and be closed to all others. It is
 * read again when it has changed, so a rotation needs no restart.
 */
#ifndef OPENCALENDLY_KEYS_H
#define OPENCALENDLY_KEYS_H

#include "compat.h"
#include "pure/crypto.h"
#include "utils/uuid.h"

/* The id of the key in use; raises OC011 without a usable key file. */
extern int32 keys_active_id(void);

/* A link's token, palloc'ed; raises OC011 if the key is not in the file. */
extern char *keys_link_token(LinkAction action, const pg_uuid_t *id, int32 key_id);

/*
 * Reads and proves a token; raises OC003 if it is not one of ours, OC011 without a usable key file. A link of one purpose
 * is never taken for one of another.
 */
extern Link keys_read_booking_link(const char *token);
extern Link keys_read_login_link(const char *token);

/* The id that a token of LINK_CONNECT proves; false if it is not one of ours. Raises OC011 without a usable key file. */
extern bool keys_read_calendar_state(const char *token, pg_uuid_t *id);

/* The verifier of PKCE that belongs to an id, palloc'ed; raises OC011 if the key is not in the file. */
extern char *keys_pkce_verifier(const pg_uuid_t *id, int32 key_id);

/*
 * A secret text as it rests in a row of a table, palloc'ed:
 *   key id (4 bytes, big endian) | nonce (12) | ciphertext | tag (16)
 * under the key in use. It can be opened for that table and row alone. Raises OC011 without a usable key file.
 */
extern bytea *keys_seal(const char *table, const pg_uuid_t *row, const char *plain);

/*
 * The text that was sealed for this table and row, palloc'ed; whoever is done with it forgets it. Raises OC011 if the key
 * is not in the file, ERRCODE_DATA_CORRUPTED if it is not what was sealed.
 */
extern char *keys_unseal(const char *table, const pg_uuid_t *row, const bytea *sealed);

/*
 * The first line of a file of that name beside the secret key file, such as a mail server's password, palloc'ed; whoever is
 * done with it forgets it. It must be closed to others as the key file is. Raises OC011 without such a file.
 */
extern char *keys_read_secret(const char *name);

#endif
