/*
 * Signatures of webhooks; what they are is in signature.h.
 */
#include "pure/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX_LENGTH (sizeof(SIGNATURE_SECRET_PREFIX) - 1)
#define MIN_SECRET_LENGTH 8
#define MAX_SECRET_LENGTH 200
#define MIN_KEY_BYTES 24
#define MAX_KEY_BYTES 64
/* a timestamp with the dot behind it */
#define MAX_TIMESTAMP_LENGTH 22

static bool
has_prefix(const char *secret)
{
	return strncmp(secret, SIGNATURE_SECRET_PREFIX, PREFIX_LENGTH) == 0;
}

/* Characters of UTF-8: bytes that do not continue one. */
static size_t
count_characters(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char) *text & 0xc0) != 0x80;
	return n;
}

/* The key that stands behind the prefix. */
static bool
decode_key(const char *secret, uint8_t key[MAX_KEY_BYTES], size_t *len)
{
	const char *text = secret + PREFIX_LENGTH;

	return base64_decode(text, strlen(text), key, MAX_KEY_BYTES, len) && *len >= MIN_KEY_BYTES;
}

const char *
signature_secret_problem(const char *secret)
{
	size_t length = count_characters(secret);
	uint8_t key[MAX_KEY_BYTES];
	bool is_key;

	if (length < MIN_SECRET_LENGTH || length > MAX_SECRET_LENGTH)
		return "must have from 8 to 200 characters";
	if (!has_prefix(secret))
		return NULL;
	is_key = decode_key(secret, key, &length);
	crypto_forget(key, sizeof(key));
	return is_key ? NULL : "must have base64 of 24 to 64 bytes after whsec_";
}

bool
signature_new_secret(char secret[SIGNATURE_NEW_SECRET_LENGTH + 1])
{
	uint8_t key[SIGNATURE_NEW_SECRET_BYTES];

	if (!crypto_random(key, sizeof(key)))
		return false;
	memcpy(secret, SIGNATURE_SECRET_PREFIX, PREFIX_LENGTH);
	base64_encode(key, sizeof(key), secret + PREFIX_LENGTH);
	crypto_forget(key, sizeof(key));
	return true;
}

bool
signature_opencalendly(const char *secret, int64_t timestamp, const void *body, size_t body_length,
					   char out[SIGNATURE_OPENCALENDLY_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t mac[CRYPTO_HASH_BYTES];
	char time[MAX_TIMESTAMP_LENGTH + 1];
	int time_length = snprintf(time, sizeof(time), "%" PRId64 ".", timestamp);
	CryptoPiece pieces[] = { { time, (size_t) time_length }, { body, body_length } };

	if (!crypto_hmac_pieces(secret, strlen(secret), pieces, 2, mac))
		return false;
	for (size_t i = 0; i < sizeof(mac); i++)
	{
		*out++ = digits[mac[i] >> 4];
		*out++ = digits[mac[i] & 15];
	}
	*out = '\0';
	return true;
}

bool
signature_standard(const char *secret, const char *id, int64_t timestamp, const void *body,
				   size_t body_length, char out[SIGNATURE_STANDARD_LENGTH + 1])
{
	uint8_t decoded[MAX_KEY_BYTES];
	const void *key = secret;
	size_t key_length = strlen(secret);
	uint8_t mac[CRYPTO_HASH_BYTES];
	char time[MAX_TIMESTAMP_LENGTH + 2];
	int time_length = snprintf(time, sizeof(time), ".%" PRId64 ".", timestamp);
	CryptoPiece pieces[] = { { id, strlen(id) },
							 { time, (size_t) time_length },
							 { body, body_length } };
	bool done = true;

	if (has_prefix(secret))
	{
		done = decode_key(secret, decoded, &key_length);
		key = decoded;
	}
	done = done && crypto_hmac_pieces(key, key_length, pieces, 3, mac);
	crypto_forget(decoded, sizeof(decoded));
	if (done)
		base64_encode(mac, sizeof(mac), out);
	return done;
}
