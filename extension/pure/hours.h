/*
 * Weekly hours and overrides, laid over the offsets of a time zone: when a host is open, and where slots may start.
 *
 * Words. Instants and lengths are int64 microseconds; the epoch of instants is 2000-01-01 00:00 UTC. A local reading
 * is instant + offset. A date is the day of a local reading, counted from 2000-01-01, a Saturday. A span is a stretch
 * in which the zone's offset does not change; spans are sorted and touch each other. Because everything is cut at the
 * spans' ends, skipped wall-clock minutes do not exist and repeated ones are there twice (DESIGN.md, Time 1).
 */
#ifndef OPENCALENDLY_HOURS_H
#define OPENCALENDLY_HOURS_H

#include "pure/interval.h"

/* How far beyond the asked range spans and overrides must reach: further than any local date is long. */
#define HOURS_MARGIN (3 * USECS_IN_DAY)

typedef struct ZoneSpan
{
	int64_t start;
	int64_t end;
	int64_t offset; /* microseconds east of UTC */
} ZoneSpan;

/* How long a host is not to be met before and after a slot. */
typedef struct Buffers
{
	int64_t before;
	int64_t after;
} Buffers;

typedef struct WeeklyRule
{
	int day_of_week;  /* 0 = Sunday */
	int start_minute; /* of the local day, [start, end) */
	int end_minute;
	Buffers buffers;
} WeeklyRule;

typedef struct Override
{
	TimeRange during;
	bool is_available; /* adds time, or blocks it */
	bool replaces_day; /* the rules give nothing on the local dates that it touches */
} Override;

/*
 * A rule's or an added override's window, as far as starts are asked for: its own grid starts slots at first,
 * first + step, … before end (at none if first >= end), with these buffers.
 */
typedef struct StartRun
{
	int64_t start;
	int64_t end;
	int64_t first;
	Buffers buffers;
} StartRun;

typedef struct HoursInput
{
	const ZoneSpan
		*spans; /* from range.start - HOURS_MARGIN to open_until + HOURS_MARGIN at least */
	size_t nspans;
	const WeeklyRule *rules;
	size_t nrules;
	const Override *overrides; /* all that touch the spans */
	size_t noverrides;
	TimeRange range;    /* where starts are asked for */
	int64_t open_until; /* how far a slot that starts in the range may reach */
	int64_t step;       /* the grid's interval */
	Buffers buffers;    /* the event type's; -1: the rule's */
} HoursInput;

typedef struct Hours
{
	TimeRange *open; /* rules and added overrides, blocks not yet taken out; a set */
	size_t nopen;
	TimeRange *blocked; /* a set */
	size_t nblocked;
	StartRun *runs; /* sorted by start */
	size_t nruns;
} Hours;

/* How many members each array of Hours needs room for. */
extern size_t hours_capacity(const HoursInput *in);

/* Fills out, whose arrays have that room; the bitmap replaced has room for hours_dates(in) bytes. */
extern void hours_expand(const HoursInput *in, unsigned char *replaced, Hours *out);

/* How many local dates the spans touch. */
extern size_t hours_dates(const HoursInput *in);

/* The instants whose local date is in [first, last], a set; out has room for nspans members; returns how many. */
extern size_t hours_of_dates(const ZoneSpan *spans, size_t nspans, int64_t first, int64_t last,
							 TimeRange *out);

/* The local date of an instant that lies in one of the spans. */
extern int64_t hours_date_at(const ZoneSpan *spans, size_t nspans, int64_t instant);

/* Quotient rounded down, also below zero. */
static inline int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* 0 = Sunday. */
static inline int
day_of_week(int64_t date)
{
	return (int) (((date + 6) % 7 + 7) % 7);
}

#endif
