/*
 * iCalendar lines: folded where RFC 5545 says, characters whole, and nothing typed by a person becomes a line of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/ical.h"

#define ROOM 65536

typedef struct Out
{
	IcalWriter writer;
	char text[ROOM];
	size_t n;
} Out;

static void
keep(void *arg, const char *octets, size_t n)
{
	Out *out = arg;

	assert_true(out->n + n < ROOM);
	memcpy(out->text + out->n, octets, n);
	out->n += n;
	out->text[out->n] = '\0';
}

static Out *
begin(void)
{
	static Out out;

	out = (Out) { .writer = { .sink = keep, .arg = &out } };
	return &out;
}

static const char *
text_of(const char *value)
{
	Out *out = begin();

	ical_property(&out->writer, "SUMMARY");
	ical_text(&out->writer, value);
	return out->text;
}

static const char *
parameter_of(const char *value)
{
	Out *out = begin();

	ical_property(&out->writer, "X");
	ical_parameter(&out->writer, "CN", value);
	ical_plain(&out->writer, "v");
	return out->text;
}

static const char *
plain_of(const char *value)
{
	Out *out = begin();

	ical_property(&out->writer, "URL");
	ical_plain(&out->writer, value);
	return out->text;
}

static const char *
mailto_of(const char *value)
{
	Out *out = begin();

	ical_property(&out->writer, "A");
	ical_mailto(&out->writer, value);
	return out->text;
}

/* Checks each line's form and length, and takes the folds out again. */
static const char *
unfolded(const char *text)
{
	static char whole[ROOM];
	size_t n = 0;
	size_t column = 0;

	for (const char *c = text; *c; c++)
	{
		if (*c == '\r')
		{
			assert_int_equal(c[1], '\n');
			assert_true(column <= 75);
			column = 0;
			c++;
			if (c[1] == ' ')
			{
				c++;
				column = 1;
				/* a fold never stands before the rest of a character */
				assert_int_not_equal((unsigned char) c[1] & 0xc0, 0x80);
				continue;
			}
			whole[n++] = '\n';
			continue;
		}
		assert_int_not_equal(*c, '\n');
		whole[n++] = *c;
		column++;
	}
	assert_int_equal(column, 0);
	whole[n] = '\0';
	return whole;
}

static void
texts_are_escaped(void **state)
{
	(void) state;
	assert_string_equal(text_of("plain: \"text\" = fine"), "SUMMARY:plain: \"text\" = fine\r\n");
	assert_string_equal(text_of("a\\b;c,d"), "SUMMARY:a\\\\b\\;c\\,d\r\n");
	assert_string_equal(text_of(""), "SUMMARY:\r\n");
}

static void
line_ends_cannot_begin_a_property(void **state)
{
	(void) state;
	assert_string_equal(text_of("a\r\nATTENDEE:x"), "SUMMARY:a\\nATTENDEE:x\r\n");
	assert_string_equal(text_of("a\nb\rc\n\rd\r\n\r\ne"), "SUMMARY:a\\nb\\nc\\n\\nd\\n\\ne\r\n");
	assert_string_equal(text_of("\r\n"), "SUMMARY:\\n\r\n");
	assert_string_equal(parameter_of("a\r\nATTENDEE:x"), "X;CN=\"a^nATTENDEE:x\":v\r\n");
	assert_string_equal(plain_of("https://x/\r\nATTENDEE:x"), "URL:https://x/ATTENDEE:x\r\n");
	assert_string_equal(mailto_of("a\r\nb@c"), "A:mailto:a%0D%0Ab@c\r\n");
}

static void
control_characters_are_left_out(void **state)
{
	char all[2] = { 0 };

	(void) state;
	for (int c = 1; c < 0x20; c++)
	{
		all[0] = (char) c;
		if (c == '\t')
			assert_string_equal(text_of(all), "SUMMARY: \r\n");
		else if (c == '\r' || c == '\n')
			assert_string_equal(text_of(all), "SUMMARY:\\n\r\n");
		else
			assert_string_equal(text_of(all), "SUMMARY:\r\n");
		assert_string_equal(plain_of(all), "URL:\r\n");
	}
	assert_string_equal(text_of("a\x7f"
								"b\xc2\x80"
								"c\xc2\x9f"
								"d\xc2\xa0"
								"e"),
						"SUMMARY:abcd\xc2\xa0"
						"e\r\n");
	assert_string_equal(parameter_of("a\x01\tb"), "X;CN=a b:v\r\n");
}

static void
parameters_cannot_leave_their_quotes(void **state)
{
	(void) state;
	assert_string_equal(parameter_of("Ada Lovelace"), "X;CN=Ada Lovelace:v\r\n");
	assert_string_equal(parameter_of("a;ROLE=CHAIR"), "X;CN=\"a;ROLE=CHAIR\":v\r\n");
	assert_string_equal(parameter_of("a:mailto:b,c"), "X;CN=\"a:mailto:b,c\":v\r\n");
	assert_string_equal(parameter_of("\";X=\""), "X;CN=\"^';X=^'\":v\r\n");
	assert_string_equal(parameter_of("\"^\""), "X;CN=^'^^^':v\r\n");
	assert_string_equal(parameter_of(""), "X;CN=:v\r\n");
}

static void
addresses_are_percent_encoded(void **state)
{
	(void) state;
	assert_string_equal(mailto_of("ada+x@example.org"), "A:mailto:ada+x@example.org\r\n");
	assert_string_equal(mailto_of("a?cc=b&c%d;e,f:g\"h<i>/@x"),
						"A:mailto:a%3Fcc=b%26c%25d%3Be%2Cf%3Ag%22h%3Ci%3E%2F@x\r\n");
	assert_string_equal(mailto_of("\xc3\xbc@x"), "A:mailto:%C3%BC@x\r\n");
}

static void
lines_are_folded_at_75_octets(void **state)
{
	char value[200];

	(void) state;
	/* "SUMMARY:" is 8 octets, so 67 fit into the first line and 74 into each further one */
	memset(value, 'x', sizeof(value));
	value[67] = '\0';
	assert_int_equal(strlen(text_of(value)), 75 + 2);
	value[67] = 'x';
	value[68] = '\0';
	assert_int_equal(strlen(text_of(value)), 75 + 3 + 1 + 2);
	assert_memory_equal(text_of(value) + 75, "\r\n x\r\n", 6);
	value[68] = 'x';
	value[67 + 74] = '\0';
	assert_int_equal(strlen(text_of(value)), 75 + 3 + 74 + 2);
	value[67 + 74] = 'x';
	value[67 + 75] = '\0';
	assert_int_equal(strlen(text_of(value)), 75 + 3 + 74 + 3 + 1 + 2);
}

static void
characters_and_escapes_are_folded_whole(void **state)
{
	static const char *const units[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", ",",
										 "\n" };
	static const char *const told[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\,",
										"\\n" };
	char value[128];
	char expected[160];

	(void) state;
	for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++)
		for (size_t before = 60; before <= 70; before++)
		{
			size_t length = strlen(told[u]);
			bool fits = 8 + before + length <= 75;

			memset(value, 'x', before);
			snprintf(value + before, sizeof(value) - before, "%syy", units[u]);
			snprintf(expected, sizeof(expected), "SUMMARY:%.*s%s%s", (int) before, value,
					 fits ? "" : "\r\n ", told[u]);
			if (before <= 67)
				assert_memory_equal(text_of(value), expected, strlen(expected));
			(void) unfolded(text_of(value));
		}
}

static void
a_long_text_comes_back(void **state)
{
	static const char piece[] = "\xc3\x84rger \xe2\x80\x94 \xf0\x9f\x98\x80 na\xc3\xafve ";
	static char value[20000] = "";
	static char expected[20016];

	(void) state;
	for (size_t n = 0; n + sizeof(piece) <= sizeof(value); n += sizeof(piece) - 1)
		memcpy(value + n, piece, sizeof(piece));
	snprintf(expected, sizeof(expected), "SUMMARY:%s\n", value);
	assert_string_equal(unfolded(text_of(value)), expected);
	snprintf(expected, sizeof(expected), "X;CN=%s:v\n", value);
	assert_string_equal(unfolded(parameter_of(value)), expected);
}

/* The database has none of these; they must not be read beyond their end. */
static void
broken_utf8_stays_within_its_text(void **state)
{
	static const char *const broken[] = { "\xc3",     "\xe2\x82", "\xf0\x9f\x98",    "\x80",
										  "\xff\xff", "\xc3(",    "\xf5\x80\x80\x80" };

	(void) state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
	{
		char *copy = strdup(broken[i]);

		assert_non_null(strstr(text_of(copy), "\r\n"));
		assert_non_null(strstr(parameter_of(copy), ":v\r\n"));
		assert_non_null(strstr(plain_of(copy), "\r\n"));
		free(copy);
	}
}

static void
an_event_is_written_as_read(void **state)
{
	Out *out = begin();
	IcalWriter *w = &out->writer;

	(void) state;
	ical_begin(w, "VEVENT");
	ical_property(w, "DTSTART");
	ical_instant(w, INT64_C(849258000999999)); /* 2026-11-29T09:00:00.999999Z */
	ical_property(w, "SEQUENCE");
	ical_integer(w, 2);
	ical_property(w, "ATTENDEE");
	ical_parameter(w, "CN", "Bob, the guest");
	ical_parameter(w, "ROLE", "REQ-PARTICIPANT");
	ical_mailto(w, "bob@example.org");
	ical_end(w, "VEVENT");
	assert_string_equal(
		out->text, "BEGIN:VEVENT\r\n"
				   "DTSTART:20261129T090000Z\r\n"
				   "SEQUENCE:2\r\n"
				   "ATTENDEE;CN=\"Bob, the guest\";ROLE=REQ-PARTICIPANT:mailto:bob@example.org\r\n"
				   "END:VEVENT\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(line_ends_cannot_begin_a_property),
		cmocka_unit_test(control_characters_are_left_out),
		cmocka_unit_test(parameters_cannot_leave_their_quotes),
		cmocka_unit_test(addresses_are_percent_encoded),
		cmocka_unit_test(lines_are_folded_at_75_octets),
		cmocka_unit_test(characters_and_escapes_are_folded_whole),
		cmocka_unit_test(a_long_text_comes_back),
		cmocka_unit_test(broken_utf8_stays_within_its_text),
		cmocka_unit_test(an_event_is_written_as_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
