/*
 * Instants as text; the forms are in iso.h. The writers are used once or more for each slot of an answer, so digits come
 * two at a time out of a table, and a date is computed once for all slots of a day.
 *
 * Dates are turned into years, months and days by counting from 1 March, so that leap days come last in their year
 * (after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
#include "pure/iso.h"

#include <stddef.h>
#include <string.h>

#include "pure/hours.h"

#define USECS_IN_SECOND INT64_C(1000000)
#define DAYS_IN_ERA 146097 /* 400 years */
/* 2000-01-01, counted from 0000-03-01 */
#define EPOCH_DATE 730425
#define MAX_OFFSET_HOURS 15

static const char pairs[] =
	"00010203040506070809101112131415161718192021222324252627282930313233343536373839"
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

static char *
put_pair(char *out, int value)
{
	memcpy(out, pairs + (size_t) 2 * value, 2);
	return out + 2;
}

typedef struct Date
{
	int year;
	int month;
	int day;
} Date;

static Date
date_of(int64_t date)
{
	int64_t days = date + EPOCH_DATE;
	int64_t era = floor_div(days, DAYS_IN_ERA);
	int day_of_era = (int) (days - era * DAYS_IN_ERA);
	int year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int months = (5 * day_of_year + 2) / 153; /* since March */
	int month = months < 10 ? months + 3 : months - 9;

	return (Date) { .year = (int) (400 * era) + year_of_era + (month <= 2),
					.month = month,
					.day = day_of_year - (153 * months + 2) / 5 + 1 };
}

static int64_t
count_of(Date date)
{
	int64_t year = date.year - (date.month <= 2);
	int64_t era = floor_div(year, 400);
	int64_t year_of_era = year - 400 * era;
	int64_t months = date.month > 2 ? date.month - 3 : date.month + 9;
	int64_t day_of_year = (153 * months + 2) / 5 + date.day - 1;

	return era * DAYS_IN_ERA + 365 * year_of_era + year_of_era / 4 - year_of_era / 100 +
		   day_of_year - EPOCH_DATE;
}

static bool
is_date(Date date)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);

	return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
		   date.day <= days[date.month - 1] + (is_leap && date.month == 2);
}

/* Reads n digits; false if there are not as many. */
static bool
read_digits(const char **at, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++, (*at)++)
	{
		if (**at < '0' || **at > '9')
			return false;
		*value = *value * 10 + (**at - '0');
	}
	return true;
}

static bool
read_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
read_date(const char **at, int64_t *count)
{
	Date date;

	if (!read_digits(at, 4, &date.year) || !read_char(at, '-') ||
		!read_digits(at, 2, &date.month) || !read_char(at, '-') || !read_digits(at, 2, &date.day) ||
		!is_date(date))
		return false;
	*count = count_of(date);
	return true;
}

/* One to six digits, as microseconds. */
static bool
read_fraction(const char **at, int *fraction)
{
	int ndigits = 0;

	*fraction = 0;
	for (; **at >= '0' && **at <= '9'; (*at)++, ndigits++)
		if (ndigits < 6)
			*fraction = *fraction * 10 + (**at - '0');
	for (int i = ndigits; i < 6; i++)
		*fraction *= 10;
	return ndigits >= 1 && ndigits <= 6;
}

static bool
read_time(const char **at, int64_t *time)
{
	int hour;
	int minute;
	int second = 0;
	int fraction = 0;

	if (!read_digits(at, 2, &hour) || !read_char(at, ':') || !read_digits(at, 2, &minute))
		return false;
	if (read_char(at, ':') &&
		(!read_digits(at, 2, &second) || (read_char(at, '.') && !read_fraction(at, &fraction))))
		return false;
	*time = (hour * 60 + minute) * USECS_PER_MIN + second * USECS_IN_SECOND + fraction;
	return hour <= 23 && minute <= 59 && second <= 59;
}

static bool
read_offset(const char **at, int64_t *offset)
{
	char sign = **at;
	int hours;
	int minutes;

	*offset = 0;
	if (read_char(at, 'Z'))
		return true;
	if ((sign != '+' && sign != '-') || !read_char(at, sign) || !read_digits(at, 2, &hours))
		return false;
	(void) read_char(at, ':');
	if (!read_digits(at, 2, &minutes) || hours > MAX_OFFSET_HOURS || minutes > 59)
		return false;
	*offset = (hours * 60 + minutes) * (sign == '-' ? -USECS_PER_MIN : USECS_PER_MIN);
	return true;
}

bool
iso_read(const char *text, int64_t *instant)
{
	int64_t date;
	int64_t time;
	int64_t offset;

	if (!read_date(&text, &date) || !read_char(&text, 'T') || !read_time(&text, &time) ||
		!read_offset(&text, &offset) || *text)
		return false;
	*instant = date * USECS_IN_DAY + time - offset;
	return true;
}

static char *
put_date(char *out, IsoDate *cache, int64_t count)
{
	if (cache->date != count)
	{
		Date date = date_of(count);
		char *at = put_pair(put_pair(cache->text, date.year / 100), date.year % 100);

		*at++ = '-';
		at = put_pair(at, date.month);
		*at++ = '-';
		put_pair(at, date.day);
		cache->date = count;
	}
	memcpy(out, cache->text, sizeof(cache->text));
	return out + sizeof(cache->text);
}

static char *
put_time(char *out, int seconds)
{
	out = put_pair(out, seconds / 3600);
	*out++ = ':';
	out = put_pair(out, seconds / 60 % 60);
	*out++ = ':';
	return put_pair(out, seconds % 60);
}

static char *
put_microseconds(char *out, int microseconds)
{
	*out++ = '.';
	out = put_pair(out, microseconds / 10000);
	out = put_pair(out, microseconds / 100 % 100);
	return put_pair(out, microseconds % 100);
}

char *
iso_write_utc(char *out, IsoDate *cache, int64_t instant)
{
	int64_t date = floor_div(instant, USECS_IN_DAY);
	int64_t time = instant - date * USECS_IN_DAY;
	int fraction = (int) (time % USECS_IN_SECOND);

	out = put_date(out, cache, date);
	*out++ = 'T';
	out = put_time(out, (int) (time / USECS_IN_SECOND));
	if (fraction == 0)
	{
		static const char whole[] = { '.', '0', '0', '0', 'Z' };

		memcpy(out, whole, sizeof(whole));
		return out + sizeof(whole);
	}
	out = put_microseconds(out, fraction);
	if (fraction % 1000 == 0)
		out -= 3;
	*out++ = 'Z';
	return out;
}

char *
iso_write_local(char *out, IsoDate *cache, int64_t instant, int64_t offset)
{
	int64_t local = instant + offset;
	int64_t date = floor_div(local, USECS_IN_DAY);
	int64_t time = local - date * USECS_IN_DAY;
	int fraction = (int) (time % USECS_IN_SECOND);
	int seconds_east = (int) ((offset < 0 ? -offset : offset) / USECS_IN_SECOND);

	out = put_date(out, cache, date);
	*out++ = 'T';
	out = put_time(out, (int) (time / USECS_IN_SECOND));
	if (fraction != 0)
		out = put_microseconds(out, fraction);
	*out++ = offset < 0 ? '-' : '+';
	out = put_pair(out, seconds_east / 3600);
	*out++ = ':';
	out = put_pair(out, seconds_east / 60 % 60);
	if (seconds_east % 60 != 0)
	{
		*out++ = ':';
		out = put_pair(out, seconds_east % 60);
	}
	return out;
}

char *
iso_write_basic(char *out, int64_t instant)
{
	int64_t date = floor_div(instant, USECS_IN_DAY);
	int seconds = (int) ((instant - date * USECS_IN_DAY) / USECS_IN_SECOND);
	Date day = date_of(date);

	out = put_pair(put_pair(out, day.year / 100), day.year % 100);
	out = put_pair(put_pair(out, day.month), day.day);
	*out++ = 'T';
	out = put_pair(put_pair(out, seconds / 3600), seconds / 60 % 60);
	out = put_pair(out, seconds % 60);
	*out++ = 'Z';
	return out;
}
