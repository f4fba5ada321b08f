/*
 * Hashes, keys and PKCE against published vectors, tokens and sealed secrets against forgery, ids against RFC 9562.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/crypto.h"

static const uint8_t key[CRYPTO_KEY_BYTES] = "0123456789abcdef0123456789abcde";

static void
assert_hex(const uint8_t *bytes, const char *hex)
{
	uint8_t expected[CRYPTO_HASH_BYTES];

	assert_true(crypto_key_from_hex(hex, expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

/* Bytes out of hex digits of any number, malloc'ed: exactly as many, so that the sanitizer sees a step beyond them. */
static uint8_t *
unhex(const char *hex)
{
	size_t len = strlen(hex) / 2;
	uint8_t *bytes = malloc(len + !len);

	for (size_t i = 0; i < len; i++)
	{
		const char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		bytes[i] = (uint8_t) strtoul(digits, NULL, 16);
	}
	return bytes;
}

static void
sha256_of_abc(void **state)
{
	uint8_t hash[CRYPTO_HASH_BYTES];

	(void) state;
	assert_true(crypto_sha256("abc", 3, hash)); /* FIPS 180-4, example B.1 */
	assert_hex(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void
hmac_is_that_of_rfc_4231(void **state)
{
	uint8_t mac[CRYPTO_HASH_BYTES];
	uint8_t long_key[CRYPTO_KEY_BYTES] = { 'J', 'e', 'f', 'e' };

	(void) state;
	/* test case 2: a key that zeros follow is the same key */
	assert_true(crypto_hmac(long_key, "what do ya want for nothing?", 28, mac));
	assert_hex(mac, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

/* A message in two pieces, cut wherever that can be done, and its HMAC. */
static void
assert_hmac_of_pieces(const void *hmac_key, size_t key_length, const char *message, const char *hex)
{
	size_t len = strlen(message);
	uint8_t mac[CRYPTO_HASH_BYTES];

	for (size_t cut = 0; cut <= len; cut++)
	{
		CryptoPiece pieces[] = { { message, cut }, { "", 0 }, { message + cut, len - cut } };

		memset(mac, 0, sizeof(mac));
		assert_true(crypto_hmac_pieces(hmac_key, key_length, pieces, 3, mac));
		assert_hex(mac, hex);
	}
}

static void
hmac_of_pieces_is_that_of_the_whole(void **state)
{
	uint8_t fixed[131];
	uint8_t whole[CRYPTO_HASH_BYTES];
	uint8_t mac[CRYPTO_HASH_BYTES];

	(void) state;
	/* RFC 4231, test cases 1, 2, 6 and 7: keys shorter and longer than a block */
	memset(fixed, 0x0b, 20);
	assert_hmac_of_pieces(fixed, 20, "Hi There",
						  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_hmac_of_pieces("Jefe", 4, "what do ya want for nothing?",
						  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(fixed, 0xaa, sizeof(fixed));
	assert_hmac_of_pieces(fixed, 131, "Test Using Larger Than Block-Size Key - Hash Key First",
						  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_hmac_of_pieces(
		fixed, 131,
		"This is a test using a larger than block-size key and a larger than block-size data. "
		"The key needs to be hashed before being used by the HMAC algorithm.",
		"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
	/* no pieces are the empty message, and one piece is crypto_hmac's */
	assert_true(crypto_hmac(key, "", 0, whole));
	assert_true(crypto_hmac_pieces(key, sizeof(key), NULL, 0, mac));
	assert_memory_equal(mac, whole, sizeof(mac));
	assert_true(crypto_hmac(key, fixed, sizeof(fixed), whole));
	assert_true(
		crypto_hmac_pieces(key, sizeof(key), &(CryptoPiece) { fixed, sizeof(fixed) }, 1, mac));
	assert_memory_equal(mac, whole, sizeof(mac));
}

static void
hkdf_is_that_of_rfc_5869(void **state)
{
	uint8_t prk[CRYPTO_HASH_BYTES];
	uint8_t okm[CRYPTO_HASH_BYTES];
	uint8_t derived[CRYPTO_KEY_BYTES];
	uint8_t zeros[CRYPTO_KEY_BYTES] = { 0 };
	const char info[] = "purpose\x01";

	(void) state;
	/* section 2, by hand: extract under an empty salt, then the first block of expand */
	assert_true(crypto_hmac(zeros, key, sizeof(key), prk));
	assert_true(crypto_hmac(prk, info, strlen(info), okm));
	assert_true(crypto_derive_key(key, "purpose", derived));
	assert_memory_equal(derived, okm, sizeof(okm));
	assert_true(crypto_derive_key(key, "other", derived));
	assert_memory_not_equal(derived, okm, sizeof(okm));
}

static void
what_others_have_sealed_is_opened(void **state)
{
	/* "The Galois/Counter Mode of Operation" (McGrew, Viega), appendix B, test cases 13, 14 and 16: of AES-256 */
	static const struct
	{
		const char *key;
		const char *aad;
		const char *nonce_ciphertext_tag;
		const char *plain;
	} vectors[] = {
		{ "0000000000000000000000000000000000000000000000000000000000000000", "",
		  "000000000000000000000000530f8afbc74536b9a963b4f1c4cb738b", "" },
		{ "0000000000000000000000000000000000000000000000000000000000000000", "",
		  "000000000000000000000000cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
		  "00000000000000000000000000000000" },
		{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		  "feedfacedeadbeeffeedfacedeadbeefabaddad2",
		  "cafebabefacedbaddecaf888"
		  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		  "76fc6ece0f4e1768cddf8853bb2d551b",
		  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39" }
	};

	(void) state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		size_t len = strlen(vectors[i].nonce_ciphertext_tag) / 2;
		size_t plain_length = strlen(vectors[i].plain) / 2;
		uint8_t *vector_key = unhex(vectors[i].key);
		uint8_t *aad = unhex(vectors[i].aad);
		uint8_t *sealed = unhex(vectors[i].nonce_ciphertext_tag);
		uint8_t *plain = unhex(vectors[i].plain);
		uint8_t *opened = calloc(1, plain_length + !plain_length);

		assert_int_equal(len, plain_length + CRYPTO_SEAL_OVERHEAD);
		assert_true(crypto_open(vector_key, aad, strlen(vectors[i].aad) / 2, sealed, len, opened));
		assert_memory_equal(opened, plain, plain_length);
		free(vector_key);
		free(aad);
		free(sealed);
		free(plain);
		free(opened);
	}
}

static void
what_is_sealed_is_opened_again(void **state)
{
	uint8_t plain[300];

	(void) state;
	assert_true(crypto_random(plain, sizeof(plain)));
	for (size_t len = 0; len <= sizeof(plain); len++)
	{
		uint8_t *sealed = malloc(len + CRYPTO_SEAL_OVERHEAD);
		uint8_t *opened = malloc(len + !len);

		assert_true(crypto_seal(key, plain, len, plain, len, sealed));
		assert_true(crypto_open(key, plain, len, sealed, len + CRYPTO_SEAL_OVERHEAD, opened));
		assert_memory_equal(opened, plain, len);
		free(sealed);
		free(opened);
	}
}

static void
no_secret_is_sealed_twice_alike(void **state)
{
	static const char plain[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
	uint8_t sealed[64][sizeof(plain) + CRYPTO_SEAL_OVERHEAD];

	(void) state;
	for (int i = 0; i < 64; i++)
	{
		assert_true(crypto_seal(key, "row", 3, plain, sizeof(plain), sealed[i]));
		assert_null(memmem(sealed[i], sizeof(sealed[i]), plain + 6, 4));
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(sealed[i], sealed[j], CRYPTO_SEAL_NONCE_BYTES);
	}
}

static void
assert_not_opened(const uint8_t *open_key, const char *aad, const uint8_t *sealed, size_t len)
{
	static const uint8_t zeros[64];
	uint8_t opened[64];
	size_t plain_length = len < CRYPTO_SEAL_OVERHEAD ? 0 : len - CRYPTO_SEAL_OVERHEAD;

	memset(opened, 0, sizeof(opened));
	assert_true(plain_length <= sizeof(opened));
	assert_false(crypto_open(open_key, aad, strlen(aad), sealed, len, opened));
	assert_memory_equal(opened, zeros, sizeof(opened)); /* nothing of it is left behind */
}

static void
no_bit_of_a_sealed_secret_can_be_changed(void **state)
{
	static const char plain[] = "a secret of some length";
	uint8_t sealed[sizeof(plain) + CRYPTO_SEAL_OVERHEAD];
	uint8_t opened[sizeof(plain)];

	(void) state;
	assert_true(crypto_seal(key, "row", 3, plain, sizeof(plain), sealed));
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++)
	{
		sealed[bit / 8] ^= (uint8_t) (1 << (bit % 8));
		assert_not_opened(key, "row", sealed, sizeof(sealed));
		sealed[bit / 8] ^= (uint8_t) (1 << (bit % 8));
	}
	assert_true(crypto_open(key, "row", 3, sealed, sizeof(sealed), opened));
	assert_memory_equal(opened, plain, sizeof(plain));
}

static void
a_part_of_a_sealed_secret_is_none(void **state)
{
	static const char plain[] = "a secret";
	uint8_t sealed[sizeof(plain) + CRYPTO_SEAL_OVERHEAD + 1] = { 0 };

	(void) state;
	assert_true(crypto_seal(key, "row", 3, plain, sizeof(plain), sealed));
	for (size_t len = 0; len <= sizeof(sealed); len++)
		if (len != sizeof(sealed) - 1)
		{
			uint8_t *part = malloc(len + !len);

			memcpy(part, sealed, len);
			assert_not_opened(key, "row", part, len);
			free(part);
		}
	assert_not_opened(key, "row", sealed + 1, sizeof(sealed) - 2);
}

static void
what_is_sealed_for_one_place_is_opened_in_no_other(void **state)
{
	static const char plain[] = "a secret";
	static const char *const others[] = { "",          "t",         "table|1|",   "table|1|77",
										  "table|2|7", "Table|1|7", "table|1|7 ", "able|1|7" };
	static const char *const place = "table|1|7";
	uint8_t sealed[sizeof(plain) + CRYPTO_SEAL_OVERHEAD];
	uint8_t opened[sizeof(plain)];
	uint8_t other_key[CRYPTO_KEY_BYTES];

	(void) state;
	assert_true(crypto_seal(key, place, strlen(place), plain, sizeof(plain), sealed));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_not_opened(key, others[i], sealed, sizeof(sealed));
	for (size_t bit = 0; bit < 8 * sizeof(key); bit++)
	{
		memcpy(other_key, key, sizeof(key));
		other_key[bit / 8] ^= (uint8_t) (1 << (bit % 8));
		assert_not_opened(other_key, place, sealed, sizeof(sealed));
	}
	assert_true(crypto_open(key, place, strlen(place), sealed, sizeof(sealed), opened));
}

/* What is too long is refused before a byte of it is read or written. */
static void
nothing_longer_than_the_greatest_length_is_sealed(void **state)
{
	static const uint8_t zeros[CRYPTO_SEAL_OVERHEAD];
	uint8_t room[CRYPTO_SEAL_OVERHEAD] = { 0 };
	size_t max = CRYPTO_SEAL_MAX;

	(void) state;
	assert_false(crypto_seal(key, "", 0, "", max + 1, room));
	assert_false(crypto_seal(key, "", max + 1, "", 0, room));
	assert_false(crypto_seal(key, "", 0, "", SIZE_MAX, room));
	assert_false(crypto_open(key, "", 0, zeros, max + CRYPTO_SEAL_OVERHEAD + 1, room));
	assert_false(crypto_open(key, "", max + 1, zeros, sizeof(zeros), room));
	assert_false(crypto_open(key, "", 0, zeros, SIZE_MAX, room));
	assert_memory_equal(room, zeros, sizeof(room));
}

static void
base64_is_that_of_rfc_4648(void **state)
{
	static const struct
	{
		const char *plain;
		const char *text;
	} vectors[] = { { "", "" },
					{ "f", "Zg==" },
					{ "fo", "Zm8=" },
					{ "foo", "Zm9v" },
					{ "foob", "Zm9vYg==" },
					{ "fooba", "Zm9vYmE=" },
					{ "foobar", "Zm9vYmFy" },
					{ "\xfb\xff\xbf", "+/+/" } };
	char text[16];
	uint8_t plain[16];
	size_t read;

	(void) state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		size_t len = strlen(vectors[i].plain);
		size_t unpadded = strcspn(vectors[i].text, "=");

		base64_encode((const uint8_t *) vectors[i].plain, len, text);
		assert_string_equal(text, vectors[i].text);
		assert_int_equal(strlen(text), BASE64_LENGTH(len));
		assert_true(base64_decode(text, strlen(text), plain, sizeof(plain), &read));
		assert_int_equal(read, len);
		assert_memory_equal(plain, vectors[i].plain, len);
		/* without its padding, and into no more room than it needs */
		memset(plain, 0, sizeof(plain));
		assert_true(base64_decode(text, unpadded, plain, len, &read));
		assert_int_equal(read, len);
		assert_memory_equal(plain, vectors[i].plain, len);
		assert_true(len == 0 || !base64_decode(text, unpadded, plain, len - 1, &read));
	}
}

static void
what_is_no_base64_is_not_read(void **state)
{
	static const char *const wrong[] = {
		"Z",       "Zm9vY",     "=",        "==",       "===",    "====",    "Z=",
		"Z==",     "Z===",      "Zg=",      "Zg===",    "Zg====", "Zm8==",   "Zm9v=",
		"Zm9v==",  "Zm9v====",  "Zg==Zg==", "Zg==Zm9v", "=Zg=",   "Z=g=",    "Zh==",
		"Zh",      "Zm9=",      "Zm9",      "Zm-_",     "Zm 9v",  " Zm9v",   "Zm9v ",
		"Zm9v\n",  "Zm\n9v",    "\tZm9v",   "Zm9,",     "Zm9v.",  "Zm9\xc3", "\xef\xbb\xbfZ",
		"Zm9\x80", "Zm9\xff",   "Zm9!",     "Zm9@",     "Zm9[",   "Zm9`",    "Zm9{",
		"Zm9:",    "Zm9vYmE=\n"
	};
	uint8_t plain[16];
	size_t read;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		size_t len = strlen(wrong[i]);
		char *copy = malloc(len);

		memcpy(copy, wrong[i], len); /* no NUL behind it: the length counts */
		if (base64_decode(copy, len, plain, sizeof(plain), &read))
			fail_msg("\"%s\" was read", wrong[i]);
		free(copy);
	}
	assert_false(base64_decode("Zm9v\0", 5, plain, sizeof(plain), &read));
	assert_false(base64_decode("Zm\09", 4, plain, sizeof(plain), &read));
	assert_false(base64_decode("\0\0\0\0", 4, plain, sizeof(plain), &read));
}

/* Each text of up to four characters of a few kinds is either read and written back as it was, or not read. */
static void
one_text_stands_for_the_same_bytes_alone(void **state)
{
	static const char characters[] = "AQgw/+-_=\n";
	size_t n = sizeof(characters) - 1;
	char text[5] = "";
	char again[8];
	uint8_t plain[3];
	size_t read;
	int nread = 0;

	(void) state;
	for (size_t i = 0; i < n * n * n * n; i++)
		for (size_t len = 1; len <= 4; len++)
		{
			size_t rest = i;

			for (size_t c = 0; c < len; c++, rest /= n)
				text[c] = characters[rest % n];
			if (!base64_decode(text, len, plain, sizeof(plain), &read))
				continue;
			base64_encode(plain, read, again);
			assert_memory_equal(again, text, len);
			assert_true(len == 4 || strspn(again + len, "=") == 4 - len);
			nread++;
		}
	assert_true(nread > 0);
}

static void
base64url_is_that_of_rfc_4648(void **state)
{
	static const struct
	{
		const char *plain;
		const char *text;
	} vectors[] = { { "", "" },        { "f", "Zg" },        { "fo", "Zm8" },
					{ "foo", "Zm9v" }, { "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" } };
	char text[16];
	uint8_t plain[16];

	(void) state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		size_t len = strlen(vectors[i].plain);

		base64url_encode((const uint8_t *) vectors[i].plain, len, text);
		assert_string_equal(text, vectors[i].text);
		assert_true(base64url_decode(text, strlen(text), plain, len));
		assert_memory_equal(plain, vectors[i].plain, len);
	}
	assert_false(base64url_decode("Zh", 2, plain, 1)); /* stray bits */
	assert_false(base64url_decode("Zg=", 3, plain, 1));
	assert_false(base64url_decode("Z+", 2, plain, 1));
	assert_false(base64url_decode("Zg", 2, plain, 2));
	assert_false(base64url_decode("Z\0", 2, plain, 1));
}

static void
a_link_is_genuine_under_its_key_alone(void **state)
{
	Link link = { .action = LINK_RESCHEDULE, .key_id = 0x01020304, .id = "fifteen letters" };
	Link read;
	uint8_t other[CRYPTO_KEY_BYTES] = { 1 };
	char token[LINK_TOKEN_LENGTH + 1];

	(void) state;
	assert_true(link_encode(&link, key, token));
	assert_int_equal(strlen(token), LINK_TOKEN_LENGTH);
	assert_true(link_decode(token, strlen(token), &read));
	assert_int_equal(read.action, link.action);
	assert_int_equal(read.key_id, link.key_id);
	assert_memory_equal(read.id, link.id, sizeof(link.id));
	assert_true(link_is_genuine(token, strlen(token), key));
	assert_false(link_is_genuine(token, strlen(token), other));
	assert_false(link_is_genuine(token, strlen(token) - 1, key));
}

static void
each_action_has_a_link_of_its_own(void **state)
{
	static const LinkAction actions[] = { LINK_CANCEL, LINK_RESCHEDULE, LINK_LOGIN, LINK_CONNECT };
	char tokens[4][LINK_TOKEN_LENGTH + 1];
	Link read;

	(void) state;
	for (int i = 0; i < 4; i++)
	{
		Link link = { .action = actions[i], .key_id = 1, .id = "fifteen letters" };

		assert_true(link_encode(&link, key, tokens[i]));
		assert_true(link_decode(tokens[i], LINK_TOKEN_LENGTH, &read));
		assert_int_equal(read.action, actions[i]);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(tokens[i], tokens[j]);
	}
	/* the first three bytes say version and action: those of another link do not make this one of its kind */
	memcpy(tokens[LINK_LOGIN - 1], tokens[LINK_CANCEL - 1], 4);
	assert_true(link_decode(tokens[LINK_LOGIN - 1], LINK_TOKEN_LENGTH, &read));
	assert_int_equal(read.action, LINK_CANCEL);
	assert_false(link_is_genuine(tokens[LINK_LOGIN - 1], LINK_TOKEN_LENGTH, key));
}

static void
links_of_no_known_action_are_none(void **state)
{
	static const uint8_t actions[] = { 0, LINK_CONNECT + 1, 255 };
	char token[LINK_TOKEN_LENGTH + 1];
	Link read;

	(void) state;
	for (size_t i = 0; i < sizeof(actions); i++)
	{
		Link link = { .action = (LinkAction) actions[i], .key_id = 1 };

		assert_true(link_encode(&link, key, token));
		assert_false(link_decode(token, LINK_TOKEN_LENGTH, &read));
	}
}

static void
no_character_of_a_link_can_be_changed(void **state)
{
	Link link = { .action = LINK_CANCEL, .key_id = 1 };
	char token[LINK_TOKEN_LENGTH + 1];

	(void) state;
	assert_true(link_encode(&link, key, token));
	for (size_t i = 0; i < LINK_TOKEN_LENGTH; i++)
	{
		char kept = token[i];

		token[i] = kept == 'A' ? 'B' : 'A';
		assert_false(link_is_genuine(token, LINK_TOKEN_LENGTH, key));
		token[i] = kept;
	}
}

static void
pkce_is_that_of_rfc_7636(void **state)
{
	char challenge[PKCE_LENGTH + 1];

	(void) state;
	/* appendix B */
	assert_true(pkce_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", challenge));
	assert_string_equal(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void
an_id_has_one_verifier_of_pkce_under_each_key(void **state)
{
	const uint8_t other_key[CRYPTO_KEY_BYTES] = "another key of thirty-two bytes";
	uint8_t id[16] = "fifteen letters";
	uint8_t mac[CRYPTO_HASH_BYTES];
	uint8_t raw[CRYPTO_HASH_BYTES];
	char verifier[PKCE_LENGTH + 1];
	char again[PKCE_LENGTH + 1];

	(void) state;
	assert_true(pkce_verifier(key, id, verifier));
	assert_int_equal(strlen(verifier), 43); /* RFC 7636, 4.1: 43 to 128 characters */
	assert_true(crypto_hmac(key, id, sizeof(id), mac));
	assert_true(base64url_decode(verifier, strlen(verifier), raw, sizeof(raw)));
	assert_memory_equal(raw, mac, sizeof(mac));
	assert_true(pkce_verifier(key, id, again));
	assert_string_equal(again, verifier);
	assert_true(pkce_verifier(other_key, id, again));
	assert_string_not_equal(again, verifier);
	id[15] = 1;
	assert_true(pkce_verifier(key, id, again));
	assert_string_not_equal(again, verifier);
}

static void
ids_sort_by_time_and_say_version_7(void **state)
{
	uint8_t first[16];
	uint8_t second[16];

	(void) state;
	assert_true(uuid_v7(UINT64_C(0x017f22e279b0), 0xfff, first));
	assert_true(uuid_v7(UINT64_C(0x017f22e279b1), 0, second));
	assert_memory_equal(first, "\x01\x7f\x22\xe2\x79\xb0\x7f\xff",
						8); /* RFC 9562, A.6, has this time */
	assert_int_equal(first[8] & 0xc0, 0x80);
	assert_true(memcmp(first, second, 16) < 0);
}

static void
keys_are_64_hex_digits(void **state)
{
	uint8_t out[CRYPTO_KEY_BYTES];
	char text[] = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";

	(void) state;
	assert_true(crypto_key_from_hex(text, out));
	text[63] = 'g';
	assert_false(crypto_key_from_hex(text, out));
	text[63] = '\0';
	assert_false(crypto_key_from_hex(text, out));
	assert_false(crypto_key_from_hex("", out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha256_of_abc),
		cmocka_unit_test(hmac_is_that_of_rfc_4231),
		cmocka_unit_test(hmac_of_pieces_is_that_of_the_whole),
		cmocka_unit_test(hkdf_is_that_of_rfc_5869),
		cmocka_unit_test(what_others_have_sealed_is_opened),
		cmocka_unit_test(what_is_sealed_is_opened_again),
		cmocka_unit_test(no_secret_is_sealed_twice_alike),
		cmocka_unit_test(no_bit_of_a_sealed_secret_can_be_changed),
		cmocka_unit_test(a_part_of_a_sealed_secret_is_none),
		cmocka_unit_test(what_is_sealed_for_one_place_is_opened_in_no_other),
		cmocka_unit_test(nothing_longer_than_the_greatest_length_is_sealed),
		cmocka_unit_test(base64_is_that_of_rfc_4648),
		cmocka_unit_test(what_is_no_base64_is_not_read),
		cmocka_unit_test(one_text_stands_for_the_same_bytes_alone),
		cmocka_unit_test(base64url_is_that_of_rfc_4648),
		cmocka_unit_test(a_link_is_genuine_under_its_key_alone),
		cmocka_unit_test(each_action_has_a_link_of_its_own),
		cmocka_unit_test(links_of_no_known_action_are_none),
		cmocka_unit_test(no_character_of_a_link_can_be_changed),
		cmocka_unit_test(pkce_is_that_of_rfc_7636),
		cmocka_unit_test(an_id_has_one_verifier_of_pkce_under_each_key),
		cmocka_unit_test(ids_sort_by_time_and_say_version_7),
		cmocka_unit_test(keys_are_64_hex_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
