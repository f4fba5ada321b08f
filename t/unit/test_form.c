/* Promises of shim/form.c: a form's fields become JSON texts; what is no plain form is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../shim/form.c" // NOLINT(bugprone-suspicious-include)
#include "../../shim/text.c" // NOLINT(bugprone-suspicious-include)

static const char *content_type = "application/x-www-form-urlencoded";

const char *
request_header(const Request *request, const char *name)
{
	assert_string_equal(name, "Content-Type");
	return content_type;
}

static Refusal
read_form(const char *body, Text *json)
{
	static Request request;
	Refusal refusal;

	text_add(&request.body, body);
	text_clear(json);
	refusal = form_read(&request, json);
	text_free(&request.body);
	request = (Request) { 0 };
	return refusal;
}

static void
assert_reads(const char *body, const char *expected)
{
	Text json = { 0 };

	assert_int_equal(read_form(body, &json).status, 0);
	assert_string_equal(json.data, expected);
	text_free(&json);
}

static void
assert_refuses(const char *body, const char *field)
{
	Text json = { 0 };
	Refusal refusal = read_form(body, &json);

	assert_int_equal(refusal.status, 400);
	assert_string_equal(refusal.field, field);
	text_free(&json);
}

static void
test_fields_become_texts(void **state)
{
	assert_reads("", "{}");
	assert_reads("a=1&b=two+words&c=%C3%A4%22%5C",
				 "{\"a\":\"1\",\"b\":\"two words\",\"c\":\"ä\\\"\\\\\"}");
	assert_reads("&&a&b=&=c&", "{\"a\":\"\",\"b\":\"\",\"\":\"c\"}");
	assert_reads("a=x%3Dy=z", "{\"a\":\"x=y=z\"}");
	assert_reads("a=1%0D%0A2%0A3%09", "{\"a\":\"1\\u000a2\\u000a3\\u0009\"}");
	assert_reads("answers.topic=%3Cb%3E", "{\"answers.topic\":\"<b>\"}");
}

static void
test_what_is_no_form_is_refused(void **state)
{
	Text many = { 0 };

	assert_refuses("a=1&a=2", "form");
	assert_refuses("a=1&%61=2", "form");
	assert_refuses("a=%", "form");
	assert_refuses("a=%2", "form");
	assert_refuses("a=%zz", "form");
	assert_refuses("a=%00", "form");
	assert_refuses("a=%1b", "form");
	assert_refuses("a=%0D", "form");
	assert_refuses("a=%ff", "form");
	assert_refuses("%C3=a", "form");
	for (int i = 0; i < MAX_FIELDS; i++)
		text_addf(&many, "f%d=x&", i);
	text_add(&many, "one=more");
	assert_refuses(many.data, "form");
	text_free(&many);
}

static void
test_other_types_are_refused(void **state)
{
	static const char *const types[] = { NULL, "", "application/json",
										 "multipart/form-data; boundary=x",
										 "application/x-www-form-urlencodedx" };
	static const char *const good[] = { "application/x-www-form-urlencoded; charset=utf-8",
										"Application/X-WWW-Form-urlencoded" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		content_type = types[i];
		assert_refuses("a=1", "Content-Type");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		content_type = good[i];
		assert_reads("a=1", "{\"a\":\"1\"}");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_become_texts),
		cmocka_unit_test(test_what_is_no_form_is_refused),
		cmocka_unit_test(test_other_types_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
