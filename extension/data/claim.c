/*
 * Takes and gives back hosts' time; the rules are in claim.h.
 */
#include "data/claim.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "common/hashfn.h"
#include "data/values.h"
#include "errors.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* Our advisory locks are hashes under this seed. */
#define LOCK_SEED UINT64CONST(0x6f70656e63616c65)

PG_FUNCTION_INFO_V1(lock_host);
PG_FUNCTION_INFO_V1(lock_event_type);

static SavedQuery drop_expired_query = {
	/* clang-format off */
	.text =
		"WITH gone AS (DELETE FROM opencalendly.claims AS c"
		"  WHERE c.host_id" EQ "ANY ($1) AND c.expires_at" LE "$2 RETURNING c.occurrence_id),"
		" held AS (DELETE FROM opencalendly.holds AS h USING gone AS g"
		"  WHERE h.occurrence_id" EQ "g.occurrence_id AND h.expires_at" LE "$2)"
		" SELECT pg_catalog.array_agg(g.occurrence_id) FROM gone AS g HAVING pg_catalog.count(*)" GT "0",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID },
};

static SavedQuery drop_occurrences_query = {
	.text =
		"DELETE FROM opencalendly.occurrences AS o WHERE o.id" EQ "ANY ($1)"
		" AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id" EQ "o.id)"
		" AND NOT EXISTS (SELECT FROM opencalendly.holds AS h WHERE h.occurrence_id" EQ "o.id)"
		" AND NOT EXISTS (SELECT FROM opencalendly.claims AS c WHERE c.occurrence_id" EQ "o.id)",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

static SavedQuery take_query = {
	/* clang-format off */
	.text =
		"WITH meeting AS (INSERT INTO opencalendly.occurrences (id, event_type_id, starts_at, ends_at, seats)"
		"  VALUES ($1, $2, $3, $4, $5))"
		" INSERT INTO opencalendly.claims (host_id, during, occurrence_id, expires_at)"
		" SELECT h.id, pg_catalog.tstzrange(h.starts_at, h.ends_at), $1, $6"
		" FROM ROWS FROM (pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9)) AS h(id, starts_at, ends_at)"
		" ON CONFLICT DO NOTHING",
	/* clang-format on */
	.nargs = 9,
	.types = { UUIDOID, UUIDOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT4OID, TIMESTAMPTZOID,
			   UUIDARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID },
};

static SavedQuery drop_expired_holds_query = {
	/* clang-format off */
	.text =
		"DELETE FROM opencalendly.holds AS h WHERE h.occurrence_id" EQ "$1 AND h.expires_at" LE "$2",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDOID, TIMESTAMPTZOID },
};

static SavedQuery free_seat_query = {
	/* clang-format off */
	.text =
		"SELECT o.seats, pg_catalog.min(n.n) FROM opencalendly.occurrences AS o,"
		" pg_catalog.generate_series(1, o.seats) AS n(n) WHERE o.id" EQ "$1"
		" AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b"
		"  WHERE b.occurrence_id" EQ "o.id AND b.seat_no" EQ "n.n AND " LIVE("b") ")"
		" AND NOT EXISTS (SELECT FROM opencalendly.holds AS h"
		"  WHERE h.occurrence_id" EQ "o.id AND h.seat_no" EQ "n.n AND h.expires_at" GT "$2)"
		" GROUP BY o.seats",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDOID, TIMESTAMPTZOID },
};

/* What foreign keys will look for in the transaction's own snapshot, and wait for. */
static SavedQuery visible_occurrence_query = {
	.text = "SELECT FROM opencalendly.occurrences AS o WHERE o.id" EQ "$1 FOR KEY SHARE",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery visible_event_type_query = {
	.text = "SELECT FROM opencalendly.event_types AS e WHERE e.id" EQ "$1 FOR KEY SHARE",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery meeting_hosts_query = {
	.text = "SELECT c.host_id FROM opencalendly.claims AS c WHERE c.occurrence_id" EQ "$1"
			" ORDER BY c.host_id",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery visible_users_query = {
	.text = "SELECT FROM opencalendly.users AS u WHERE u.id" EQ "ANY ($1) FOR KEY SHARE",
	.nargs = 1,
	.types = { UUIDARRAYOID },
};

/* Who keeps a meeting: live bookings, the last end of its live holds, and how many claims it has. */
static SavedQuery keepers_query = {
	/* clang-format off */
	.text =
		"SELECT EXISTS (SELECT FROM opencalendly.bookings AS b WHERE b.occurrence_id" EQ "$1 AND " LIVE("b") "),"
		" (SELECT pg_catalog.max(h.expires_at) FROM opencalendly.holds AS h"
		"  WHERE h.occurrence_id" EQ "$1 AND h.expires_at" GT "$2),"
		" (SELECT pg_catalog.count(*) FROM opencalendly.claims AS c WHERE c.occurrence_id" EQ "$1),"
		" (SELECT pg_catalog.count(*) FROM opencalendly.claims AS c"
		"  WHERE c.occurrence_id" EQ "$1 AND c.expires_at IS NOT NULL)",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDOID, TIMESTAMPTZOID },
};

static SavedQuery expire_claims_query = {
	.text = "UPDATE opencalendly.claims AS c SET expires_at = $2 WHERE c.occurrence_id" EQ "$1",
	.nargs = 2,
	.types = { UUIDOID, TIMESTAMPTZOID },
};

static SavedQuery drop_claims_query = {
	.text = "DELETE FROM opencalendly.claims AS c WHERE c.occurrence_id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery drop_hold_query = {
	.text = "DELETE FROM opencalendly.holds AS h WHERE h.id" EQ "$1",
	.nargs = 1,
	.types = { UUIDOID },
};

void
raise_serialization_failure(void)
{
	ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			errmsg("could not serialize access due to concurrent update"),
			errhint("The transaction might succeed if retried."));
}

static void
lock_key(int64 key)
{
	DirectFunctionCall1(pg_advisory_xact_lock_int8, Int64GetDatum(key));
}

void
lock_word(const char *kind, const char *word)
{
	char *both = psprintf("%s %s", kind, word);

	lock_key((int64) hash_bytes_extended((unsigned char *) both, (int) strlen(both), LOCK_SEED));
}

/* Of another seed than a host's, whose id may be the same in a test. */
static int64
team_lock_key(const pg_uuid_t *event_type_id)
{
	return (int64) hash_bytes_extended(event_type_id->data, UUID_LEN, LOCK_SEED + 1);
}

void
lock_team_event_type(const pg_uuid_t *event_type_id)
{
	lock_key(team_lock_key(event_type_id));
}

static bool
try_lock_key(int64 key)
{
	return DatumGetBool(DirectFunctionCall1(pg_try_advisory_xact_lock_int8, Int64GetDatum(key)));
}

bool
try_lock_team_event_type(const pg_uuid_t *event_type_id)
{
	return try_lock_key(team_lock_key(event_type_id));
}

static int64
host_lock_key(const pg_uuid_t *host)
{
	return (int64) hash_bytes_extended(host->data, UUID_LEN, LOCK_SEED);
}

static int
compare_lock_keys(const void *a, const void *b)
{
	int64 x = host_lock_key(a);
	int64 y = host_lock_key(b);

	return (x > y) - (x < y);
}

void
lock_hosts(pg_uuid_t *hosts, int nhosts)
{
	qsort(hosts, nhosts, sizeof(pg_uuid_t), compare_lock_keys);
	for (int i = 0; i < nhosts; i++)
		lock_key(host_lock_key(&hosts[i]));
}

bool
try_lock_hosts(pg_uuid_t *hosts, int nhosts)
{
	qsort(hosts, nhosts, sizeof(pg_uuid_t), compare_lock_keys);
	for (int i = 0; i < nhosts; i++)
		if (!try_lock_key(host_lock_key(&hosts[i])))
			return false;
	return true;
}

/* lock_host(host_id); called by the functions that change users. */
Datum
lock_host(PG_FUNCTION_ARGS)
{
	lock_hosts(PG_GETARG_UUID_P(0), 1);
	PG_RETURN_VOID();
}

/* lock_event_type(event_type_id); called by the functions that change event types and teams. Errors: OC002. */
Datum
lock_event_type(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = PG_GETARG_UUID_P(0);
	bool is_team;
	pg_uuid_t user;

	SPI_connect();
	claim_read_begin();
	user = event_type_user(id, &is_team);
	claim_read_end();
	if (is_team)
		lock_team_event_type(id);
	else
		lock_hosts(&user, 1);
	SPI_finish();
	PG_RETURN_VOID();
}

void
claim_read_begin(void)
{
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
}

void
claim_read_end(void)
{
	PopActiveSnapshot();
}

/* What lets PostgreSQL use a snapshot again (GetSnapshotDataReuse in procarray.c). */
uint64
claim_state(void)
{
	return GetLatestSnapshot()->snapXactCompletionCount;
}

void
claim_write(SavedQuery *query, const QueryArg *args, uint64 expected)
{
	if (query_write(query, args) != expected)
		raise_serialization_failure();
}

static void
drop_empty_occurrences(Datum ids)
{
	query_write(&drop_occurrences_query, (QueryArg[]) { ARG(ids) });
}

void
claims_drop_expired(const pg_uuid_t *hosts, int nhosts, int64 now)
{
	bool isnull;

	if (query_write(&drop_expired_query, (QueryArg[]) { ARG(uuid_array(hosts, nhosts)),
														ARG(TimestampTzGetDatum(now)) }) > 0)
		drop_empty_occurrences(row_datum(0, 1, &isnull));
}

static Seat
join_meeting(const pg_uuid_t *occurrence_id, int64 now)
{
	Seat seat = { .occurrence_id = *occurrence_id };
	QueryArg args[] = { UUID_ARG(occurrence_id), ARG(TimestampTzGetDatum(now)) };

	query_write(&drop_expired_holds_query, args);
	claim_read_begin();
	if (query_read(&free_seat_query, args) != 1)
		raise_serialization_failure(); /* SQL by hand took it away since: the hosts are locked */
	seat.seats = (int) row_int(0, 1);
	seat.seat_no = (int) row_int(0, 2);
	claim_read_end();
	if (IsolationUsesXactSnapshot())
		claim_write(&visible_occurrence_query, args, 1);
	return seat;
}

pg_uuid_t *
meeting_hosts(const pg_uuid_t *occurrence_id, int *nhosts)
{
	uint64 rows = query_read(&meeting_hosts_query, (QueryArg[]) { UUID_ARG(occurrence_id) });
	pg_uuid_t *hosts = palloc(rows * sizeof(pg_uuid_t));

	for (uint64 i = 0; i < rows; i++)
		hosts[i] = row_uuid(i, 1);
	*nhosts = (int) rows;
	SPI_freetuptable(SPI_tuptable);
	return hosts;
}

void
claim_see_users(Datum user_ids, int n)
{
	if (IsolationUsesXactSnapshot())
		claim_write(&visible_users_query, (QueryArg[]) { ARG(user_ids) }, n);
}

/* The hosts' ids and the ends of their claims, as arrays. */
static void
describe_claims(const Attendance *attendance, QueryArg *ids, QueryArg *starts, QueryArg *ends)
{
	int n = attendance->nhosts;
	Datum *id = palloc(n * sizeof(Datum));
	Datum *start = palloc(n * sizeof(Datum));
	Datum *end = palloc(n * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		const OfferedHost *host = &attendance->hosts[i];

		id[i] = UUIDPGetDatum(&host->attendee->host_id);
		start[i] = TimestampTzGetDatum(attendance->during.start - host->buffers.before);
		end[i] = TimestampTzGetDatum(attendance->during.end + host->buffers.after);
	}
	*ids = ARG(array_of(UUIDOID, id, NULL, n));
	*starts = ARG(array_of(TIMESTAMPTZOID, start, NULL, n));
	*ends = ARG(array_of(TIMESTAMPTZOID, end, NULL, n));
}

static Seat
open_meeting(const EventType *event, const Attendance *attendance, int64 expires_at)
{
	Seat seat = { .occurrence_id = new_id(), .seats = event->seats, .seat_no = 1 };
	TimeRange during = attendance->during;
	QueryArg args[9] = { UUID_ARG(&seat.occurrence_id),
						 UUID_ARG(&event->id),
						 ARG(TimestampTzGetDatum(during.start)),
						 ARG(TimestampTzGetDatum(during.end)),
						 ARG(Int32GetDatum(event->seats)),
						 ARG_IF(expires_at != DT_NOEND, TimestampTzGetDatum(expires_at)) };

	describe_claims(attendance, &args[6], &args[7], &args[8]);
	claim_see_users(args[6].value, attendance->nhosts);
	if (query_write(&take_query, args) != (uint64) attendance->nhosts)
		ereport(ERROR, errcode(ERRCODE_OC_SLOT_UNAVAILABLE), errmsg("slot is not available"),
				errdetail("%s is taken by a claim.", timestamptz_to_str(during.start)));
	return seat;
}

Seat
seat_take(const EventType *event, const Attendance *attendance, int64 expires_at, int64 now)
{
	/* it may be on its way out, or too new for the transaction's snapshot */
	claim_write(&visible_event_type_query, (QueryArg[]) { UUID_ARG(&event->id) }, 1);
	return attendance->meeting_id ? join_meeting(attendance->meeting_id, now)
								  : open_meeting(event, attendance, expires_at);
}

void
occurrence_settle(const pg_uuid_t *occurrence_id, int64 now)
{
	QueryArg id_and_now[] = { UUID_ARG(occurrence_id), ARG(TimestampTzGetDatum(now)) };
	bool is_booked;
	Datum held_until;
	bool is_unheld;
	uint64 nclaims;
	uint64 nexpiring;

	claim_read_begin();
	query_read(&keepers_query, id_and_now);
	is_booked = row_bool(0, 1);
	held_until = row_datum(0, 2, &is_unheld);
	nclaims = row_int(0, 3);
	nexpiring = row_int(0, 4);
	claim_read_end();
	if (is_booked && nexpiring > 0)
		claim_write(&expire_claims_query, (QueryArg[]) { UUID_ARG(occurrence_id), NULL_ARG },
					nclaims);
	else if (!is_booked && !is_unheld)
		claim_write(&expire_claims_query, (QueryArg[]) { UUID_ARG(occurrence_id), ARG(held_until) },
					nclaims);
	else if (!is_booked)
	{
		claim_write(&drop_claims_query, id_and_now, nclaims);
		query_write(&drop_expired_holds_query, id_and_now);
		drop_empty_occurrences(uuid_array(occurrence_id, 1));
	}
}

void
hold_drop(const Hold *hold, int64 now)
{
	claim_write(&drop_hold_query, (QueryArg[]) { UUID_ARG(&hold->id) }, 1);
	occurrence_settle(&hold->occurrence_id, now);
}
