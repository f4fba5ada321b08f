/*
 * Loads a host's schedule; the words are in schedule.h.
 *
 * Each query reads just what can matter: overrides HOURS_MARGIN around the range (one may replace a local date that
 * the range merely touches), busy time as far as the slots and their buffers reach.
 */
#include "data/schedule.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "time/civil.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

static SavedQuery rules_query = {
	.text =
		"SELECT r.day_of_week, r.start_minute, r.end_minute, r.buffer_before_minutes, r.buffer_after_minutes"
		" FROM opencalendly.availability_rules AS r WHERE r.schedule_id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery overrides_query = {
	.text = "SELECT o.starts_at, o.ends_at, o.is_available, o.replaces_day"
			" FROM opencalendly.availability_overrides AS o"
			" WHERE o.user_id" EQ "$1 AND (o.schedule_id IS NULL OR o.schedule_id" EQ "$2)"
			" AND o.ends_at" GT "$3 AND o.starts_at" LT "$4",
	.nargs = 4,
	.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery busy_query = {
	.text = "SELECT w.starts_at, w.ends_at FROM opencalendly.calendar_busy_windows AS w"
			" WHERE w.user_id" EQ "$1 AND w.ends_at" GT "$2 AND w.starts_at" LT "$3",
	.nargs = 3,
	.types = { UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery claims_query = {
	.text = "SELECT c.during, c.occurrence_id FROM opencalendly.claims AS c"
			" WHERE c.host_id" EQ "$1 AND c.during" OVERLAPS "pg_catalog.tstzrange($2, $3)"
			" AND (c.expires_at IS NULL OR c.expires_at" GT "$4)",
	.nargs = 4,
	.types = { UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

/* The same for an event type with several seats: own meetings come with how many seats are left. */
static SavedQuery group_claims_query = {
	/* clang-format off */
	.text =
		"SELECT c.during, c.occurrence_id, o.starts_at, o.ends_at,"
		" LEAST(o.seats, $6)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.bookings AS b"
		"   WHERE b.occurrence_id" EQ "o.id AND " LIVE("b") " AND b.id IS DISTINCT FROM $7)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.holds AS h"
		"   WHERE h.occurrence_id" EQ "o.id AND h.expires_at" GT "$4 AND h.id IS DISTINCT FROM $8)"
		" FROM opencalendly.claims AS c"
		" LEFT JOIN opencalendly.occurrences AS o ON o.id" EQ "c.occurrence_id AND o.event_type_id" EQ "$5"
		" WHERE c.host_id" EQ "$1 AND c.during" OVERLAPS "pg_catalog.tstzrange($2, $3)"
		" AND (c.expires_at IS NULL OR c.expires_at" GT "$4)",
	/* clang-format on */
	.nargs = 8,
	.types = { UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, INT4OID, UUIDOID,
			   UUIDOID },
};

/* Meetings that nobody but the booking and the hold to leave out keeps. */
static SavedQuery left_out_query = {
	/* clang-format off */
	.text =
		"SELECT o.id FROM opencalendly.occurrences AS o"
		" WHERE o.id IN (SELECT b.occurrence_id FROM opencalendly.bookings AS b WHERE b.id" EQ "$1"
		"   UNION ALL SELECT h.occurrence_id FROM opencalendly.holds AS h WHERE h.id" EQ "$2)"
		" AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b"
		"   WHERE b.occurrence_id" EQ "o.id AND " LIVE("b") " AND b.id IS DISTINCT FROM $1)"
		" AND NOT EXISTS (SELECT FROM opencalendly.holds AS h"
		"   WHERE h.occurrence_id" EQ "o.id AND h.expires_at" GT "$3 AND h.id IS DISTINCT FROM $2)",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID },
};

typedef struct LeftOut
{
	pg_uuid_t occurrences[2];
	uint64 n;
} LeftOut;

static void
load_left_out(const SlotRequest *request, LeftOut *out)
{
	out->n = 0;
	if (!request->ignore_booking && !request->hold)
		return;
	out->n = query_read(&left_out_query,
						(QueryArg[]) { UUID_ARG_OR_NULL(request->ignore_booking),
									   ARG_IF(request->hold, UUIDPGetDatum(&request->hold->id)),
									   ARG(TimestampTzGetDatum(request->now)) });
	for (uint64 i = 0; i < out->n; i++)
		out->occurrences[i] = row_uuid(i, 1);
	SPI_freetuptable(SPI_tuptable);
}

static bool
is_left_out(const LeftOut *left_out, uint64 row)
{
	bool isnull;
	Datum occurrence = row_datum(row, 2, &isnull);

	for (uint64 i = 0; i < left_out->n && !isnull; i++)
		if (memcmp(DatumGetUUIDP(occurrence), &left_out->occurrences[i], UUID_LEN) == 0)
			return true;
	return false;
}

static WeeklyRule *
load_rules(const EventType *event, size_t *nrules)
{
	WeeklyRule *rules;

	*nrules = 0;
	if (!event->has_schedule)
		return NULL;
	*nrules = query_read(&rules_query, (QueryArg[]) { UUID_ARG(&event->schedule_id) });
	rules = palloc(*nrules * sizeof(WeeklyRule));
	for (uint64 i = 0; i < *nrules; i++)
		rules[i] = (WeeklyRule) { .day_of_week = (int) row_int(i, 1),
								  .start_minute = (int) row_int(i, 2),
								  .end_minute = (int) row_int(i, 3),
								  .buffer_before = row_int(i, 4) * USECS_PER_MIN,
								  .buffer_after = row_int(i, 5) * USECS_PER_MIN };
	SPI_freetuptable(SPI_tuptable);
	return rules;
}

static void
load_overrides(const EventType *event, TimeRange around, HostSchedule *out)
{
	out->noverrides =
		query_read(&overrides_query,
				   (QueryArg[]) { UUID_ARG(&event->organizer_id),
								  ARG_IF(event->has_schedule, UUIDPGetDatum(&event->schedule_id)),
								  ARG(TimestampTzGetDatum(around.start)),
								  ARG(TimestampTzGetDatum(around.end)) });
	out->overrides = palloc(out->noverrides * sizeof(Override));
	for (uint64 i = 0; i < out->noverrides; i++)
		out->overrides[i] = (Override) { .during = { row_instant(i, 1), row_instant(i, 2) },
										 .is_available = row_bool(i, 3),
										 .replaces_day = row_bool(i, 4) };
	SPI_freetuptable(SPI_tuptable);
}

static void
expand_hours(const SlotRequest *request, const WeeklyRule *rules, size_t nrules, HostSchedule *out)
{
	HoursInput in = { .spans = out->spans,
					  .nspans = out->nspans,
					  .rules = rules,
					  .nrules = nrules,
					  .overrides = out->overrides,
					  .noverrides = out->noverrides,
					  .range = request->range,
					  .open_until = request->range.end + request->event->duration,
					  .step = request->event->step,
					  .buffer_before = request->event->buffer_before,
					  .buffer_after = request->event->buffer_after };
	size_t capacity = hours_capacity(&in);

	out->hours.open = palloc(capacity * sizeof(TimeRange));
	out->hours.blocked = palloc(out->noverrides * sizeof(TimeRange));
	out->hours.runs = palloc(capacity * sizeof(StartRun));
	hours_expand(&in, palloc(hours_dates(&in)), &out->hours);
}

static void
load_busy_windows(const EventType *event, TimeRange reach, HostSchedule *out)
{
	out->nwindows = query_read(&busy_query, (QueryArg[]) { UUID_ARG(&event->organizer_id),
														   ARG(TimestampTzGetDatum(reach.start)),
														   ARG(TimestampTzGetDatum(reach.end)) });
	out->windows = palloc(out->nwindows * sizeof(TimeRange));
	for (uint64 i = 0; i < out->nwindows; i++)
		out->windows[i] = (TimeRange) { row_instant(i, 1), row_instant(i, 2) };
	SPI_freetuptable(SPI_tuptable);
}

static TimeRange
interval_of_range(Datum datum)
{
	RangeType *range = DatumGetRangeTypeP(datum);
	RangeBound lower;
	RangeBound upper;
	bool empty;

	range_deserialize(lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO), range,
					  &lower, &upper, &empty);
	return (TimeRange) { DatumGetTimestampTz(lower.val), DatumGetTimestampTz(upper.val) };
}

/* Sorts a row of group_claims_query: a meeting to join, a full one of one's own, or somebody else's claim. */
static void
add_group_claim(uint64 row, TimeRange claim, HostSchedule *out)
{
	bool isnull;
	TimeRange during = { 0 };
	int64 left;

	row_datum(row, 3, &isnull);
	if (!isnull)
		during = (TimeRange) { row_instant(row, 3), row_instant(row, 4) };
	left = isnull ? 0 : row_int(row, 5);
	if (left > 0)
	{
		out->meeting_ids[out->nmeetings] = row_uuid(row, 2);
		out->meetings[out->nmeetings] = (Meeting) { claim, during, (int) left, out->nmeetings };
		out->nmeetings++;
		return;
	}
	if (!isnull)
		out->full_meetings[out->nfull_meetings++] = during;
	out->claims[out->nclaims++] = claim;
}

static int
compare_meetings(const void *a, const void *b)
{
	int64 x = ((const Meeting *) a)->claim.start;
	int64 y = ((const Meeting *) b)->claim.start;

	return (x > y) - (x < y);
}

static void
load_claims(const SlotRequest *request, TimeRange reach, HostSchedule *out)
{
	const EventType *event = request->event;
	bool is_group = event->seats > 1;
	QueryArg args[] = { UUID_ARG(&event->organizer_id),
						ARG(TimestampTzGetDatum(reach.start)),
						ARG(TimestampTzGetDatum(reach.end)),
						ARG(TimestampTzGetDatum(request->now)),
						UUID_ARG(&event->id),
						ARG(Int32GetDatum(event->seats)),
						UUID_ARG_OR_NULL(request->ignore_booking),
						ARG_IF(request->hold, UUIDPGetDatum(&request->hold->id)) };
	LeftOut left_out;
	uint64 rows;

	load_left_out(request, &left_out);
	rows = query_read(is_group ? &group_claims_query : &claims_query, args);
	out->claims = palloc(rows * sizeof(TimeRange));
	if (is_group)
	{
		out->meetings = palloc(rows * sizeof(Meeting));
		out->meeting_ids = palloc(rows * sizeof(pg_uuid_t));
		out->full_meetings = palloc(rows * sizeof(TimeRange));
	}
	for (uint64 i = 0; i < rows; i++)
	{
		bool isnull;
		TimeRange claim;

		if (left_out.n > 0 && is_left_out(&left_out, i))
			continue;
		claim = interval_of_range(row_datum(i, 1, &isnull));
		if (is_group)
			add_group_claim(i, claim, out);
		else
			out->claims[out->nclaims++] = claim;
	}
	SPI_freetuptable(SPI_tuptable);
	if (out->nmeetings > 1)
		qsort(out->meetings, out->nmeetings, sizeof(Meeting), compare_meetings);
}

/* How far the slots and their buffers reach beyond the range. */
static TimeRange
busy_reach(const SlotRequest *request, const Hours *hours)
{
	int64 before = Max(request->event->buffer_before, 0);
	int64 after = Max(request->event->buffer_after, 0);

	for (size_t i = 0; i < hours->nruns; i++)
	{
		before = Max(before, hours->runs[i].buffer_before);
		after = Max(after, hours->runs[i].buffer_after);
	}
	return (TimeRange) { request->range.start - before,
						 request->range.end + request->event->duration + after };
}

/* Brings the parts into the form that the sweep reads. */
static void
prepare_sweep(HostSchedule *out)
{
	TimeRange *open = palloc((out->hours.nopen + out->hours.nblocked) * sizeof(TimeRange));
	TimeRange *busy = palloc((out->nclaims + out->nwindows) * sizeof(TimeRange));

	out->time.open = open;
	out->time.nopen = interval_subtract(out->hours.open, out->hours.nopen, out->hours.blocked,
										out->hours.nblocked, open);
	memcpy(busy, out->claims, out->nclaims * sizeof(TimeRange));
	memcpy(busy + out->nclaims, out->windows, out->nwindows * sizeof(TimeRange));
	out->time.busy = busy;
	out->time.nbusy = interval_merge(busy, out->nclaims + out->nwindows);
	out->time.meetings = out->meetings;
	out->time.nmeetings = out->nmeetings;
	host_time_init(&out->time, out->hours.runs, out->hours.nruns);
}

HostSchedule *
schedule_load(const SlotRequest *request)
{
	HostSchedule *out = palloc0(sizeof(HostSchedule));
	TimeRange around = { request->range.start - HOURS_MARGIN,
						 request->range.end + request->event->duration + HOURS_MARGIN };
	WeeklyRule *rules;
	size_t nrules;
	TimeRange reach;

	out->host_id = request->event->organizer_id;
	out->spans = civil_spans(request->event->zone, around.start, around.end, &out->nspans);
	rules = load_rules(request->event, &nrules);
	load_overrides(request->event, around, out);
	expand_hours(request, rules, nrules, out);
	reach = busy_reach(request, &out->hours);
	load_busy_windows(request->event, reach, out);
	load_claims(request, reach, out);
	prepare_sweep(out);
	return out;
}
