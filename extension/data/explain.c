/*
 * Why a start is not offered; the words are in explain.h. It looks at the very sets that the sweep over offered slots
 * reads, so it finds nothing in the way just where the sweep offers the start.
 */
#include "data/explain.h"

#include "utils/timestamp.h"

typedef struct Explanation
{
	const Sweep *sweep;
	TimeRange slot;
	const HostSchedule *schedule; /* of the attendee that it is about; NULL: the event type */
	TimeRange widened;            /* by the attendee's buffers */
	const pg_uuid_t *meeting_id;  /* that the required hosts are in; NULL: none */
	RefusalSink sink;
	void *sink_arg;
} Explanation;

static void
refuse(Explanation *ex, const char *reason, const char *detail)
{
	ex->sink(ex->sink_arg, ex->schedule ? ex->schedule->attendee : NULL, reason, detail);
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
	const HostSchedule *schedule = ex->schedule;
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
explain_staleness(Explanation *ex)
{
	if (ex->schedule->is_stale)
		refuse(ex, "calendar_stale",
			   psprintf("a calendar has not been read since %s",
						timestamptz_to_str(ex->schedule->read_at)));
}

static void
explain_hours(Explanation *ex)
{
	const Hours *hours = &ex->schedule->hours;
	const TimeRange *block = overlapping(hours->blocked, hours->nblocked, ex->slot);

	if (!contains(hours->open, hours->nopen, ex->slot))
	{
		if (is_day_replaced(ex))
			refuse(ex, "override", "an override replaces the weekly hours of this date");
		else
			refuse(ex, "outside_hours", "the hours do not hold all of the slot");
	}
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
	const HostSchedule *schedule = ex->schedule;

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

/* The attendee's own meeting of just this time that has a free seat, NULL if none. */
static const pg_uuid_t *
meeting_of(const HostSchedule *schedule, TimeRange slot)
{
	for (size_t i = 0; i < schedule->nmeetings; i++)
		if (schedule->meetings[i].during.start == slot.start &&
			schedule->meetings[i].during.end == slot.end)
			return &schedule->meeting_ids[schedule->meetings[i].id];
	return NULL;
}

static bool
is_same_meeting(const pg_uuid_t *a, const pg_uuid_t *b)
{
	return a && b ? memcmp(a, b, UUID_LEN) == 0 : a == b;
}

static void
explain_attendee(Explanation *ex)
{
	const SlotRequest *request = ex->sweep->request;
	HostTime time = ex->schedule->time;
	Buffers buffers;

	time.run_at = 0;
	buffers = host_buffers(&time, ex->slot.start);
	ex->widened = (TimeRange) { ex->slot.start - buffers.before, ex->slot.end + buffers.after };
	explain_staleness(ex);
	if (!request->by_organizer)
		explain_hours(ex);
	explain_claims(ex);
	explain_busy(ex, "busy_window", "busy in a calendar", ex->schedule->windows,
				 ex->schedule->nwindows);
	if (!ex->schedule->attendee->is_required && request->event->nrequired > 0 &&
		!is_same_meeting(meeting_of(ex->schedule, ex->slot), ex->meeting_id))
		refuse(ex, "claim", "not in the meeting of this time that the required hosts are in");
}

/* Required hosts who are in different meetings of this time cannot attend another one together. */
static void
explain_meetings(Explanation *ex)
{
	const Sweep *sweep = ex->sweep;

	for (int i = 1; i < sweep->request->event->nrequired; i++)
		if (!is_same_meeting(meeting_of(&sweep->schedules[i], ex->slot), ex->meeting_id))
		{
			refuse(ex, "claim", "the required hosts are not in one meeting of this time");
			return;
		}
}

static bool
is_on_grid(const Hours *hours)
{
	/* in a range of one microsecond a run with a start is one that starts there */
	for (size_t i = 0; i < hours->nruns; i++)
		if (hours->runs[i].first < hours->runs[i].end)
			return true;
	return false;
}

/* A start on nobody's grid; of no interest where nobody is open. */
static void
explain_grid(Explanation *ex)
{
	const EventType *event = ex->sweep->request->event;
	bool is_open = false;

	for (int h = 0; h < event->nattendees; h++)
	{
		const Hours *hours = &ex->sweep->schedules[h].hours;

		if (is_on_grid(hours))
			return;
		is_open |= contains(hours->open, hours->nopen, ex->slot);
	}
	if (is_open)
		refuse(ex, "grid",
			   psprintf("starts are " INT64_FORMAT
						" minutes apart, counted from where the hours begin",
						event->step / USECS_PER_MIN));
}

/* A team may have nobody to attend. */
static void
explain_team(Explanation *ex)
{
	const EventType *event = ex->sweep->request->event;

	if (event->nattendees == 0)
		refuse(ex, "inactive", "no active member of the team takes part in it");
	else if (event->mode == MODE_ROUND_ROBIN && event->nattendees == event->nrequired)
		refuse(ex, "inactive", "no active member of the team is in its pool");
}

static void
explain_limits(Explanation *ex)
{
	const StartLimits *limits = ex->sweep->limits;
	const SlotRequest *request = ex->sweep->request;
	TimeRange start = { ex->slot.start, ex->slot.start + 1 };

	if (request->range.start < request->now)
		refuse(ex, "notice", "it has passed");
	else if (!contains(limits->notice, limits->nnotice, start))
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
	const EventType *event = request->event;
	Explanation ex = { .sweep = sweep,
					   .slot = { request->range.start, request->range.start + event->duration },
					   .sink = sink,
					   .sink_arg = sink_arg };

	if (!event->is_active)
		refuse(&ex, "inactive", "the event type is not active");
	explain_team(&ex);
	if (event->nrequired > 0)
		ex.meeting_id = meeting_of(&sweep->schedules[0], ex.slot);
	for (int h = 0; h < event->nattendees; h++)
	{
		ex.schedule = &sweep->schedules[h];
		explain_attendee(&ex);
	}
	ex.schedule = NULL;
	if (!request->by_organizer)
		explain_grid(&ex);
	explain_meetings(&ex);
	explain_limits(&ex);
}
