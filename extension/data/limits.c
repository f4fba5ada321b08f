/*
 * Limits on starts; the words are in limits.h. Dates, weeks and months are those of the event type's zone. Everything is
 * turned into sets of instants once, so that the sweep over the grid asks one set.
 */
#include "data/limits.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "time/civil.h"
#include "utils/timestamp.h"

/* Starts of what counts towards the caps in [$2, $3): live bookings and holds of the event type. */
static SavedQuery counted_query = {
	/* clang-format off */
	.text =
		"SELECT b.starts_at FROM opencalendly.bookings AS b"
		" WHERE b.event_type_id" EQ "$1 AND b.starts_at" GE "$2 AND b.starts_at" LT "$3 AND " LIVE("b")
		" AND b.id IS DISTINCT FROM $5"
		" UNION ALL "
		"SELECT o.starts_at FROM opencalendly.holds AS h"
		" JOIN opencalendly.occurrences AS o ON o.id" EQ "h.occurrence_id"
		" WHERE h.event_type_id" EQ "$1 AND h.expires_at" GT "$4 AND h.id IS DISTINCT FROM $6"
		" AND o.starts_at" GE "$2 AND o.starts_at" LT "$3",
	/* clang-format on */
	.nargs = 6,
	.types = { UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, UUIDOID },
};

/* Dates [first, last] in the event type's zone, with how much of each is used. */
typedef struct DateCounts
{
	int64 first;
	int64 last;
	int *counts;
} DateCounts;

static TimeRange *
single_interval(int64 start, int64 end, size_t *n)
{
	TimeRange *set = palloc(2 * sizeof(TimeRange));

	set[0] = (TimeRange) { start, end };
	*n = interval_merge(set, 1);
	return set;
}

/* The zone's spans around the range. */
static ZoneSpan *
load_spans(const SlotRequest *request, size_t *nspans)
{
	return civil_spans(request->event->zone, request->range.start - HOURS_MARGIN,
					   request->range.end + HOURS_MARGIN, nspans);
}

/*
 * From now + notice on. The start of an own live hold is late enough if it was when the hold was made; a single
 * microsecond then stands for it.
 */
static void
load_notice(const SlotRequest *request, StartLimits *out)
{
	int64 notice = request->by_organizer ? 0 : request->event->min_notice;
	const Hold *hold = request->hold;

	out->notice = single_interval(Max(request->range.start, request->now + notice),
								  request->range.end, &out->nnotice);
	if (!hold || memcmp(&hold->event_type_id, &request->event->id, UUID_LEN) != 0 ||
		hold->starts_at < hold->created_at + notice || hold->starts_at < request->range.start ||
		hold->starts_at >= request->range.end)
		return;
	out->notice[out->nnotice] = (TimeRange) { hold->starts_at, hold->starts_at + 1 };
	out->nnotice = interval_merge(out->notice, out->nnotice + 1);
}

/* The local date of now, which need not lie near the range. */
static int64
local_today(const SlotRequest *request)
{
	size_t nspans;
	ZoneSpan *spans = civil_spans(request->event->zone, request->now, request->now + 1, &nspans);

	return hours_date_at(spans, nspans, request->now);
}

static void
load_horizon(const SlotRequest *request, StartLimits *out)
{
	const EventType *event = request->event;
	int64 first = event->bookable_from;
	int64 last = event->bookable_until;
	ZoneSpan *spans;
	size_t nspans;

	if (event->max_days_ahead != NO_LIMIT)
		last = Min(last, local_today(request) + event->max_days_ahead);
	if (request->by_organizer || (first == PG_INT64_MIN && last == PG_INT64_MAX))
	{
		out->horizon = single_interval(request->range.start, request->range.end, &out->nhorizon);
		return;
	}
	/* any date that the spans cannot reach will do for "no limit" */
	first = Max(first, floor_div(request->range.start, USECS_IN_DAY) - 5);
	last = Min(last, floor_div(request->range.end, USECS_IN_DAY) + 5);
	spans = load_spans(request, &nspans);
	out->horizon = palloc(nspans * sizeof(TimeRange));
	out->nhorizon = first <= last ? hours_of_dates(spans, nspans, first, last, out->horizon) : 0;
}

static void
count_dates(const SlotRequest *request, DateCounts *dates)
{
	int64 from = (dates->first - 2) * USECS_IN_DAY;
	int64 to = (dates->last + 3) * USECS_IN_DAY;
	size_t nspans;
	ZoneSpan *spans = civil_spans(request->event->zone, from, to, &nspans);
	uint64 rows = query_read(
		&counted_query,
		(QueryArg[]) { UUID_ARG(&request->event->id), ARG(TimestampTzGetDatum(from)),
					   ARG(TimestampTzGetDatum(to)), ARG(TimestampTzGetDatum(request->now)),
					   UUID_ARG_OR_NULL(request->ignore_booking),
					   ARG_IF(request->hold, UUIDPGetDatum(&request->hold->id)) });

	dates->counts = palloc0((dates->last - dates->first + 1) * sizeof(int));
	for (uint64 i = 0; i < rows; i++)
	{
		int64 date = hours_date_at(spans, nspans, row_instant(i, 1));

		if (date >= dates->first && date <= dates->last)
			dates->counts[date - dates->first]++;
	}
	SPI_freetuptable(SPI_tuptable);
}

static int64
day_start(int64 date)
{
	return date;
}

/* Adds the instants of each full period; period_start gives the first date of a date's period. */
static void
add_full_periods(const DateCounts *dates, int64 limit, int64 (*period_start)(int64),
				 const ZoneSpan *spans, size_t nspans, StartLimits *out)
{
	int64 begin = dates->first;

	if (limit == NO_LIMIT)
		return;
	while (begin <= dates->last)
	{
		int64 end = begin;
		int64 used = 0;

		while (end <= dates->last && period_start(end) == period_start(begin))
			used += dates->counts[end++ - dates->first];
		if (used >= limit)
			out->ncapped +=
				hours_of_dates(spans, nspans, begin, end - 1, out->capped + out->ncapped);
		begin = end;
	}
}

static void
load_caps(const SlotRequest *request, StartLimits *out)
{
	const EventType *event = request->event;
	DateCounts dates;
	ZoneSpan *spans;
	size_t nspans;

	if (request->by_organizer ||
		(event->daily_limit == NO_LIMIT && event->weekly_limit == NO_LIMIT &&
		 event->monthly_limit == NO_LIMIT))
		return;
	spans = load_spans(request, &nspans);
	/* whole weeks and months around the range; a month and a week later is beyond both */
	dates.first = floor_div(request->range.start, USECS_IN_DAY) - 2;
	dates.last = floor_div(request->range.end, USECS_IN_DAY) + 2;
	dates.first = Min(civil_week_start(dates.first), civil_month_start(dates.first));
	dates.last = Max(civil_week_start(dates.last) + 6,
					 civil_month_start(civil_month_start(dates.last) + 31) - 1);
	count_dates(request, &dates);
	out->capped = palloc((dates.last - dates.first + 1) * 3 * nspans * sizeof(TimeRange));
	add_full_periods(&dates, event->daily_limit, day_start, spans, nspans, out);
	add_full_periods(&dates, event->weekly_limit, civil_week_start, spans, nspans, out);
	add_full_periods(&dates, event->monthly_limit, civil_month_start, spans, nspans, out);
	out->ncapped = interval_merge(out->capped, out->ncapped);
}

StartLimits *
limits_load(const SlotRequest *request)
{
	StartLimits *out = palloc0(sizeof(StartLimits));
	TimeRange *on_time;
	size_t n;

	load_notice(request, out);
	load_horizon(request, out);
	load_caps(request, out);
	on_time = palloc((out->nnotice + out->nhorizon) * sizeof(TimeRange));
	n = interval_intersect(out->notice, out->nnotice, out->horizon, out->nhorizon, on_time);
	out->allowed = palloc((n + out->ncapped) * sizeof(TimeRange));
	out->nallowed = interval_subtract(on_time, n, out->capped, out->ncapped, out->allowed);
	return out;
}
