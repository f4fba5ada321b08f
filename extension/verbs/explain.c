/*
 * explain_slot: which rule stands in the way of a start. It looks at the very sets that the sweep over offered slots
 * reads, so its verdict is ok just where compute_slots offers the start.
 */
#include "compat.h"

#include "data/query.h"
#include "data/sweep.h"
#include "funcapi.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/check.h"

PG_FUNCTION_INFO_V1(explain_slot);

typedef struct Explanation
{
	const SlotRequest *request;
	const HostSchedule *schedule;
	const StartLimits *limits;
	TimeRange	slot;
	TimeRange	widened;		/* by the buffers */
	ReturnSetInfo *rsinfo;
	int			refusals;
} Explanation;

static void
put_verdict(Explanation *ex, const char *verdict, const char *reason, const char *detail)
{
	Datum		values[4] = {UUIDPGetDatum(&ex->schedule->host_id), CStringGetTextDatum(verdict)};
	bool		nulls[4] = {false, false, reason == NULL, detail == NULL};

	if (reason)
		values[2] = CStringGetTextDatum(reason);
	if (detail)
		values[3] = CStringGetTextDatum(detail);
	tuplestore_putvalues(ex->rsinfo->setResult, ex->rsinfo->setDesc, values, nulls);
}

static void
refuse(Explanation *ex, const char *reason, const char *detail)
{
	put_verdict(ex, "refused", reason, detail);
	ex->refusals++;
}

static char *
show_range(const char *what, TimeRange range)
{
	char	   *start = pstrdup(timestamptz_to_str(range.start));

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
	int64		date = hours_date_at(schedule->spans, schedule->nspans, ex->slot.start);

	for (size_t i = 0; i < schedule->noverrides; i++)
	{
		const Override *over = &schedule->overrides[i];
		TimeRange	day[64];

		if (over->replaces_day && schedule->nspans <= lengthof(day))
		{
			size_t		n = hours_of_dates(schedule->spans, schedule->nspans, date, date, day);

			if (overlapping(day, n, over->during))
				return true;
		}
	}
	return false;
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
	else if (hours->nruns == 0)
		refuse(ex, "grid", psprintf("starts are " INT64_FORMAT " minutes apart, counted from where the hours begin",
									ex->request->event->step / USECS_PER_MIN));
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
		if (schedule->full_meetings[i].start == ex->slot.start && schedule->full_meetings[i].end == ex->slot.end)
		{
			refuse(ex, "seats", "every seat is taken");
			return;
		}
	explain_busy(ex, "claim", "claimed", schedule->claims, schedule->nclaims);
	for (size_t i = 0; i < schedule->nmeetings; i++)
	{
		const Meeting *meeting = &schedule->meetings[i];

		if (meeting->during.start != ex->slot.start || meeting->during.end != ex->slot.end)
			explain_busy(ex, "claim", "claimed by a meeting of the same event type", &meeting->claim, 1);
	}
}

static void
explain_limits(Explanation *ex)
{
	const StartLimits *limits = ex->limits;
	TimeRange	start = {ex->slot.start, ex->slot.start + 1};

	if (!contains(limits->notice, limits->nnotice, start))
		refuse(ex, "notice", psprintf("it is now %s, and " INT64_FORMAT " minutes' notice is asked",
									  timestamptz_to_str(ex->request->now),
									  ex->request->event->min_notice / USECS_PER_MIN));
	if (!contains(limits->horizon, limits->nhorizon, start))
		refuse(ex, "horizon", "the date is not among those that can be booked");
	if (contains(limits->capped, limits->ncapped, start))
		refuse(ex, "cap", "the bookings of this day, week or month are used up");
}

/* explain_slot(event_type_id, starts_at) -> rows (host_id, verdict, reason, detail). Errors: OC002, OC006. */
Datum
explain_slot(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *event_type_id = check_uuid(fcinfo, 0, "event_type_id");
	int64		starts_at = check_instant(fcinfo, 1, "starts_at");
	SlotRequest request = {.range = {starts_at, starts_at + 1}, .now = settings_now()};
	Explanation ex = {.request = &request};
	GridStart	at;
	Sweep		sweep;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	SPI_connect();
	request.event = event_type_load(event_type_id, true);
	sweep_begin(&sweep, &request);
	if (!grid_next(&sweep.grid, &at))
		at = (GridStart) {starts_at, Max(request.event->buffer_before, 0), Max(request.event->buffer_after, 0)};
	ex.schedule = sweep.schedule;
	ex.limits = sweep.limits;
	ex.slot = (TimeRange) {starts_at, starts_at + request.event->duration};
	ex.widened = (TimeRange) {ex.slot.start - at.buffer_before, ex.slot.end + at.buffer_after};
	ex.rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	if (!request.event->is_active)
		refuse(&ex, "inactive", "the event type is not active");
	explain_hours(&ex);
	explain_claims(&ex);
	explain_busy(&ex, "busy_window", "busy in a calendar", sweep.schedule->windows, sweep.schedule->nwindows);
	explain_limits(&ex);
	if (ex.refusals == 0)
		put_verdict(&ex, "ok", NULL, NULL);
	SPI_finish();
	return (Datum) 0;
}
