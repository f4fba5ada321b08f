/*
 * What the engine needs of cryptography, over OpenSSL: SHA-256, HMAC, HKDF, AES-256-GCM, random bytes, base64 and
 * base64url, UUIDv7, the tokens that links carry, and PKCE. Functions that can fail return false and leave no secret behind.
 */
#ifndef OPENCALENDLY_CRYPTO_H
#define OPENCALENDLY_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRYPTO_KEY_BYTES 32
#define CRYPTO_HASH_BYTES 32

/* SHA-256 (FIPS 180-4) of len bytes. */
extern bool crypto_sha256(const void *data, size_t len, uint8_t hash[CRYPTO_HASH_BYTES]);

/* HMAC-SHA256 (RFC 2104). */
extern bool crypto_hmac(const uint8_t key[CRYPTO_KEY_BYTES], const void *data, size_t len,
						uint8_t mac[CRYPTO_HASH_BYTES]);

/* The same under a key of any length, of pieces that follow one another. */
typedef struct CryptoPiece
{
	const void *data;
	size_t len;
} CryptoPiece;

extern bool crypto_hmac_pieces(const void *key, size_t key_length, const CryptoPiece *pieces,
							   int npieces, uint8_t mac[CRYPTO_HASH_BYTES]);

/* HKDF-SHA256 (RFC 5869) without salt: the key for one purpose, out of a master key. */
extern bool crypto_derive_key(const uint8_t master[CRYPTO_KEY_BYTES], const char *purpose,
							  uint8_t key[CRYPTO_KEY_BYTES]);

/*
 * AES-256-GCM (NIST SP 800-38D) under a random nonce: len bytes become
 *   nonce (12 bytes) | ciphertext (len) | tag (16)
 * aad is not in there; who opens it must say the same. Neither may have more than CRYPTO_SEAL_MAX bytes.
 */
#define CRYPTO_SEAL_NONCE_BYTES 12
#define CRYPTO_SEAL_TAG_BYTES 16
#define CRYPTO_SEAL_OVERHEAD (CRYPTO_SEAL_NONCE_BYTES + CRYPTO_SEAL_TAG_BYTES)
#define CRYPTO_SEAL_MAX (1 << 30)

/* Writes len + CRYPTO_SEAL_OVERHEAD bytes. */
extern bool crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *aad, size_t aad_length,
						const void *plain, size_t len, uint8_t *out);

/* Writes len - CRYPTO_SEAL_OVERHEAD bytes; false if it was not sealed so, or with another key or aad. */
extern bool crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const void *aad, size_t aad_length,
						const uint8_t *sealed, size_t len, void *out);

extern bool crypto_random(void *out, size_t len);

/* Compares in constant time. */
extern bool crypto_equal(const void *a, const void *b, size_t len);

/* Reads a key of exactly 64 hex digits; false if the text is none. */
extern bool crypto_key_from_hex(const char *text, uint8_t key[CRYPTO_KEY_BYTES]);

/* Overwrites a secret. */
extern void crypto_forget(void *secret, size_t len);

/* base64 with padding (RFC 4648, section 4). Characters for len bytes, the final NUL not counted: */
#define BASE64_LENGTH(len) (((len) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(len) characters and a NUL. */
extern void base64_encode(const uint8_t *data, size_t len, char *text);

/*
 * Reads up to room bytes out of textlen characters, and tells how many. The padding may be left out as a whole; false
 * for any other length, character or stray bit, or more bytes than there is room for.
 */
extern bool base64_decode(const char *text, size_t textlen, uint8_t *data, size_t room,
						  size_t *len);

/* base64url without padding (RFC 4648, section 5). Characters for len bytes, the final NUL not counted: */
#define BASE64URL_LENGTH(len) ((8 * (len) + 5) / 6)

/* Writes BASE64URL_LENGTH(len) characters and a NUL. */
extern void base64url_encode(const uint8_t *data, size_t len, char *text);

/* Exactly len bytes out of textlen characters; false for any other length, character or stray bit. */
extern bool base64url_decode(const char *text, size_t textlen, uint8_t *data, size_t len);

/* UUID version 7 (RFC 9562, 5.7): unix_ms, 12 bits of sub_ms (fraction of the millisecond in 1/4096), 62 random bits. */
extern bool uuid_v7(uint64_t unix_ms, unsigned sub_ms, uint8_t uuid[16]);

/* A random token for a hold or a session. */
#define RANDOM_TOKEN_BYTES 32
#define RANDOM_TOKEN_LENGTH BASE64URL_LENGTH(RANDOM_TOKEN_BYTES)

/*
 * A link's token is derived, not stored: base64url of
 *   version (1 byte) | action (1) | key id (4, big endian) | id (16) | HMAC-SHA256 of all that (32)
 * The id is a booking's, or that of the row in login_links or, as the state that a provider of calendars hands back, in
 * calendar_consents.
 */
#define LINK_VERSION 1
#define LINK_TOKEN_BYTES 54
#define LINK_TOKEN_LENGTH BASE64URL_LENGTH(LINK_TOKEN_BYTES)

typedef enum LinkAction
{
	LINK_CANCEL = 1,
	LINK_RESCHEDULE = 2,
	LINK_LOGIN = 3,
	LINK_CONNECT = 4
} LinkAction;

typedef struct Link
{
	LinkAction action;
	uint32_t key_id;
	uint8_t id[16];
} Link;

/* Writes LINK_TOKEN_LENGTH characters and a NUL. */
extern bool link_encode(const Link *link, const uint8_t key[CRYPTO_KEY_BYTES], char *token);

/* Reads a token's claims, unproven; false if it has not the form of one. Then prove them with link_is_genuine. */
extern bool link_decode(const char *token, size_t len, Link *link);

/* Whether the token was made with the key. */
extern bool link_is_genuine(const char *token, size_t len, const uint8_t key[CRYPTO_KEY_BYTES]);

/*
 * PKCE (RFC 7636): the verifier, base64url of HMAC-SHA256 of an id, so that it can be made again, and its challenge by
 * method S256, base64url of the verifier's SHA-256. Each writes PKCE_LENGTH characters and a NUL.
 */
#define PKCE_LENGTH BASE64URL_LENGTH(CRYPTO_HASH_BYTES)

extern bool pkce_verifier(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t id[16],
						  char *verifier);
extern bool pkce_challenge(const char *verifier, char *challenge);

#endif
