/*
 * Signatures of webhooks against the published vector and against values that another program has computed; which
 * secrets can be used, to the edge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/signature.h"

/* The vector that the libraries of Standard Webhooks share. */
static const char secret[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
static const char id[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
static const int64_t timestamp = 1614265330;
static const char body[] = "{\"test\": 2432232314}";

/* No prefix, not of ASCII alone, no base64. */
static const char plain_secret[] = "Größe, not base64";

static void
assert_opencalendly(const char *key, int64_t at, const void *data, size_t len, const char *expected)
{
	char signature[SIGNATURE_OPENCALENDLY_LENGTH + 1];

	memset(signature, 'x', sizeof(signature));
	assert_true(signature_opencalendly(key, at, data, len, signature));
	assert_string_equal(signature, expected);
}

static void
assert_standard(const char *key, const char *message, int64_t at, const void *data, size_t len,
				const char *expected)
{
	char signature[SIGNATURE_STANDARD_LENGTH + 1];

	memset(signature, 'x', sizeof(signature));
	assert_true(signature_standard(key, message, at, data, len, signature));
	assert_string_equal(signature, expected);
}

static void
the_standard_signature_is_the_published_one(void **state)
{
	(void) state;
	assert_standard(secret, id, timestamp, body, strlen(body),
					"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

/* What follows was computed with Python's hmac. */
static void
keys_are_what_the_formats_say(void **state)
{
	(void) state;
	/* ours: the whole text; theirs: what the base64 stands for, or the text if there is no prefix */
	assert_opencalendly(secret, timestamp, body, strlen(body),
						"2e37df5d4a028c51a7f3133d64ae1e300d2c2c900f1b1d49d4369ad2530f8964");
	assert_opencalendly(plain_secret, timestamp, body, strlen(body),
						"ad0f4318003449aac7261ff0cfa5feb1f59c1610cb3df78a568534ef2faeb2ee");
	assert_standard(plain_secret, id, timestamp, body, strlen(body),
					"KXNJhFNkgoPl51xZcrhmExv367h4aGIk34Yagx3L8G4=");
}

static void
bodies_are_bytes(void **state)
{
	uint8_t bytes[3 + 256] = { 0 };

	(void) state;
	for (int i = 0; i < 256; i++)
		bytes[3 + i] = (uint8_t) i;
	assert_opencalendly(secret, timestamp, bytes, sizeof(bytes),
						"b6fea1def24a31bf18dfe98f429fe479e1dbe0a1ce6f349fea2aa94593f3dff9");
	assert_standard(secret, id, timestamp, bytes, sizeof(bytes),
					"EWHvoWxR//Z9syGAbVgCsRg7yWL0y0TIFtTwjbK4V6c=");
	assert_opencalendly(secret, 0, "", 0,
						"e08e3b234d55e695f064d71f5cb8dd382678d244a4ad2939f249dd786f778e03");
	assert_opencalendly(secret, 0, NULL, 0,
						"e08e3b234d55e695f064d71f5cb8dd382678d244a4ad2939f249dd786f778e03");
}

static void
the_longest_timestamp_has_room(void **state)
{
	(void) state;
	assert_opencalendly(secret, INT64_MIN, "", 0,
						"9bc97a0fae7e5256f9f4d077449f6323382f93bf4bff1940dcc1af51bac9761c");
	assert_standard(secret, "", INT64_MIN, "", 0, "APilWm1VAts8hml4pPx5hbWfYPH39Q22v7s0Irb8YhU=");
}

static void
a_flipped_bit_is_another_signature(void **state)
{
	char changed[sizeof(body)];
	char genuine[2][SIGNATURE_OPENCALENDLY_LENGTH + 1];
	char signature[SIGNATURE_OPENCALENDLY_LENGTH + 1];

	(void) state;
	assert_true(signature_opencalendly(secret, timestamp, body, strlen(body), genuine[0]));
	assert_true(signature_standard(secret, id, timestamp, body, strlen(body), genuine[1]));
	for (size_t bit = 0; bit < 8 * strlen(body); bit++)
	{
		memcpy(changed, body, sizeof(body));
		changed[bit / 8] ^= (char) (1 << (bit % 8));
		assert_true(signature_opencalendly(secret, timestamp, changed, strlen(body), signature));
		assert_string_not_equal(signature, genuine[0]);
		assert_true(signature_standard(secret, id, timestamp, changed, strlen(body), signature));
		assert_string_not_equal(signature, genuine[1]);
	}
	for (int64_t at = timestamp - 2; at <= timestamp + 2; at++)
	{
		assert_true(signature_opencalendly(secret, at, body, strlen(body), signature));
		assert_int_equal(strcmp(signature, genuine[0]) == 0, at == timestamp);
		assert_true(signature_standard(secret, id, at, body, strlen(body), signature));
		assert_int_equal(strcmp(signature, genuine[1]) == 0, at == timestamp);
	}
	assert_true(signature_standard(secret, "msg_p5jXN8AQM9LWM0D4loKWxJel", timestamp, body,
								   strlen(body), signature));
	assert_string_not_equal(signature, genuine[1]);
}

static void
assert_secret(const char *text, const char *problem)
{
	char *copy = strdup(text); /* so that the sanitizer sees a step beyond its end */
	const char *found = signature_secret_problem(copy);

	if (strcmp(found ? found : "", problem ? problem : "") != 0)
		fail_msg("\"%s\": %s", copy, found ? found : "(no problem)");
	free(copy);
}

static void
secrets_have_8_to_200_characters(void **state)
{
	static const char wrong[] = "must have from 8 to 200 characters";
	static const char *const characters[] = { "x", "\xc3\xb6", "\xf0\x9f\x97\x93" };
	char text[4 * 201 + 1];

	(void) state;
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		for (size_t n = 0; n <= 201; n++)
		{
			size_t len = strlen(characters[i]);

			for (size_t c = 0; c < n; c++)
				memcpy(text + c * len, characters[i], len);
			text[n * len] = '\0';
			assert_secret(text, n >= 8 && n <= 200 ? NULL : wrong);
		}
	assert_secret("whsec_", wrong);
	assert_secret("whsec_A", wrong);
}

static void
behind_the_prefix_is_base64_of_24_to_64_bytes(void **state)
{
	static const char wrong[] = "must have base64 of 24 to 64 bytes after whsec_";
	uint8_t key[140] = { 0 };
	char text[6 + BASE64_LENGTH(sizeof(key)) + 1] = "whsec_";

	(void) state;
	for (size_t len = 2; len <= 140; len++)
	{
		base64_encode(key, len, text + 6);
		assert_secret(text, len >= 24 && len <= 64 ? NULL : wrong);
		text[6 + strcspn(text + 6, "=")] = '\0';
		assert_secret(text, len >= 24 && len <= 64 ? NULL : wrong);
	}
	assert_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-w", wrong);
	assert_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw=", wrong);
	assert_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", wrong);
	assert_secret("whsec_ MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", wrong);
	assert_secret("whsec_whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", wrong);
	assert_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx9", wrong);
	assert_secret("whsec_correct horse battery staple", wrong);
	/* only that very prefix has a meaning */
	assert_secret("WHSEC_correct horse battery staple", NULL);
	assert_secret("whsec correct horse battery staple", NULL);
	assert_secret(" whsec_correct horse battery staple", NULL);
}

static void
padding_makes_no_other_key(void **state)
{
	static const char *const secrets[] = { "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==",
										   "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA" };
	char signatures[2][SIGNATURE_STANDARD_LENGTH + 1];

	(void) state;
	for (int i = 0; i < 2; i++)
		assert_true(
			signature_standard(secrets[i], id, timestamp, body, strlen(body), signatures[i]));
	assert_string_equal(signatures[0], signatures[1]);
}

static void
nothing_is_signed_with_what_is_no_key(void **state)
{
	char signature[SIGNATURE_STANDARD_LENGTH + 1];

	(void) state;
	assert_false(signature_standard("whsec_", id, timestamp, body, strlen(body), signature));
	assert_false(
		signature_standard("whsec_no base64", id, timestamp, body, strlen(body), signature));
	assert_false(signature_standard("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa", id, timestamp, body,
									strlen(body), signature));
}

static void
made_secrets_can_be_used_and_differ(void **state)
{
	char secrets[64][SIGNATURE_NEW_SECRET_LENGTH + 1];

	(void) state;
	for (int i = 0; i < 64; i++)
	{
		assert_true(signature_new_secret(secrets[i]));
		assert_int_equal(strlen(secrets[i]), 50);
		assert_int_equal(strncmp(secrets[i], "whsec_", 6), 0);
		assert_secret(secrets[i], NULL);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(secrets[i], secrets[j]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_standard_signature_is_the_published_one),
		cmocka_unit_test(keys_are_what_the_formats_say),
		cmocka_unit_test(bodies_are_bytes),
		cmocka_unit_test(the_longest_timestamp_has_room),
		cmocka_unit_test(a_flipped_bit_is_another_signature),
		cmocka_unit_test(secrets_have_8_to_200_characters),
		cmocka_unit_test(behind_the_prefix_is_base64_of_24_to_64_bytes),
		cmocka_unit_test(padding_makes_no_other_key),
		cmocka_unit_test(nothing_is_signed_with_what_is_no_key),
		cmocka_unit_test(made_secrets_can_be_used_and_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
