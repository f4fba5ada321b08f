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

/*
 * Windows that end after $2 and begin before $3. Those that end a week after $3 or later are looked for among the long
 * ones alone, which have an index, so that the year after $3 need not be gone through.
 */
static SavedQuery busy_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, w.starts_at, w.ends_at FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(id, n)"
		" JOIN opencalendly.calendar_busy_windows AS w ON w.user_id" EQ "h.id AND w.ends_at" GT "$2"
		" AND w.ends_at" LT "($3 OPERATOR(pg_catalog.+) INTERVAL '168:00') AND w.starts_at" LT "$3"
		" UNION ALL"
		" SELECT h.n, w.starts_at, w.ends_at FROM pg_catalog.unnest($1) WITH ORDINALITY AS h(id, n)"
		" JOIN opencalendly.calendar_busy_windows AS w ON w.user_id" EQ "h.id"
		" AND (w.ends_at OPERATOR(pg_catalog.-) w.starts_at) OPERATOR(pg_catalog.>=) INTERVAL '168:00'"
		" AND w.ends_at OPERATOR(pg_catalog.>=) ($3 OPERATOR(pg_catalog.+) INTERVAL '168:00') AND w.starts_at" LT "$3",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

/* Calendars too old to go by. A connection that is leaving is none any more. */
static SavedQuery stale_query = {
	/* clang-format off */
	.text =
		"SELECT pg_catalog.array_position($1, k.user_id), COALESCE(k.synced_at, k.chosen_at, c.created_at)"
		" FROM opencalendly.calendars AS k"
		" JOIN opencalendly.calendar_connections AS c ON c.id" EQ "k.connection_id"
		"  AND c.staleness" EQ "'refuse' AND c.state" NE "'leaving'"
		" WHERE k.user_id" EQ "ANY ($1) AND k.is_busy_source"
		" AND COALESCE(k.synced_at, k.chosen_at, c.created_at)" LT
		"($2 OPERATOR(pg_catalog.-) (c.stale_after_minutes OPERATOR(pg_catalog.*) INTERVAL '1 minute'))",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID },
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

/*
 * The same for an event type with several seats: own meetings come with how many seats are left; none if somebody is in
 * them who does not attend any more.
 */
static SavedQuery group_claims_query = {
	/* clang-format off */
	.text =
		"SELECT h.n, pg_catalog.lower(c.during), pg_catalog.upper(c.during), c.occurrence_id, o.starts_at, o.ends_at,"
		" CASE WHEN EXISTS (SELECT FROM opencalendly.claims AS x"
		"   WHERE x.occurrence_id" EQ "o.id AND x.host_id OPERATOR(pg_catalog.<>) ALL ($1)) THEN 0"
		" ELSE LEAST(o.seats, $6)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.bookings AS b"
		"   WHERE b.occurrence_id" EQ "o.id AND " LIVE("b") " AND b.id IS DISTINCT FROM $7)"
		" OPERATOR(pg_catalog.-) (SELECT pg_catalog.count(*) FROM opencalendly.holds AS h"
		"   WHERE h.occurrence_id" EQ "o.id AND h.expires_at" GT "$4 AND h.id IS DISTINCT FROM $8) END"
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
is_left_out(const LeftOut *left_out, Datum occurrence, bool isnull)
{
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
	LeftOut left_out;
} Loading;

/* Rows of one kind for all hosts, each with its host. */
typedef struct Gathered
{
	size_t item_size;
	char *items;
	int *hosts;
	size_t n;
	size_t capacity;
	const Loading *loading;
} Gathered;

/* Room for one more item, of the host whose number from 1 is the datum. */
static void *
gather(Gathered *gathered, Datum number)
{
	if (gathered->n == gathered->capacity)
	{
		gathered->capacity = Max(gathered->capacity * 2, 16 * (size_t) gathered->loading->nhosts);
		gathered->items = gathered->n == 0
							  ? palloc(gathered->capacity * gathered->item_size)
							  : repalloc(gathered->items, gathered->capacity * gathered->item_size);
		gathered->hosts = gathered->n == 0
							  ? palloc(gathered->capacity * sizeof(int))
							  : repalloc(gathered->hosts, gathered->capacity * sizeof(int));
	}
	gathered->hosts[gathered->n] = (int) DatumGetInt64(number) - 1;
	return gathered->items + gathered->item_size * gathered->n++;
}

/* Puts the items in the hosts' order; parts[h] is where those of host h begin, and parts[nhosts] their number. */
static size_t *
part_by_host(Gathered *gathered)
{
	int nhosts = gathered->loading->nhosts;
	size_t *parts = palloc0((nhosts + 2) * sizeof(size_t));
	bool is_parted = true;
	char *sorted;

	/* counted two places on, so that the sums below can be moved to where the next item goes */
	for (size_t i = 0; i < gathered->n; i++)
	{
		parts[gathered->hosts[i] + 2]++;
		is_parted &= i == 0 || gathered->hosts[i - 1] <= gathered->hosts[i];
	}
	for (int h = 0; h < nhosts; h++)
		parts[h + 2] += parts[h + 1];
	if (is_parted)
		return parts + 1;
	sorted = palloc(gathered->n * gathered->item_size);
	for (size_t i = 0; i < gathered->n; i++)
		memcpy(sorted + gathered->item_size * parts[gathered->hosts[i] + 1]++,
			   gathered->items + gathered->item_size * i, gathered->item_size);
	gathered->items = sorted;
	return parts;
}

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

static void
add_rule(void *arg, const Datum *values, const bool *nulls)
{
	WeeklyRule *rule = gather(arg, values[0]);

	(void) nulls;
	*rule = (WeeklyRule) { .day_of_week = DatumGetInt32(values[1]),
						   .start_minute = DatumGetInt32(values[2]),
						   .end_minute = DatumGetInt32(values[3]),
						   .buffers = { DatumGetInt32(values[4]) * USECS_PER_MIN,
										DatumGetInt32(values[5]) * USECS_PER_MIN } };
}

static void
load_rules(const Loading *loading)
{
	Gathered rules = { .item_size = sizeof(WeeklyRule), .loading = loading };
	size_t *parts;

	query_each(&rules_query, (QueryArg[]) { ARG(loading->schedule_ids) }, add_rule, &rules);
	parts = part_by_host(&rules);
	for (int h = 0; h < loading->nhosts; h++)
	{
		loading->hosts[h].rules = (WeeklyRule *) rules.items + parts[h];
		loading->hosts[h].nrules = parts[h + 1] - parts[h];
	}
}

static void
add_override(void *arg, const Datum *values, const bool *nulls)
{
	Override *override = gather(arg, values[0]);

	(void) nulls;
	*override =
		(Override) { .during = { DatumGetTimestampTz(values[1]), DatumGetTimestampTz(values[2]) },
					 .is_available = DatumGetBool(values[3]),
					 .replaces_day = DatumGetBool(values[4]) };
}

static void
load_overrides(const Loading *loading)
{
	Gathered overrides = { .item_size = sizeof(Override), .loading = loading };
	size_t *parts;

	query_each(&overrides_query,
			   (QueryArg[]) { ARG(loading->host_ids), ARG(loading->schedule_ids),
							  ARG(TimestampTzGetDatum(loading->around.start)),
							  ARG(TimestampTzGetDatum(loading->around.end)) },
			   add_override, &overrides);
	parts = part_by_host(&overrides);
	for (int h = 0; h < loading->nhosts; h++)
	{
		loading->hosts[h].overrides = (Override *) overrides.items + parts[h];
		loading->hosts[h].noverrides = parts[h + 1] - parts[h];
	}
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
add_busy_window(void *arg, const Datum *values, const bool *nulls)
{
	TimeRange *window = gather(arg, values[0]);

	(void) nulls;
	*window = (TimeRange) { DatumGetTimestampTz(values[1]), DatumGetTimestampTz(values[2]) };
}

static void
load_busy_windows(const Loading *loading)
{
	Gathered windows = { .item_size = sizeof(TimeRange), .loading = loading };
	size_t *parts;

	query_each(&busy_query,
			   (QueryArg[]) { ARG(loading->host_ids),
							  ARG(TimestampTzGetDatum(loading->reach.start)),
							  ARG(TimestampTzGetDatum(loading->reach.end)) },
			   add_busy_window, &windows);
	parts = part_by_host(&windows);
	for (int h = 0; h < loading->nhosts; h++)
	{
		loading->hosts[h].windows = (TimeRange *) windows.items + parts[h];
		loading->hosts[h].nwindows = parts[h + 1] - parts[h];
	}
}

static void
add_stale_calendar(void *arg, const Datum *values, const bool *nulls)
{
	HostSchedule *host = (HostSchedule *) arg + DatumGetInt32(values[0]) - 1;
	int64 read_at = DatumGetTimestampTz(values[1]);

	(void) nulls;
	host->read_at = host->is_stale ? Min(host->read_at, read_at) : read_at;
	host->is_stale = true;
}

static void
load_staleness(const Loading *loading)
{
	if (loading->request->by_organizer)
		return;
	query_each(
		&stale_query,
		(QueryArg[]) { ARG(loading->host_ids), ARG(TimestampTzGetDatum(loading->request->now)) },
		add_stale_calendar, loading->hosts);
}

static void
add_claim(void *arg, const Datum *values, const bool *nulls)
{
	Gathered *claims = arg;
	TimeRange *claim;

	if (is_left_out(&claims->loading->left_out, values[3], nulls[3]))
		return;
	claim = gather(claims, values[0]);
	*claim = (TimeRange) { DatumGetTimestampTz(values[1]), DatumGetTimestampTz(values[2]) };
}

static void
load_solo_claims(const Loading *loading, const QueryArg *args)
{
	Gathered claims = { .item_size = sizeof(TimeRange), .loading = loading };
	size_t *parts;

	query_each(&claims_query, args, add_claim, &claims);
	parts = part_by_host(&claims);
	for (int h = 0; h < loading->nhosts; h++)
	{
		loading->hosts[h].claims = (TimeRange *) claims.items + parts[h];
		loading->hosts[h].nclaims = parts[h + 1] - parts[h];
	}
}

/* A row of group_claims_query. */
typedef struct GroupClaim
{
	TimeRange claim;
	bool is_own;      /* of a meeting of the event type */
	TimeRange during; /* of that meeting */
	int64 seats_left; /* in that meeting */
	pg_uuid_t meeting_id;
} GroupClaim;

static void
add_group_claim(void *arg, const Datum *values, const bool *nulls)
{
	Gathered *claims = arg;
	GroupClaim *row;

	if (is_left_out(&claims->loading->left_out, values[3], nulls[3]))
		return;
	row = gather(claims, values[0]);
	*row =
		(GroupClaim) { .claim = { DatumGetTimestampTz(values[1]), DatumGetTimestampTz(values[2]) },
					   .is_own = !nulls[4] };
	if (!row->is_own)
		return;
	row->meeting_id = *DatumGetUUIDP(values[3]);
	row->during = (TimeRange) { DatumGetTimestampTz(values[4]), DatumGetTimestampTz(values[5]) };
	row->seats_left = DatumGetInt64(values[6]);
}

/* Sorts a host's rows: meetings to join, full ones of one's own, and everybody else's claims. */
static void
sort_group_claims(const GroupClaim *rows, size_t n, HostSchedule *out)
{
	out->claims = palloc(n * sizeof(TimeRange));
	out->meetings = palloc(n * sizeof(Meeting));
	out->meeting_ids = palloc(n * sizeof(pg_uuid_t));
	out->full_meetings = palloc(n * sizeof(TimeRange));
	for (size_t i = 0; i < n; i++)
	{
		const GroupClaim *row = &rows[i];

		if (row->is_own && row->seats_left > 0)
		{
			out->meeting_ids[out->nmeetings] = row->meeting_id;
			out->meetings[out->nmeetings] =
				(Meeting) { row->claim, row->during, (int) row->seats_left, out->nmeetings };
			out->nmeetings++;
			continue;
		}
		if (row->is_own)
			out->full_meetings[out->nfull_meetings++] = row->during;
		out->claims[out->nclaims++] = row->claim;
	}
}

static int
compare_meetings(const void *a, const void *b)
{
	int64 x = ((const Meeting *) a)->claim.start;
	int64 y = ((const Meeting *) b)->claim.start;

	return (x > y) - (x < y);
}

static void
load_group_claims(const Loading *loading, const QueryArg *args)
{
	Gathered claims = { .item_size = sizeof(GroupClaim), .loading = loading };
	size_t *parts;

	query_each(&group_claims_query, args, add_group_claim, &claims);
	parts = part_by_host(&claims);
	for (int h = 0; h < loading->nhosts; h++)
	{
		HostSchedule *host = &loading->hosts[h];

		sort_group_claims((GroupClaim *) claims.items + parts[h], parts[h + 1] - parts[h], host);
		qsort(host->meetings, host->nmeetings, sizeof(Meeting), compare_meetings);
	}
}

static void
load_claims(const Loading *loading)
{
	const SlotRequest *request = loading->request;
	const EventType *event = request->event;
	QueryArg args[] = { ARG(loading->host_ids),
						ARG(TimestampTzGetDatum(loading->reach.start)),
						ARG(TimestampTzGetDatum(loading->reach.end)),
						ARG(TimestampTzGetDatum(request->now)),
						UUID_ARG(&event->id),
						ARG(Int32GetDatum(event->seats)),
						UUID_ARG_OR_NULL(request->ignore_booking),
						ARG_IF(request->hold, UUIDPGetDatum(&request->hold->id)) };

	if (event->seats > 1)
		load_group_claims(loading, args);
	else
		load_solo_claims(loading, args);
}

/* Brings the parts into the form that the sweep reads. */
static void
prepare_sweep(HostSchedule *out)
{
	TimeRange *open = palloc((out->hours.nopen + out->hours.nblocked) * sizeof(TimeRange));
	TimeRange *busy = palloc((out->nclaims + out->nwindows) * sizeof(TimeRange));

	out->time.open = open;
	if (!out->is_stale)
		out->time.nopen = interval_subtract(out->hours.open, out->hours.nopen, out->hours.blocked,
											out->hours.nblocked, open);
	interval_sort(out->claims, out->nclaims);
	interval_sort(out->windows, out->nwindows);
	out->time.busy = busy;
	out->time.nbusy = interval_union(out->claims, out->nclaims, out->windows, out->nwindows, busy);
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
	load_staleness(&loading);
	load_left_out(request, &loading.left_out);
	load_claims(&loading);
	for (int h = 0; h < loading.nhosts; h++)
		prepare_sweep(&loading.hosts[h]);
	return loading.hosts;
}
