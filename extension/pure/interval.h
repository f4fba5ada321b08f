/*
 * Sorted sets of half-open intervals [start, end) of instants, int64 microseconds. (PostgreSQL has the name Interval for
 * an amount of time, so ours is TimeRange.)
 *
 * A "set" here is an array that is sorted by start, whose members are not empty and neither overlap nor touch.
 */
#ifndef OPENCALENDLY_INTERVAL_H
#define OPENCALENDLY_INTERVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USECS_PER_MIN INT64_C(60000000)
#define USECS_IN_DAY INT64_C(86400000000)

typedef struct TimeRange
{
	int64_t start;
	int64_t end;
} TimeRange;

/* Makes any array a set, in place: sorts, drops empty members, joins those that overlap or touch; returns its size. */
extern size_t interval_merge(TimeRange *v, size_t n);

/* Sorts by start. */
extern void interval_sort(TimeRange *v, size_t n);

/* The set of two sorted arrays, whose members may overlap; out has room for na + nb members; returns how many. */
extern size_t interval_union(const TimeRange *a, size_t na, const TimeRange *b, size_t nb,
							 TimeRange *out);

/* The set from minus the set take; out has room for nfrom + ntake members; returns how many. */
extern size_t interval_subtract(const TimeRange *from, size_t nfrom, const TimeRange *take,
								size_t ntake, TimeRange *out);

/* What two sets have in common; out has room for na + nb members; returns how many. */
extern size_t interval_intersect(const TimeRange *a, size_t na, const TimeRange *b, size_t nb,
								 TimeRange *out);

static inline bool
intervals_overlap(TimeRange a, TimeRange b)
{
	return a.start < b.end && b.start < a.end;
}

static inline int64_t
max_instant(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t
min_instant(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

#endif
