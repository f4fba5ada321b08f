/*
 * Wall clocks and instants, through PostgreSQL's time zone library (pgtime.h).
 *
 * pg_tzset() also takes POSIX rules ('XYZ3', 'Foo/Bar+5') and any capitals. A rule always has a digit, so a name
 * without digits that comes back to the letter was read from the tz database; the database's own names with digits
 * are few, frozen, and listed here.
 */
#include "time/civil.h"

#include "errors.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#define UNIX_EPOCH_USECS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

pg_tz *
civil_zone(const char *name)
{
	pg_tz *zone = pg_tzset(name);

	if (!zone)
		ereport(
			ERROR, errcode(ERRCODE_OC_BAD_INPUT),
			errmsg("time zone \"%s\" is not known here", name),
			errhint(
				"This machine's tz database is older than the one that the zone was stored under."));
	return zone;
}

/* Etc/GMT-14 … Etc/GMT+12, with the older spellings of zero, and the four American rules that became names. */
static bool
is_name_with_digits(const char *name)
{
	static const char *const others[] = { "GMT0",    "GMT+0",   "GMT-0",   "Etc/GMT0",
										  "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT" };
	int hours;
	char canonical[16];

	for (size_t i = 0; i < lengthof(others); i++)
		if (strcmp(name, others[i]) == 0)
			return true;
	if (strncmp(name, "Etc/GMT", 7) != 0 || (name[7] != '+' && name[7] != '-') || strlen(name) > 10)
		return false;
	hours = (int) strtol(name + 7, NULL, 10);
	snprintf(canonical, sizeof(canonical), "Etc/GMT%c%d", name[7], abs(hours));
	return hours >= -14 && hours <= 12 && strcmp(name, canonical) == 0;
}

bool
civil_is_zone_name(const char *name)
{
	pg_tz *zone;

	if (!*name || strlen(name) > TZ_STRLEN_MAX || strncmp(name, "posix", 5) == 0 ||
		strncmp(name, "right/", 6) == 0 || strcmp(name, "localtime") == 0)
		return false;
	if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") !=
		strlen(name))
		return false;
	if (strpbrk(name, "0123456789") && !is_name_with_digits(name))
		return false;
	zone = pg_tzset(name);
	return zone && pg_tz_acceptable(zone) && strcmp(pg_get_timezone_name(zone), name) == 0;
}

/* Instants of ours as pg_time_t, Unix seconds, rounded down. */
static pg_time_t
unix_seconds(int64 instant)
{
	return (pg_time_t) floor_div(instant + UNIX_EPOCH_USECS, USECS_PER_SEC);
}

ZoneSpan *
civil_spans(pg_tz *zone, int64 from, int64 to, size_t *nspans)
{
	size_t room = 8;
	ZoneSpan *spans = palloc(room * sizeof(ZoneSpan));
	size_t n = 0;

	while (from < to)
	{
		pg_time_t at = unix_seconds(from);
		pg_time_t boundary = 0;
		long int offset = 0;
		long int next_offset;
		int is_dst;
		int next_is_dst;
		int found = pg_next_dst_boundary(&at, &offset, &is_dst, &boundary, &next_offset,
										 &next_is_dst, zone);
		int64 end = found > 0 ? Min(boundary * USECS_PER_SEC - UNIX_EPOCH_USECS, to) : to;

		if (n > 0 && spans[n - 1].offset == offset * USECS_PER_SEC)
			spans[n - 1].end = end;
		else
		{
			if (n == room)
				spans = repalloc(spans, (room *= 2) * sizeof(ZoneSpan));
			spans[n++] = (ZoneSpan) { from, end, offset * USECS_PER_SEC };
		}
		from = end;
	}
	*nspans = n;
	return spans;
}

int64
civil_week_start(int64 date)
{
	return date - (day_of_week(date) + 6) % 7;
}

int64
civil_month_start(int64 date)
{
	int year;
	int month;
	int day;

	j2date((int) date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return date - (day - 1);
}

CivilReading
civil_reading(pg_tz *zone, int64 instant)
{
	pg_time_t seconds = unix_seconds(instant);
	const struct pg_tm *local = pg_localtime(&seconds, zone);

	return (CivilReading) { .year = local->tm_year + 1900,
							.month = local->tm_mon + 1,
							.day = local->tm_mday,
							.weekday = local->tm_wday,
							.minute = local->tm_hour * MINS_PER_HOUR + local->tm_min,
							.offset_minutes = (int) (local->tm_gmtoff / SECS_PER_MINUTE) };
}
