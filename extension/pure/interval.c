/*
 * Sorted sets of intervals; the words are in interval.h. Every function is one sweep over its sorted input.
 */
#include "pure/interval.h"

#include <stdlib.h>

static int
compare_starts(const void *a, const void *b)
{
	int64_t x = ((const TimeRange *) a)->start;
	int64_t y = ((const TimeRange *) b)->start;

	return (x > y) - (x < y);
}

static bool
is_sorted(const TimeRange *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (v[i].start < v[i - 1].start)
			return false;
	return true;
}

void
interval_sort(TimeRange *v, size_t n)
{
	if (!is_sorted(v, n))
		qsort(v, n, sizeof(TimeRange), compare_starts);
}

/* Adds a range that starts no earlier than those before it; returns how many there are then. */
static inline size_t
append(TimeRange *v, size_t n, TimeRange range)
{
	if (range.start >= range.end)
		return n;
	if (n > 0 && range.start <= v[n - 1].end)
	{
		v[n - 1].end = max_instant(v[n - 1].end, range.end);
		return n;
	}
	v[n] = range;
	return n + 1;
}

size_t
interval_merge(TimeRange *v, size_t n)
{
	size_t kept = 0;

	interval_sort(v, n);
	for (size_t i = 0; i < n; i++)
		kept = append(v, kept, v[i]);
	return kept;
}

size_t
interval_union(const TimeRange *a, size_t na, const TimeRange *b, size_t nb, TimeRange *out)
{
	size_t n = 0;
	size_t i = 0;
	size_t j = 0;

	while (i < na || j < nb)
		if (j == nb || (i < na && a[i].start <= b[j].start))
			n = append(out, n, a[i++]);
		else
			n = append(out, n, b[j++]);
	return n;
}

size_t
interval_subtract(const TimeRange *from, size_t nfrom, const TimeRange *take, size_t ntake,
				  TimeRange *out)
{
	size_t n = 0;
	size_t t = 0;

	for (size_t f = 0; f < nfrom; f++)
	{
		int64_t start = from[f].start;

		while (t < ntake && take[t].end <= start)
			t++;
		for (size_t i = t; i < ntake && take[i].start < from[f].end; i++)
		{
			if (take[i].start > start)
				out[n++] = (TimeRange) { start, take[i].start };
			start = max_instant(start, take[i].end);
		}
		if (start < from[f].end)
			out[n++] = (TimeRange) { start, from[f].end };
	}
	return n;
}

size_t
interval_intersect(const TimeRange *a, size_t na, const TimeRange *b, size_t nb, TimeRange *out)
{
	size_t n = 0;
	size_t i = 0;
	size_t j = 0;

	while (i < na && j < nb)
	{
		TimeRange common = { max_instant(a[i].start, b[j].start), min_instant(a[i].end, b[j].end) };

		if (common.start < common.end)
			out[n++] = common;
		if (a[i].end < b[j].end)
			i++;
		else
			j++;
	}
	return n;
}
