/*
 * Cryptography over OpenSSL 3; what each function promises is in crypto.h.
 */
#include "pure/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#define LINK_SIGNED_BYTES (LINK_TOKEN_BYTES - CRYPTO_HASH_BYTES)

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool
crypto_sha256(const void *data, size_t len, uint8_t hash[CRYPTO_HASH_BYTES])
{
	return EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL) == 1;
}

bool
crypto_hmac(const uint8_t key[CRYPTO_KEY_BYTES], const void *data, size_t len,
			uint8_t mac[CRYPTO_HASH_BYTES])
{
	return HMAC(EVP_sha256(), key, CRYPTO_KEY_BYTES, data, len, mac, NULL) != NULL;
}

/* The fetched algorithm is kept: looking it up costs more than a short message's HMAC. */
static EVP_MAC_CTX *
new_hmac(const void *key, size_t key_length)
{
	static EVP_MAC *hmac = NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
							OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx;

	if (!hmac)
		hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	if (ctx && EVP_MAC_init(ctx, key, key_length, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

bool
crypto_hmac_pieces(const void *key, size_t key_length, const CryptoPiece *pieces, int npieces,
				   uint8_t mac[CRYPTO_HASH_BYTES])
{
	EVP_MAC_CTX *ctx = new_hmac(key, key_length);
	bool done = ctx != NULL;
	size_t len = 0;

	for (int i = 0; done && i < npieces; i++)
		done = EVP_MAC_update(ctx, pieces[i].data, pieces[i].len) == 1;
	done = done && EVP_MAC_final(ctx, mac, &len, CRYPTO_HASH_BYTES) == 1;
	EVP_MAC_CTX_free(ctx);
	return done;
}

bool
crypto_derive_key(const uint8_t master[CRYPTO_KEY_BYTES], const char *purpose,
				  uint8_t key[CRYPTO_KEY_BYTES])
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) master, CRYPTO_KEY_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *) purpose, strlen(purpose)),
		OSSL_PARAM_construct_end()
	};
	bool done = ctx && EVP_KDF_derive(ctx, key, CRYPTO_KEY_BYTES, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return done;
}

bool
crypto_seal(const uint8_t key[CRYPTO_KEY_BYTES], const void *aad, size_t aad_length,
			const void *plain, size_t len, uint8_t *out)
{
	uint8_t *ciphertext = out + CRYPTO_SEAL_NONCE_BYTES;
	EVP_CIPHER_CTX *ctx;
	int n = 0;
	bool done;

	if (aad_length > CRYPTO_SEAL_MAX || len > CRYPTO_SEAL_MAX ||
		!crypto_random(out, CRYPTO_SEAL_NONCE_BYTES))
		return false;
	ctx = EVP_CIPHER_CTX_new();
	done = ctx && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
		   EVP_EncryptUpdate(ctx, NULL, &n, aad, (int) aad_length) == 1 &&
		   EVP_EncryptUpdate(ctx, ciphertext, &n, plain, (int) len) == 1 &&
		   EVP_EncryptFinal_ex(ctx, ciphertext + len, &n) == 1 &&
		   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, CRYPTO_SEAL_TAG_BYTES,
							   ciphertext + len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return done;
}

bool
crypto_open(const uint8_t key[CRYPTO_KEY_BYTES], const void *aad, size_t aad_length,
			const uint8_t *sealed, size_t len, void *out)
{
	const uint8_t *ciphertext = sealed + CRYPTO_SEAL_NONCE_BYTES;
	uint8_t tag[CRYPTO_SEAL_TAG_BYTES];
	EVP_CIPHER_CTX *ctx;
	size_t plain_length;
	int n = 0;
	bool done;

	if (aad_length > CRYPTO_SEAL_MAX || len < CRYPTO_SEAL_OVERHEAD ||
		len - CRYPTO_SEAL_OVERHEAD > CRYPTO_SEAL_MAX)
		return false;
	plain_length = len - CRYPTO_SEAL_OVERHEAD;
	memcpy(tag, ciphertext + plain_length, sizeof(tag));
	ctx = EVP_CIPHER_CTX_new();
	done = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
		   EVP_DecryptUpdate(ctx, NULL, &n, aad, (int) aad_length) == 1 &&
		   EVP_DecryptUpdate(ctx, out, &n, ciphertext, (int) plain_length) == 1 &&
		   EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, sizeof(tag), tag) == 1 &&
		   EVP_DecryptFinal_ex(ctx, tag, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		crypto_forget(out, plain_length);
	return done;
}

bool
crypto_random(void *out, size_t len)
{
	return RAND_bytes(out, (int) len) == 1;
}

bool
crypto_equal(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

bool
crypto_key_from_hex(const char *text, uint8_t key[CRYPTO_KEY_BYTES])
{
	size_t len = 0;

	if (strlen(text) != (size_t) 2 * CRYPTO_KEY_BYTES)
		return false;
	return OPENSSL_hexstr2buf_ex(key, CRYPTO_KEY_BYTES, &len, text, '\0') == 1 &&
		   len == CRYPTO_KEY_BYTES;
}

void
crypto_forget(void *secret, size_t len)
{
	OPENSSL_cleanse(secret, len);
}

static char *
encode(const uint8_t *data, size_t len, const char *alphabet, char *text)
{
	uint32_t bits = 0;
	int nbits = 0;

	for (size_t i = 0; i < len; i++)
	{
		bits = (bits << 8) | data[i];
		for (nbits += 8; nbits >= 6; nbits -= 6)
			*text++ = alphabet[(bits >> (nbits - 6)) & 63];
	}
	if (nbits > 0)
		*text++ = alphabet[(bits << (6 - nbits)) & 63];
	*text = '\0';
	return text;
}

/* Writes textlen * 6 / 8 bytes; false for a character that is none of the alphabet's, or a stray bit. */
static bool
decode(const char *text, size_t textlen, const char *alphabet, uint8_t *data)
{
	uint32_t bits = 0;
	int nbits = 0;

	for (size_t i = 0; i < textlen; i++)
	{
		const char *digit = text[i] ? strchr(alphabet, text[i]) : NULL;

		if (!digit)
			return false;
		bits = (bits << 6) | (uint32_t) (digit - alphabet);
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			*data++ = (uint8_t) (bits >> nbits);
		}
	}
	return (bits & ((1u << nbits) - 1)) == 0;
}

void
base64_encode(const uint8_t *data, size_t len, char *text)
{
	char *end = encode(data, len, base64_alphabet, text);

	while ((end - text) % 4 != 0)
		*end++ = '=';
	*end = '\0';
}

bool
base64_decode(const char *text, size_t textlen, uint8_t *data, size_t room, size_t *len)
{
	size_t digits = textlen;

	if (textlen % 4 == 0)
		while (digits > 0 && textlen - digits < 2 && text[digits - 1] == '=')
			digits--;
	*len = digits * 6 / 8;
	return digits % 4 != 1 && *len <= room && decode(text, digits, base64_alphabet, data);
}

void
base64url_encode(const uint8_t *data, size_t len, char *text)
{
	(void) encode(data, len, base64url_alphabet, text);
}

bool
base64url_decode(const char *text, size_t textlen, uint8_t *data, size_t len)
{
	return textlen == BASE64URL_LENGTH(len) && decode(text, textlen, base64url_alphabet, data);
}

bool
uuid_v7(uint64_t unix_ms, unsigned sub_ms, uint8_t uuid[16])
{
	for (int i = 0; i < 6; i++)
		uuid[i] = (uint8_t) (unix_ms >> (40 - 8 * i));
	uuid[6] = (uint8_t) (0x70 | ((sub_ms >> 8) & 0x0f));
	uuid[7] = (uint8_t) sub_ms;
	if (!crypto_random(uuid + 8, 8))
		return false;
	uuid[8] = (uint8_t) (0x80 | (uuid[8] & 0x3f));
	return true;
}

bool
link_encode(const Link *link, const uint8_t key[CRYPTO_KEY_BYTES], char *token)
{
	uint8_t raw[LINK_TOKEN_BYTES] = { LINK_VERSION, (uint8_t) link->action };

	for (int i = 0; i < 4; i++)
		raw[2 + i] = (uint8_t) (link->key_id >> (24 - 8 * i));
	memcpy(raw + 6, link->id, sizeof(link->id));
	if (!crypto_hmac(key, raw, LINK_SIGNED_BYTES, raw + LINK_SIGNED_BYTES))
		return false;
	base64url_encode(raw, sizeof(raw), token);
	return true;
}

bool
link_decode(const char *token, size_t len, Link *link)
{
	uint8_t raw[LINK_TOKEN_BYTES];

	if (!base64url_decode(token, len, raw, sizeof(raw)) || raw[0] != LINK_VERSION ||
		raw[1] < LINK_CANCEL || raw[1] > LINK_CONNECT)
		return false;
	link->action = (LinkAction) raw[1];
	link->key_id = 0;
	for (int i = 0; i < 4; i++)
		link->key_id = (link->key_id << 8) | raw[2 + i];
	memcpy(link->id, raw + 6, sizeof(link->id));
	return true;
}

bool
link_is_genuine(const char *token, size_t len, const uint8_t key[CRYPTO_KEY_BYTES])
{
	uint8_t raw[LINK_TOKEN_BYTES];
	uint8_t mac[CRYPTO_HASH_BYTES];

	return base64url_decode(token, len, raw, sizeof(raw)) &&
		   crypto_hmac(key, raw, LINK_SIGNED_BYTES, mac) &&
		   crypto_equal(mac, raw + LINK_SIGNED_BYTES, CRYPTO_HASH_BYTES);
}

bool
pkce_verifier(const uint8_t key[CRYPTO_KEY_BYTES], const uint8_t id[16], char *verifier)
{
	uint8_t mac[CRYPTO_HASH_BYTES];

	if (!crypto_hmac(key, id, 16, mac))
		return false;
	base64url_encode(mac, sizeof(mac), verifier);
	crypto_forget(mac, sizeof(mac));
	return true;
}

bool
pkce_challenge(const char *verifier, char *challenge)
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	if (!crypto_sha256(verifier, strlen(verifier), hash))
		return false;
	base64url_encode(hash, sizeof(hash), challenge);
	return true;
}
