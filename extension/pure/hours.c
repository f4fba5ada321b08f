/*
 * Weekly hours and overrides over zone offsets; the words are in hours.h.
 *
 * One pass over (span, local date, rule of that weekday): each such triple gives one window of instants, cut at the
 * span, and one run of starts, anchored at the rule's own start minute. Overrides are instants already. The windows are
 * merged at the very end, so that the grid is that of the rules as they were stated (DESIGN.md, Time 4).
 */
#include "pure/hours.h"

#include <stdlib.h>
#include <string.h>

static int64_t
first_date(const ZoneSpan *span)
{
	return floor_div(span->start + span->offset, USECS_IN_DAY);
}

static int64_t
last_date(const ZoneSpan *span)
{
	return floor_div(span->end - 1 + span->offset, USECS_IN_DAY);
}

/* The dates of all spans: [*first, *last]. Offsets change by a day at most, so first and last span are not enough. */
static void
date_bounds(const HoursInput *in, int64_t *first, int64_t *last)
{
	*first = INT64_MAX;
	*last = INT64_MIN;
	for (size_t i = 0; i < in->nspans; i++)
	{
		*first = min_instant(*first, first_date(&in->spans[i]));
		*last = max_instant(*last, last_date(&in->spans[i]));
	}
}

size_t
hours_dates(const HoursInput *in)
{
	int64_t first;
	int64_t last;

	date_bounds(in, &first, &last);
	return in->nspans == 0 ? 0 : (size_t) (last - first + 1);
}

size_t
hours_capacity(const HoursInput *in)
{
	size_t weeks = 0;

	/* a rule has one day in seven */
	for (size_t i = 0; i < in->nspans; i++)
		weeks += (size_t) (last_date(&in->spans[i]) - first_date(&in->spans[i])) / 7 + 1;
	return weeks * in->nrules + in->noverrides;
}

size_t
hours_of_dates(const ZoneSpan *spans, size_t nspans, int64_t first, int64_t last, TimeRange *out)
{
	for (size_t i = 0; i < nspans; i++)
	{
		out[i].start = max_instant(spans[i].start, first * USECS_IN_DAY - spans[i].offset);
		out[i].end = min_instant(spans[i].end, (last + 1) * USECS_IN_DAY - spans[i].offset);
	}
	return interval_merge(out, nspans);
}

int64_t
hours_date_at(const ZoneSpan *spans, size_t nspans, int64_t instant)
{
	size_t i = 0;

	while (i + 1 < nspans && spans[i].end <= instant)
		i++;
	return floor_div(instant + spans[i].offset, USECS_IN_DAY);
}

static void
mark_replaced(const HoursInput *in, int64_t base, unsigned char *replaced)
{
	for (size_t o = 0; o < in->noverrides; o++)
	{
		const Override *over = &in->overrides[o];

		if (!over->replaces_day)
			continue;
		for (size_t i = 0; i < in->nspans; i++)
		{
			ZoneSpan touched = in->spans[i];

			touched.start = max_instant(touched.start, over->during.start);
			touched.end = min_instant(touched.end, over->during.end);
			if (touched.start >= touched.end)
				continue;
			memset(replaced + (first_date(&touched) - base), 1,
				   (size_t) (last_date(&touched) - first_date(&touched) + 1));
		}
	}
}

/* Adds what of the window lies in the asked range, with the grid anchor + k * step. */
static void
add_run(const HoursInput *in, Hours *out, int64_t anchor, TimeRange window, Buffers buffers)
{
	int64_t start = max_instant(window.start, in->range.start);
	int64_t end = min_instant(window.end, in->range.end);
	int64_t first = anchor;

	if (start > anchor)
		first += (start - anchor + in->step - 1) / in->step * in->step;
	if (start < end)
		out->runs[out->nruns++] = (StartRun) { start, end, first, buffers };
}

/* What the event type says of buffers comes before what the rule says. */
static Buffers
buffers_of(const HoursInput *in, Buffers otherwise)
{
	return (Buffers) { in->buffers.before >= 0 ? in->buffers.before : otherwise.before,
					   in->buffers.after >= 0 ? in->buffers.after : otherwise.after };
}

/* The windows and runs of the rules of one local date within one span. */
static void
add_date(const HoursInput *in, const ZoneSpan *span, int64_t date, Hours *out)
{
	int64_t midnight = date * USECS_IN_DAY - span->offset;

	for (size_t r = 0; r < in->nrules; r++)
	{
		const WeeklyRule *rule = &in->rules[r];
		int64_t anchor = midnight + rule->start_minute * USECS_PER_MIN;
		TimeRange window;

		if (rule->day_of_week != day_of_week(date))
			continue;
		window.start = max_instant(anchor, span->start);
		window.end = min_instant(midnight + rule->end_minute * USECS_PER_MIN, span->end);
		if (window.start >= window.end)
			continue;
		out->open[out->nopen++] = window;
		add_run(in, out, anchor, window, buffers_of(in, rule->buffers));
	}
}

static void
add_overrides(const HoursInput *in, Hours *out)
{
	for (size_t o = 0; o < in->noverrides; o++)
	{
		TimeRange during = in->overrides[o].during;

		if (!in->overrides[o].is_available)
		{
			out->blocked[out->nblocked++] = during;
			continue;
		}
		out->open[out->nopen++] = during;
		add_run(in, out, during.start, during, buffers_of(in, (Buffers) { 0, 0 }));
	}
}

static int
compare_runs(const void *a, const void *b)
{
	int64_t x = ((const StartRun *) a)->start;
	int64_t y = ((const StartRun *) b)->start;

	return (x > y) - (x < y);
}

static void
sort_runs(StartRun *runs, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (runs[i].start < runs[i - 1].start)
		{
			qsort(runs, n, sizeof(StartRun), compare_runs);
			return;
		}
}

void
hours_expand(const HoursInput *in, unsigned char *replaced, Hours *out)
{
	int64_t base;
	int64_t end;

	out->nopen = out->nblocked = out->nruns = 0;
	date_bounds(in, &base, &end);
	if (in->nspans > 0)
		memset(replaced, 0, (size_t) (end - base + 1));
	mark_replaced(in, base, replaced);
	for (size_t i = 0; i < in->nspans; i++)
	{
		ZoneSpan span = in->spans[i];

		span.start = max_instant(span.start, in->range.start);
		span.end = min_instant(span.end, in->open_until);
		if (span.start >= span.end)
			continue;
		for (int64_t date = first_date(&span); date <= last_date(&span); date++)
			if (!replaced[date - base])
				add_date(in, &span, date, out);
	}
	add_overrides(in, out);
	out->nopen = interval_merge(out->open, out->nopen);
	out->nblocked = interval_merge(out->blocked, out->nblocked);
	sort_runs(out->runs, out->nruns);
}
