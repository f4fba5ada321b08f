/*
 * Why a start is not offered; the words are in explain.h. It looks at the very sets that the sweep over offered slots
 * reads, so it finds nothing just where the sweep offers the start.
 */
#include "data/explain.h"

#include "utils/timestamp.h"

typedef struct Explanation
{
	const Sweep *sweep;
	TimeRange slot;
	TimeRange widened; /* by the buffers */
	RefusalSink sink;
	void *sink_arg;
} Explanation;

static void
refuse(Explanation *ex, const char *reason, const char *detail)
{
	ex->sink(ex->sink_arg, reason, detail);
}

static char *
show_range(const char *what, TimeRange range)
{
	char *start = pstrdup(timestamptz_to_str(range.start));

	return psprintf("%s from %s to %s", what, start, timestamptz_to_str(range.end));
}

static bool
contains(const TimeRange *set, size_t n, TimeRange range)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].start <= range.start && range.end <= set[i].end)
			return true;
	return false;
}

/* The first member that overlaps the range, NULL if none. */
static const TimeRange *
overlapping(const TimeRange *set, size_t n, TimeRange range)
{
	for (size_t i = 0; i < n; i++)
		if (intervals_overlap(set[i], range))
			return &set[i];
	return NULL;
}

static bool
is_day_replaced(const Explanation *ex)
{
	const HostSchedule *schedule = ex->sweep->schedule;
	int64 date = hours_date_at(schedule->spans, schedule->nspans, ex->slot.start);

	for (size_t i = 0; i < schedule->noverrides; i++)
	{
		const Override *over = &schedule->overrides[i];
		TimeRange day[64];

		if (over->replaces_day && schedule->nspans <= lengthof(day))
		{
			size_t n = hours_of_dates(schedule->spans, schedule->nspans, date, date, day);

			if (overlapping(day, n, over->during))
				return true;
		}
	}
	return false;
}

static void
explain_hours(Explanation *ex)
{
	const Hours *hours = &ex->sweep->schedule->hours;
	const TimeRange *block = overlapping(hours->blocked, hours->nblocked, ex->slot);

	if (!contains(hours->open, hours->nopen, ex->slot))
	{
		if (is_day_replaced(ex))
			refuse(ex, "override", "an override replaces the weekly hours of this date");
		else
			refuse(ex, "outside_hours", "the hours do not hold all of the slot");
	}
	else if (hours->nruns == 0)
		refuse(ex, "grid",
			   psprintf("starts are " INT64_FORMAT
						" minutes apart, counted from where the hours begin",
						ex->sweep->request->event->step / USECS_PER_MIN));
	if (block)
		refuse(ex, "override", show_range("time is blocked", *block));
}

/* One kind of busy time: overlapped by the slot itself, or by its buffers alone. */
static void
explain_busy(Explanation *ex, const char *reason, const char *what, const TimeRange *set, size_t n)
{
	const TimeRange *met = overlapping(set, n, ex->slot);

	if (met)
		refuse(ex, reason, show_range(what, *met));
	else if ((met = overlapping(set, n, ex->widened)) != NULL)
		refuse(ex, "buffer", show_range(what, *met));
}

static void
explain_claims(Explanation *ex)
{
	const HostSchedule *schedule = ex->sweep->schedule;

	for (size_t i = 0; i < schedule->nfull_meetings; i++)
		if (schedule->full_meetings[i].start == ex->slot.start &&
			schedule->full_meetings[i].end == ex->slot.end)
		{
			refuse(ex, "seats", "every seat is taken");
			return;
		}
	explain_busy(ex, "claim", "claimed", schedule->claims, schedule->nclaims);
	for (size_t i = 0; i < schedule->nmeetings; i++)
	{
		const Meeting *meeting = &schedule->meetings[i];

		if (meeting->during.start != ex->slot.start || meeting->during.end != ex->slot.end)
			explain_busy(ex, "claim", "claimed by a meeting of the same event type",
						 &meeting->claim, 1);
	}
}

static void
explain_limits(Explanation *ex)
{
	const StartLimits *limits = ex->sweep->limits;
	const SlotRequest *request = ex->sweep->request;
	TimeRange start = { ex->slot.start, ex->slot.start + 1 };

	if (!contains(limits->notice, limits->nnotice, start))
		refuse(ex, "notice",
			   psprintf("the earliest start is %s, " INT64_FORMAT " minutes from now",
						timestamptz_to_str(request->now + request->event->min_notice),
						request->event->min_notice / USECS_PER_MIN));
	if (!contains(limits->horizon, limits->nhorizon, start))
		refuse(ex, "horizon", "the date is not among those that can be booked");
	if (contains(limits->capped, limits->ncapped, start))
		refuse(ex, "cap", "the bookings of this day, week or month are used up");
}

void
explain_refusals(const Sweep *sweep, RefusalSink sink, void *sink_arg)
{
	const SlotRequest *request = sweep->request;
	const HostSchedule *schedule = sweep->schedule;
	Explanation ex = { .sweep = sweep,
					   .slot = { request->range.start,
								 request->range.start + request->event->duration },
					   .sink = sink,
					   .sink_arg = sink_arg };
	int64 before = Max(request->event->buffer_before, 0);
	int64 after = Max(request->event->buffer_after, 0);

	/* in a range of one microsecond every run is one of this start */
	for (size_t i = 0; i < schedule->hours.nruns; i++)
	{
		before = Max(before, schedule->hours.runs[i].buffer_before);
		after = Max(after, schedule->hours.runs[i].buffer_after);
	}
	ex.widened = (TimeRange) { ex.slot.start - before, ex.slot.end + after };
	if (!request->event->is_active)
		refuse(&ex, "inactive", "the event type is not active");
	explain_hours(&ex);
	explain_claims(&ex);
	explain_busy(&ex, "busy_window", "busy in a calendar", schedule->windows, schedule->nwindows);
	explain_limits(&ex);
}
