/*
 * What webhooks are signed with, so that a receiver knows who sent them and when. Each delivery carries two signatures
 * of one secret: the product's own (docs/webhooks.md) and that of Standard Webhooks 1.0.0. A signature holds for its
 * timestamp, in Unix seconds, so every attempt is signed anew.
 */
#ifndef OPENCALENDLY_SIGNATURE_H
#define OPENCALENDLY_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pure/crypto.h"

/* What a secret begins with that is base64 of the key of Standard Webhooks; others are that key themselves. */
#define SIGNATURE_SECRET_PREFIX "whsec_"

/* Characters of a signature, the final NUL not counted. */
#define SIGNATURE_OPENCALENDLY_LENGTH (2 * CRYPTO_HASH_BYTES)
#define SIGNATURE_STANDARD_LENGTH BASE64_LENGTH(CRYPTO_HASH_BYTES)

/* Characters of a secret that signature_new_secret makes. */
#define SIGNATURE_NEW_SECRET_BYTES 32
#define SIGNATURE_NEW_SECRET_LENGTH \
	(sizeof(SIGNATURE_SECRET_PREFIX) - 1 + BASE64_LENGTH((size_t) SIGNATURE_NEW_SECRET_BYTES))

/* What is wrong with a secret (UTF-8) that a user gives, to be said behind the field's name; NULL = it can be used. */
extern const char *signature_secret_problem(const char *secret);

/* Writes a random secret and a NUL. */
extern bool signature_new_secret(char secret[SIGNATURE_NEW_SECRET_LENGTH + 1]);

/*
 * Hex HMAC-SHA256 of "timestamp.body" and a NUL; the key is the secret's whole text, its prefix included. False if it
 * cannot be computed.
 */
extern bool signature_opencalendly(const char *secret, int64_t timestamp, const void *body,
								   size_t body_length, char out[SIGNATURE_OPENCALENDLY_LENGTH + 1]);

/*
 * Base64 HMAC-SHA256 of "id.timestamp.body" and a NUL; the key is the bytes that the secret's base64 stands for, without
 * the prefix the secret's text. In the header, "v1," goes before it. False if it cannot be computed or the secret is not
 * valid.
 */
extern bool signature_standard(const char *secret, const char *id, int64_t timestamp,
							   const void *body, size_t body_length,
							   char out[SIGNATURE_STANDARD_LENGTH + 1]);

#endif
