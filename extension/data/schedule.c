/*
 * Loads the attendees' schedules; the words are in schedule.h.
 *
 * Each query reads just what can matter: overrides HOURS_MARGIN around the range (one may replace a local date that
 * the range merely touches), busy time as far as the slots and their buffers reach. Each takes arrays of hosts and gives
 * rows that begin with the host's number in them, from 1.
 */
#include "data/schedule.h"

#include "catalog/pg_type_d.h"
#include "data/query.h"
#include "time/civil.h"
#include "utils/timestamp.h"

static SavedQuery rules_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, r.day_of_week, r.start_minute, r.end_minute, r.buffer_before_minutes, r.buffer_after_minutes"
		" FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(schedule_id, n)"
		" JOIN opencalendly.availability_rules AS r ON r.schedule_id" EQ "h.schedule_id",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

static SavedQuery overrides_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, o.starts_at, o.ends_at, o.is_available, o.replaces_day"
		" FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS h(id, schedule_id, n)"
		" JOIN opencalendly.availability_overrides AS o ON o.user_id" EQ "h.id"
		" AND (o.schedule_id IS NULL OR o.schedule_id" EQ "h.schedule_id)"
		" AND o.ends_at" GT "$3 AND o.starts_at" LT "$4",
	/* clang-format on */
	.nargs = 4,
	.types = { UUIDARRAYOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery busy_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, w.starts_at, w.ends_at FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(id, n)"
		" JOIN opencalendly.calendar_busy_windows AS w ON w.user_id" EQ "h.id"
		" AND w.ends_at" GT "$2 AND w.starts_at" LT "$3",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery claims_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, pg_catalog.lower(c.during), pg_catalog.upper(c.during), c.occurrence_id"
		" FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(id, n)"
		" JOIN opencalendly.claims AS c ON c.host_id" EQ "h.id"
		" AND pg_catalog.upper(c.during)" GT "$2 AND pg_catalog.lower(c.during)" LT "$3"
		" AND (c.expires_at IS NULL OR c.expires_at" GT "$4)",
	/* clang-format on */
	.nargs = 4,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

/* The same for an event type with several seats: own meetings come with how many seats are left. */
static SavedQuery group_claims_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, pg_catalog.lower(c.during), pg_catalog.upper(c.during), c.occurrence_id, o.starts_at, o.ends_at,"
		" LEAST(o.seats, $6)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.bookings AS b"
		"   WHERE b.occurrence_id" EQ "o.id AND " LIVE("b") " AND b.id IS DISTINCT FROM $7)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.holds AS h"
		"   WHERE h.occurrence_id" EQ "o.id AND h.expires_at" GT "$4 AND h.id IS DISTINCT FROM $8)"
		" FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(id, n)"
		" JOIN opencalendly.claims AS c ON c.host_id" EQ "h.id"
		" AND pg_catalog.upper(c.during)" GT "$2 AND pg_catalog.lower(c.during)" LT "$3"
		" AND (c.expires_at IS NULL OR c.expires_at" GT "$4)"
		" LEFT JOIN opencalendly.occurrences AS o ON o.id" EQ "c.occurrence_id AND o.event_type_id" EQ "$5",
	/* clang-format on */
	.nargs = 8,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, INT4OID,
			   UUIDOID, UUIDOID },
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
	Datum occurrence = row_datum(row, 4, &isnull);

	for (uint64 i = 0; i < left_out->n && !isnull; i++)
		if (memcmp(DatumGetUUIDP(occurrence), &left_out->occurrences[i], UUID_LEN) == 0)
			return true;
	return false;
}

/* The attendees as the queries take them, and their schedules as they grow. */
typedef struct Loading
{
	const SlotRequest *request;
	HostSchedule *hosts;
	int nhosts;
	Datum host_ids;
	Datum schedule_ids;
	TimeRange around; /* where overrides matter */
	TimeRange reach;  /* where busy time matters */
} Loading;

static void
begin_loading(Loading *loading, const SlotRequest *request)
{
	const EventType *event = request->event;
	Datum *ids = palloc(event->nattendees * sizeof(Datum));
	Datum *schedule_ids = palloc(event->nattendees * sizeof(Datum));
	bool *nulls = palloc(event->nattendees * sizeof(bool));

	*loading = (Loading) { .request = request,
						   .hosts = palloc0(event->nattendees * sizeof(HostSchedule)),
						   .nhosts = event->nattendees,
						   .around = { request->range.start - HOURS_MARGIN,
									   request->range.end + event->duration + HOURS_MARGIN } };
	for (int i = 0; i < event->nattendees; i++)
	{
		const Attendee *attendee = &event->attendees[i];

		loading->hosts[i].attendee = attendee;
		ids[i] = UUIDPGetDatum(&attendee->host_id);
		schedule_ids[i] = UUIDPGetDatum(&attendee->schedule_id);
		nulls[i] = !attendee->has_schedule;
	}
	loading->host_ids = array_of(UUIDOID, ids, NULL, event->nattendees);
	loading->schedule_ids = array_of(UUIDOID, schedule_ids, nulls, event->nattendees);
}

static HostSchedule *
host_of_row(const Loading *loading, uint64 row)
{
	return &loading->hosts[row_int(row, 1) - 1];
}

/*
 * Where each host's part of an array for all rows begins: rows come in any order, so they are counted first. The last
 * member is the number of rows.
 */
static uint64 *
host_parts(const Loading *loading, uint64 rows)
{
	uint64 *parts = palloc0((loading->nhosts + 1) * sizeof(uint64));

	for (uint64 i = 0; i < rows; i++)
		parts[row_int(i, 1)]++;
	for (int h = 0; h < loading->nhosts; h++)
		parts[h + 1] += parts[h];
	return parts;
}

static void
load_rules(const Loading *loading)
{
	uint64 rows = query_read(&rules_query, (QueryArg[]) { ARG(loading->schedule_ids) });
	WeeklyRule *rules = palloc(rows * sizeof(WeeklyRule));
	uint64 *parts = host_parts(loading, rows);

	for (int h = 0; h < loading->nhosts; h++)
		loading->hosts[h].rules = rules + parts[h];
	for (uint64 i = 0; i < rows; i++)
	{
		HostSchedule *host = host_of_row(loading, i);

		rules[parts[host - loading->hosts] + host->nrules++] =
			(WeeklyRule) { .day_of_week = (int) row_int(i, 2),
						   .start_minute = (int) row_int(i, 3),
						   .end_minute = (int) row_int(i, 4),
						   .buffers = { row_int(i, 5) * USECS_PER_MIN,
										row_int(i, 6) * USECS_PER_MIN } };
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
load_overrides(const Loading *loading)
{
	uint64 rows = query_read(&overrides_query,
							 (QueryArg[]) { ARG(loading->host_ids), ARG(loading->schedule_ids),
											ARG(TimestampTzGetDatum(loading->around.start)),
											ARG(TimestampTzGetDatum(loading->around.end)) });
	Override *overrides = palloc(rows * sizeof(Override));
	uint64 *parts = host_parts(loading, rows);

	for (int h = 0; h < loading->nhosts; h++)
		loading->hosts[h].overrides = overrides + parts[h];
	for (uint64 i = 0; i < rows; i++)
	{
		HostSchedule *host = host_of_row(loading, i);

		overrides[parts[host - loading->hosts] + host->noverrides++] =
			(Override) { .during = { row_instant(i, 2), row_instant(i, 3) },
						 .is_available = row_bool(i, 4),
						 .replaces_day = row_bool(i, 5) };
	}
	SPI_freetuptable(SPI_tuptable);
}

/* The zone's spans; those of another host in the same zone will do. */
static void
load_spans(const Loading *loading, HostSchedule *out)
{
	for (const HostSchedule *other = loading->hosts; other < out; other++)
		if (other->attendee->zone == out->attendee->zone)
		{
			out->spans = other->spans;
			out->nspans = other->nspans;
			return;
		}
	out->spans =
		civil_spans(out->attendee->zone, loading->around.start, loading->around.end, &out->nspans);
}

static void
expand_hours(const Loading *loading, HostSchedule *out)
{
	const SlotRequest *request = loading->request;
	HoursInput in = { .spans = out->spans,
					  .nspans = out->nspans,
					  .rules = out->rules,
					  .nrules = out->nrules,
					  .overrides = out->overrides,
					  .noverrides = out->noverrides,
					  .range = request->range,
					  .open_until = request->range.end + request->event->duration,
					  .step = request->event->step,
					  .buffers = request->event->buffers };
	size_t capacity = hours_capacity(&in);

	out->hours.open = palloc(capacity * sizeof(TimeRange));
	out->hours.blocked = palloc(out->noverrides * sizeof(TimeRange));
	out->hours.runs = palloc(capacity * sizeof(StartRun));
	hours_expand(&in, palloc(hours_dates(&in)), &out->hours);
	host_time_init(&out->time, out->hours.runs, out->hours.nruns, request->event->step,
				   (Buffers) { Max(request->event->buffers.before, 0),
							   Max(request->event->buffers.after, 0) });
}

/* How far the slots and their buffers reach beyond the range, for any host. */
static TimeRange
busy_reach(const Loading *loading)
{
	const SlotRequest *request = loading->request;
	Buffers longest = { 0, 0 };

	for (int h = 0; h < loading->nhosts; h++)
	{
		longest.before = Max(longest.before, loading->hosts[h].time.longest.before);
		longest.after = Max(longest.after, loading->hosts[h].time.longest.after);
	}
	return (TimeRange) { request->range.start - longest.before,
						 request->range.end + request->event->duration + longest.after };
}

static void
load_busy_windows(const Loading *loading)
{
	uint64 rows =
		query_read(&busy_query, (QueryArg[]) { ARG(loading->host_ids),
											   ARG(TimestampTzGetDatum(loading->reach.start)),
											   ARG(TimestampTzGetDatum(loading->reach.end)) });
	TimeRange *windows = palloc(rows * sizeof(TimeRange));
	uint64 *parts = host_parts(loading, rows);

	for (int h = 0; h < loading->nhosts; h++)
		loading->hosts[h].windows = windows + parts[h];
	for (uint64 i = 0; i < rows; i++)
	{
		HostSchedule *host = host_of_row(loading, i);

		host->windows[host->nwindows++] = (TimeRange) { row_instant(i, 2), row_instant(i, 3) };
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Sorts a row of group_claims_query: a meeting to join, a full one of one's own, or somebody else's claim. */
static void
add_group_claim(uint64 row, TimeRange claim, HostSchedule *out)
{
	bool isnull;
	TimeRange during = { 0 };
	int64 left;

	row_datum(row, 5, &isnull);
	if (!isnull)
		during = (TimeRange) { row_instant(row, 5), row_instant(row, 6) };
	left = isnull ? 0 : row_int(row, 7);
	if (left > 0)
	{
		out->meeting_ids[out->nmeetings] = row_uuid(row, 4);
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

/* Gives each host its parts of the arrays that claims and meetings go into. */
static void
make_room_for_claims(const Loading *loading, uint64 rows)
{
	uint64 *parts = host_parts(loading, rows);
	TimeRange *claims = palloc(rows * sizeof(TimeRange));
	Meeting *meetings = palloc(rows * sizeof(Meeting));
	pg_uuid_t *meeting_ids = palloc(rows * sizeof(pg_uuid_t));
	TimeRange *full_meetings = palloc(rows * sizeof(TimeRange));

	for (int h = 0; h < loading->nhosts; h++)
	{
		loading->hosts[h].claims = claims + parts[h];
		loading->hosts[h].meetings = meetings + parts[h];
		loading->hosts[h].meeting_ids = meeting_ids + parts[h];
		loading->hosts[h].full_meetings = full_meetings + parts[h];
	}
}

static uint64
read_claims(const Loading *loading)
{
	const SlotRequest *request = loading->request;
	const EventType *event = request->event;

	return query_read(
		event->seats > 1 ? &group_claims_query : &claims_query,
		(QueryArg[]) { ARG(loading->host_ids), ARG(TimestampTzGetDatum(loading->reach.start)),
					   ARG(TimestampTzGetDatum(loading->reach.end)),
					   ARG(TimestampTzGetDatum(request->now)), UUID_ARG(&event->id),
					   ARG(Int32GetDatum(event->seats)), UUID_ARG_OR_NULL(request->ignore_booking),
					   ARG_IF(request->hold, UUIDPGetDatum(&request->hold->id)) });
}

static void
load_claims(const Loading *loading)
{
	LeftOut left_out;
	uint64 rows;

	load_left_out(loading->request, &left_out);
	rows = read_claims(loading);
	make_room_for_claims(loading, rows);
	for (uint64 i = 0; i < rows; i++)
	{
		HostSchedule *host = host_of_row(loading, i);
		TimeRange claim = { row_instant(i, 2), row_instant(i, 3) };

		if (left_out.n > 0 && is_left_out(&left_out, i))
			continue;
		if (loading->request->event->seats > 1)
			add_group_claim(i, claim, host);
		else
			host->claims[host->nclaims++] = claim;
	}
	SPI_freetuptable(SPI_tuptable);
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
	if (out->nmeetings > 1)
		qsort(out->meetings, out->nmeetings, sizeof(Meeting), compare_meetings);
	out->time.meetings = out->meetings;
	out->time.nmeetings = out->nmeetings;
}

HostSchedule *
schedules_load(const SlotRequest *request)
{
	Loading loading;

	begin_loading(&loading, request);
	load_rules(&loading);
	load_overrides(&loading);
	for (int h = 0; h < loading.nhosts; h++)
	{
		load_spans(&loading, &loading.hosts[h]);
		expand_hours(&loading, &loading.hosts[h]);
	}
	loading.reach = busy_reach(&loading);
	load_busy_windows(&loading);
	load_claims(&loading);
	for (int h = 0; h < loading.nhosts; h++)
		prepare_sweep(&loading.hosts[h]);
	return loading.hosts;
}
