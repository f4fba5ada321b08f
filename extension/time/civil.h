/*
 * Wall clocks and instants: the only part that asks PostgreSQL about time zones.
 */
#ifndef OPENCALENDLY_CIVIL_H
#define OPENCALENDLY_CIVIL_H

#include "compat.h"
#include "pgtime.h"
#include "pure/hours.h"

/* The zone of a stored name; raises OC006 if this machine's tz database does not know it. */
extern pg_tz *civil_zone(const char *name);

/* Whether the name is, to the letter, one of the tz database (is_timezone in SQL). */
extern bool civil_is_zone_name(const char *name);

/* The zone's spans of constant offset that cover [from, to), palloc'ed; *nspans says how many. */
extern ZoneSpan *civil_spans(pg_tz *zone, int64 from, int64 to, size_t *nspans);

/* What a wall clock of the zone reads at an instant. */
typedef struct CivilReading
{
	int year;
	int month;
	int day;
	int weekday;        /* 0 = Sunday */
	int minute;         /* of the day */
	int offset_minutes; /* east of UTC, seconds cut off */
} CivilReading;

extern CivilReading civil_reading(pg_tz *zone, int64 instant);

/* The dates, counted from 2000-01-01, on which the date's ISO week and month begin. */
extern int64 civil_week_start(int64 date);
extern int64 civil_month_start(int64 date);

#endif
