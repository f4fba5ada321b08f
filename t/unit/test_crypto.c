/*
 * Hashes and keys against published vectors, tokens against forgery, ids against RFC 9562.
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
	static const LinkAction actions[] = { LINK_CANCEL, LINK_RESCHEDULE, LINK_LOGIN };
	char tokens[3][LINK_TOKEN_LENGTH + 1];
	Link read;

	(void) state;
	for (int i = 0; i < 3; i++)
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
	static const uint8_t actions[] = { 0, LINK_LOGIN + 1, 255 };
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
		cmocka_unit_test(hkdf_is_that_of_rfc_5869),
		cmocka_unit_test(base64url_is_that_of_rfc_4648),
		cmocka_unit_test(a_link_is_genuine_under_its_key_alone),
		cmocka_unit_test(each_action_has_a_link_of_its_own),
		cmocka_unit_test(links_of_no_known_action_are_none),
		cmocka_unit_test(no_character_of_a_link_can_be_changed),
		cmocka_unit_test(ids_sort_by_time_and_say_version_7),
		cmocka_unit_test(keys_are_64_hex_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
