/*
 * Instants as text: what is written is read again, every day of four centuries is the next one's eve, and what is no
 * instant is not read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/hours.h"
#include "pure/iso.h"

#define SECOND INT64_C(1000000)

static const char *
utc(int64_t instant)
{
	static char text[ISO_MAX_LENGTH + 1];
	IsoDate cache = ISO_NO_DATE;

	*iso_write_utc(text, &cache, instant) = '\0';
	return text;
}

static const char *
local(int64_t instant, int64_t offset)
{
	static char text[ISO_MAX_LENGTH + 1];
	IsoDate cache = ISO_NO_DATE;

	*iso_write_local(text, &cache, instant, offset) = '\0';
	return text;
}

static int64_t
read_instant(const char *text)
{
	int64_t instant = INT64_MIN;

	assert_true(iso_read(text, &instant));
	return instant;
}

static void
instants_have_their_texts(void **state)
{
	(void) state;
	assert_string_equal(utc(0), "2000-01-01T00:00:00.000Z");
	assert_string_equal(utc(-1), "1999-12-31T23:59:59.999999Z");
	assert_string_equal(utc(-1000), "1999-12-31T23:59:59.999Z");
	assert_string_equal(utc(250), "2000-01-01T00:00:00.000250Z");
	assert_string_equal(utc(read_instant("2024-02-29T23:59:59Z")), "2024-02-29T23:59:59.000Z");
	assert_string_equal(utc(read_instant("1900-01-01T00:00Z")), "1900-01-01T00:00:00.000Z");
	assert_string_equal(utc(read_instant("9999-12-31T23:59:59.999999Z")),
						"9999-12-31T23:59:59.999999Z");
	assert_string_equal(utc(read_instant("0000-01-01T00:00:00Z")), "0000-01-01T00:00:00.000Z");
}

static void
local_readings_have_their_offset(void **state)
{
	int64_t instant = read_instant("2027-03-28T01:00:00Z");

	(void) state;
	assert_string_equal(local(instant, 120 * USECS_PER_MIN), "2027-03-28T03:00:00+02:00");
	assert_string_equal(local(instant, 0), "2027-03-28T01:00:00+00:00");
	assert_string_equal(local(instant, -570 * USECS_PER_MIN), "2027-03-27T15:30:00-09:30");
	assert_string_equal(local(instant, 840 * USECS_PER_MIN), "2027-03-28T15:00:00+14:00");
	assert_string_equal(local(instant, -1172 * SECOND), "2027-03-28T00:40:28-00:19:32");
	assert_string_equal(local(instant + 500000, 0), "2027-03-28T01:00:00.500000+00:00");
	assert_string_equal(local(instant + 250, -1172 * SECOND),
						"2027-03-28T00:40:28.000250-00:19:32");
}

static void
no_text_is_longer_than_its_room(void **state)
{
	(void) state;
	assert_true(strlen(local(1, -1 * SECOND)) <= ISO_MAX_LENGTH);
	assert_true(strlen(local(0, -1 * SECOND)) <= ISO_WHOLE_LENGTH);
	assert_true(strlen(utc(1)) <= ISO_MAX_LENGTH);
	assert_true(strlen(utc(1000)) <= ISO_WHOLE_LENGTH);
}

/* Calendars by counting: the dates from 1900 to 2300, one after the other. */
static void
days_follow_each_other(void **state)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t instant = -36524 * USECS_IN_DAY;
	IsoDate cache = ISO_NO_DATE;
	char expected[64];
	char text[ISO_MAX_LENGTH + 1];

	(void) state;
	for (int year = 1900; year < 2300; year++)
		for (int month = 1; month <= 12; month++)
		{
			bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

			for (int day = 1; day <= days[month - 1] + (is_leap && month == 2);
				 day++, instant += USECS_IN_DAY)
			{
				snprintf(expected, sizeof(expected), "%04d-%02d-%02dT12:34:56.000Z", year, month,
						 day);
				*iso_write_utc(text, &cache, instant + 45296 * SECOND) = '\0';
				assert_string_equal(text, expected);
				assert_int_equal(read_instant(expected), instant + 45296 * SECOND);
				snprintf(expected, sizeof(expected), "%04d%02d%02dT123456Z", year, month, day);
				*iso_write_basic(text, instant + 45296 * SECOND + 999999) = '\0';
				assert_string_equal(text, expected);
			}
		}
}

static void
forms_of_one_instant_are_read_alike(void **state)
{
	static const char *const forms[] = { "2026-06-01T09:00Z",         "2026-06-01T09:00:00Z",
										 "2026-06-01T09:00:00.0Z",    "2026-06-01T09:00:00.000000Z",
										 "2026-06-01T11:00:00+02:00", "2026-06-01T11:00+0200",
										 "2026-05-31T17:15:00-15:45", "2026-06-02T00:59:00+15:59",
										 "2026-06-01T09:00:00-00:00" };

	(void) state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_string_equal(utc(read_instant(forms[i])), "2026-06-01T09:00:00.000Z");
	assert_string_equal(utc(read_instant("2026-06-01T09:00:00.5Z")), "2026-06-01T09:00:00.500Z");
	assert_string_equal(utc(read_instant("2026-06-01T09:00:00.000001Z")),
						"2026-06-01T09:00:00.000001Z");
}

static void
what_is_no_instant_is_not_read(void **state)
{
	static const char *const wrong[] = {
		"",
		"2",
		"2026",
		"2026-06-01",
		"2026-06-01T",
		"2026-06-01T09",
		"2026-06-01T09:00",
		"2026-06-01T09:00:00",
		"2026-06-01T09:00:",
		"2026-06-01T09:00:00.",
		"2026-06-01T09:00:00.Z",
		"2026-06-01T09:00:00.0000000Z",
		"2026-06-01 09:00:00Z",
		"2026-06-01T09:00:00z",
		"2026-06-01T09:00:00Zx",
		"2026-06-01T09:00:00Z ",
		" 2026-06-01T09:00:00Z",
		"+2026-06-01T09:00:00Z",
		"-2026-06-01T09:00:00Z",
		"12026-06-01T09:00:00Z",
		"2026-6-01T09:00:00Z",
		"2026-06-1T09:00:00Z",
		"2026-06-01T9:00:00Z",
		"2026/06/01T09:00:00Z",
		"2026-00-01T09:00:00Z",
		"2026-13-01T09:00:00Z",
		"2026-06-00T09:00:00Z",
		"2026-06-31T09:00:00Z",
		"2026-02-29T09:00:00Z",
		"1900-02-29T09:00:00Z",
		"2100-02-29T09:00:00Z",
		"2026-06-01T24:00:00Z",
		"2026-06-01T09:60:00Z",
		"2026-06-01T09:00:60Z",
		"2026-06-01T09:00:00+16:00",
		"2026-06-01T09:00:00+02:60",
		"2026-06-01T09:00:00+2:00",
		"2026-06-01T09:00:00+02",
		"2026-06-01T09:00:00+02:0",
		"2026-06-01T09:00:00 02:00",
		"2026-06-01T09:00:00+02:00Z",
		"2026-06-01T09:00:00Z+02:00",
		"2026-06-01T09:00:00,5Z",
		"2026-06-01T0a:00:00Z",
		"2026-06-01T-9:00:00Z",
		"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-06-01T09:00:00Z",
		"infinity",
		"now",
	};
	int64_t instant;

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		char *copy = strdup(wrong[i]); /* so that the sanitizer sees a step beyond its end */

		if (iso_read(copy, &instant))
			fail_msg("\"%s\" was read", copy);
		free(copy);
	}
}

static void
a_cached_date_is_that_of_its_day_alone(void **state)
{
	IsoDate cache = ISO_NO_DATE;
	char text[ISO_MAX_LENGTH + 1];

	(void) state;
	for (int64_t instant = -2 * USECS_IN_DAY; instant < 2 * USECS_IN_DAY;
		 instant += 7 * USECS_IN_DAY / 24)
	{
		*iso_write_utc(text, &cache, instant) = '\0';
		assert_string_equal(text, utc(instant));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instants_have_their_texts),
		cmocka_unit_test(local_readings_have_their_offset),
		cmocka_unit_test(no_text_is_longer_than_its_room),
		cmocka_unit_test(days_follow_each_other),
		cmocka_unit_test(forms_of_one_instant_are_read_alike),
		cmocka_unit_test(what_is_no_instant_is_not_read),
		cmocka_unit_test(a_cached_date_is_that_of_its_day_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
