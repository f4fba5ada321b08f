/*
 * The ledger of a round robin; the rules are in ledger.h.
 */
#include "data/ledger.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* The pick of a meeting, if it has not gone on to another one, that nobody but bookings marked as no-show keeps. */
static SavedQuery open_pick_query = {
	/* clang-format off */
	.text =
		"SELECT l.pick_no, l.user_id FROM opencalendly.team_ledger AS l"
		" WHERE l.occurrence_id" EQ "$1 AND l.kind" NE "'return'"
		" AND NOT EXISTS (SELECT FROM opencalendly.team_ledger AS later WHERE later.event_type_id" EQ "l.event_type_id"
		"  AND later.pick_no" EQ "l.pick_no AND later.entry_no" GT "l.entry_no)"
		" AND NOT EXISTS (SELECT FROM opencalendly.bookings AS b"
		"  WHERE b.occurrence_id" EQ "$1 AND " LIVE("b") " AND b.no_show_at IS NULL)"
		" ORDER BY l.entry_no DESC LIMIT 1",
	/* clang-format on */
	.nargs = 1,
	.types = { UUIDOID },
};

static SavedQuery is_first_query = {
	/* clang-format off */
	.text =
		"SELECT NOT EXISTS (SELECT FROM opencalendly.bookings AS b"
		" WHERE b.occurrence_id" EQ "$1 AND " LIVE("b") " AND b.id" NE "$2)",
	/* clang-format on */
	.nargs = 2,
	.types = { UUIDOID, UUIDOID },
};

static SavedQuery pick_query = {
	/* clang-format off */
	.text =
		"WITH numbered AS (UPDATE opencalendly.team_event_types AS t SET last_entry = $2, round_robin_cursor = $9"
		"  WHERE t.event_type_id" EQ "$1 AND t.last_entry" LT "$2 RETURNING t.event_type_id),"
		" credited AS (INSERT INTO opencalendly.team_credits AS k (event_type_id, user_id, credits, last_pick)"
		"  SELECT $1, c.id, c.delta, CASE WHEN c.id" EQ "$4 THEN $2 ELSE 0 END"
		"  FROM ROWS FROM (pg_catalog.unnest($12), pg_catalog.unnest($18)) AS c(id, delta)"
		"  WHERE c.id" EQ "$4 OR c.delta" NE "0"
		"  ON CONFLICT (event_type_id, user_id) DO UPDATE"
		"  SET credits = k.credits OPERATOR(pg_catalog.+) EXCLUDED.credits,"
		"   last_pick = CASE WHEN k.user_id" EQ "$4 THEN EXCLUDED.last_pick ELSE k.last_pick END)"
		" INSERT INTO opencalendly.team_ledger (event_type_id, entry_no, kind, reason, pick_no, user_id, booking_id,"
		"  occurrence_id, credits_before, credits_after, last_pick_before, cursor_before, cursor_after, candidate_ids,"
		"  candidate_positions, candidate_priorities, candidate_weights, candidate_credits, candidate_last_picks,"
		"  created_at)"
		" SELECT n.event_type_id, $2, 'pick', $3, $2, $4, $5, $6, $7, $8, $10, $11, $9, $12, $13, $14, $15, $16, $17, $19"
		" FROM numbered AS n",
	/* clang-format on */
	.nargs = 19,
	.types = { UUIDOID, INT8OID, TEXTOID, UUIDOID, UUIDOID, UUIDOID, INT8OID, INT8OID, INT4OID,
			   INT8OID, INT4OID, UUIDARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID,
			   INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, TIMESTAMPTZOID },
};

static SavedQuery keep_query = {
	/* clang-format off */
	.text =
		"WITH numbered AS (UPDATE opencalendly.team_event_types AS t"
		"  SET last_entry = t.last_entry OPERATOR(pg_catalog.+) 1 WHERE t.event_type_id" EQ "$1"
		"  RETURNING t.last_entry, t.round_robin_cursor)"
		" INSERT INTO opencalendly.team_ledger (event_type_id, entry_no, kind, reason, pick_no, user_id, booking_id,"
		"  occurrence_id, credits_before, credits_after, last_pick_before, cursor_before, cursor_after, created_at)"
		" SELECT $1, n.last_entry, 'keep', 'rescheduled', $2, $3, $4, $5, k.credits, k.credits, k.last_pick,"
		"  n.round_robin_cursor, n.round_robin_cursor, $6"
		" FROM numbered AS n, opencalendly.team_credits AS k"
		" WHERE k.event_type_id" EQ "$1 AND k.user_id" EQ "$3",
	/* clang-format on */
	.nargs = 6,
	.types = { UUIDOID, INT8OID, UUIDOID, UUIDOID, UUIDOID, TIMESTAMPTZOID },
};

static SavedQuery return_query = {
	/* clang-format off */
	.text =
		"WITH numbered AS (UPDATE opencalendly.team_event_types AS t"
		"  SET last_entry = t.last_entry OPERATOR(pg_catalog.+) 1 WHERE t.event_type_id" EQ "$1"
		"  RETURNING t.last_entry, t.round_robin_cursor),"
		" picked AS (SELECT l.*, k.credits, k.last_pick FROM opencalendly.team_ledger AS l"
		"  JOIN opencalendly.team_credits AS k ON k.event_type_id" EQ "l.event_type_id AND k.user_id" EQ "l.user_id"
		"  WHERE l.event_type_id" EQ "$1 AND l.entry_no" EQ "$2),"
		" sharers AS (SELECT c.id, c.weight FROM picked AS p CROSS JOIN"
		"  ROWS FROM (pg_catalog.unnest(p.candidate_ids), pg_catalog.unnest(p.candidate_weights),"
		"   pg_catalog.unnest(p.candidate_priorities)) AS c(id, weight, priority)"
		"  WHERE p.credits_after" NE "p.credits_before AND c.priority" EQ "(SELECT x.priority FROM"
		"   ROWS FROM (pg_catalog.unnest(p.candidate_ids), pg_catalog.unnest(p.candidate_priorities)) AS x(id, priority)"
		"   WHERE x.id" EQ "p.user_id)),"
		" deltas AS (SELECT d.id, CAST(pg_catalog.sum(d.delta) AS pg_catalog.int8) AS delta FROM ("
		"   SELECT s.id, CAST(OPERATOR(pg_catalog.-) s.weight AS pg_catalog.int8) FROM sharers AS s"
		"   UNION ALL SELECT p.user_id, COALESCE((SELECT pg_catalog.sum(s.weight) FROM sharers AS s), 0) FROM picked AS p"
		"  ) AS d(id, delta) GROUP BY d.id),"
		" credited AS (UPDATE opencalendly.team_credits AS k"
		"  SET credits = k.credits OPERATOR(pg_catalog.+) d.delta,"
		"   last_pick = CASE WHEN k.user_id" EQ "p.user_id THEN COALESCE((SELECT l.entry_no"
		"     FROM opencalendly.team_ledger AS l WHERE l.event_type_id" EQ "$1 AND l.user_id" EQ "p.user_id"
		"     AND l.kind" EQ "'pick' AND l.entry_no" NE "$2 AND NOT EXISTS (SELECT FROM opencalendly.team_ledger AS r"
		"      WHERE r.event_type_id" EQ "$1 AND r.pick_no" EQ "l.entry_no AND r.kind" EQ "'return')"
		"     ORDER BY l.entry_no DESC LIMIT 1), 0) ELSE k.last_pick END"
		"  FROM deltas AS d CROSS JOIN picked AS p WHERE k.event_type_id" EQ "$1 AND k.user_id" EQ "d.id)"
		" INSERT INTO opencalendly.team_ledger (event_type_id, entry_no, kind, reason, pick_no, user_id, booking_id,"
		"  occurrence_id, credits_before, credits_after, last_pick_before, cursor_before, cursor_after, created_at)"
		" SELECT $1, n.last_entry, 'return', $3, p.entry_no, p.user_id, $4, $5, p.credits,"
		"  p.credits OPERATOR(pg_catalog.+) d.delta, p.last_pick, n.round_robin_cursor, n.round_robin_cursor, $6"
		" FROM numbered AS n CROSS JOIN picked AS p JOIN deltas AS d ON d.id" EQ "p.user_id",
	/* clang-format on */
	.nargs = 6,
	.types = { UUIDOID, INT8OID, TEXTOID, UUIDOID, UUIDOID, TIMESTAMPTZOID },
};

OpenPick
ledger_left_by(const Booking *booking)
{
	OpenPick pick = { 0 };

	claim_read_begin();
	pick.exists =
		query_read(&open_pick_query, (QueryArg[]) { UUID_ARG(&booking->seat.occurrence_id) }) > 0;
	if (pick.exists)
	{
		pick.pick_no = row_int(0, 1);
		pick.user_id = row_uuid(0, 2);
	}
	claim_read_end();
	return pick;
}

static bool
is_first_of_meeting(const Booking *booking)
{
	bool is_first;

	claim_read_begin();
	query_read(&is_first_query,
			   (QueryArg[]) { UUID_ARG(&booking->seat.occurrence_id), UUID_ARG(&booking->id) });
	is_first = row_bool(0, 1);
	claim_read_end();
	return is_first;
}

static const char *
reason_name(const EventType *event, const Pick *pick)
{
	static const char *const rules[] = { [ASSIGN_CURSOR] = "cursor",
										 [ASSIGN_LEAST_RECENT] = "least_recent",
										 [ASSIGN_WEIGHTED] = "weighted" };

	if (pick->reason == PICK_SAME_HOST)
		return "same_host";
	return pick->reason == PICK_JOINED ? "joined" : rules[event->assignment];
}

/* The candidates as the arrays of the ledger, from args[0] on: ids, positions, priorities, weights, credits, last picks, deltas. */
static void
describe_candidates(const Pick *pick, const int64 *deltas, QueryArg *args)
{
	static const Oid types[] = { UUIDOID, INT4OID, INT4OID, INT4OID, INT8OID, INT8OID, INT8OID };
	Datum *columns[lengthof(types)];
	int n = pick->ncandidates;

	for (size_t c = 0; c < lengthof(types); c++)
		columns[c] = palloc(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const Candidate *standing = &pick->candidates[i]->standing;

		columns[0][i] = UUIDPGetDatum(&pick->candidates[i]->host_id);
		columns[1][i] = Int32GetDatum(standing->position);
		columns[2][i] = Int32GetDatum(standing->priority);
		columns[3][i] = Int32GetDatum(standing->weight);
		columns[4][i] = Int64GetDatum(standing->credits);
		columns[5][i] = Int64GetDatum(standing->last_pick);
		columns[6][i] = Int64GetDatum(deltas[i]);
	}
	for (size_t c = 0; c < lengthof(types); c++)
		args[c] = ARG(array_of(types[c], columns[c], NULL, n));
}

/* What the pick does to each candidate's credits; returns the picked one's. */
static int64
share_credits(const EventType *event, const Pick *pick, int64 *deltas)
{
	Candidate *standings = palloc(pick->ncandidates * sizeof(Candidate));
	int picked = 0;

	for (int i = 0; i < pick->ncandidates; i++)
	{
		standings[i] = pick->candidates[i]->standing;
		if (pick->candidates[i] == pick->picked)
			picked = i;
	}
	candidate_credits(event->assignment, standings, pick->ncandidates, picked, deltas);
	return deltas[picked];
}

static void
write_pick(const EventType *event, const Pick *pick, const Booking *booking, int64 now)
{
	const Candidate *standing = &pick->picked->standing;
	bool moves = pick->reason != PICK_SAME_HOST && event->assignment == ASSIGN_CURSOR;
	int64 *deltas = palloc(pick->ncandidates * sizeof(int64));
	int64 delta = share_credits(event, pick, deltas);
	QueryArg candidates[7];

	describe_candidates(pick, deltas, candidates);
	claim_see_users(candidates[0].value, pick->ncandidates);
	claim_write(&pick_query,
				(QueryArg[]) {
					UUID_ARG(&event->id), ARG(Int64GetDatum(event->last_entry + 1)),
					ARG(CStringGetTextDatum(reason_name(event, pick))),
					UUID_ARG(&pick->picked->host_id), UUID_ARG(&booking->id),
					UUID_ARG(&booking->seat.occurrence_id), ARG(Int64GetDatum(standing->credits)),
					ARG(Int64GetDatum(standing->credits + delta)),
					ARG(Int32GetDatum(moves ? standing->position : event->cursor)),
					ARG(Int64GetDatum(standing->last_pick)), ARG(Int32GetDatum(event->cursor)),
					candidates[0], candidates[1], candidates[2], candidates[3], candidates[4],
					candidates[5], candidates[6], ARG(TimestampTzGetDatum(now)) },
				1);
}

static void
write_keep(const OpenPick *pick, const Booking *booking, int64 now)
{
	claim_write(&keep_query,
				(QueryArg[]) { UUID_ARG(&booking->event_type_id), ARG(Int64GetDatum(pick->pick_no)),
							   UUID_ARG(&pick->user_id), UUID_ARG(&booking->id),
							   UUID_ARG(&booking->seat.occurrence_id),
							   ARG(TimestampTzGetDatum(now)) },
				1);
}

static void
write_return(const OpenPick *pick, const Booking *booking, const char *reason, int64 now)
{
	claim_write(&return_query,
				(QueryArg[]) { UUID_ARG(&booking->event_type_id), ARG(Int64GetDatum(pick->pick_no)),
							   ARG(CStringGetTextDatum(reason)), UUID_ARG(&booking->id),
							   UUID_ARG(&booking->seat.occurrence_id),
							   ARG(TimestampTzGetDatum(now)) },
				1);
}

/* The pick comes before the return: it was chosen as things were before either. */
void
ledger_booked(const EventType *event, const Pick *pick, const Booking *booking, bool is_new,
			  const OpenPick *left, const Booking *old, int64 now)
{
	bool is_first = is_new || is_first_of_meeting(booking);

	if (is_first && left->exists && pick->reason == PICK_SAME_HOST &&
		memcmp(&left->user_id, &pick->picked->host_id, UUID_LEN) == 0)
	{
		write_keep(left, booking, now);
		return;
	}
	if (is_first)
		write_pick(event, pick, booking, now);
	if (left->exists)
		write_return(left, old, "rescheduled", now);
}

void
ledger_give_back(const Booking *booking, const char *reason, int64 now)
{
	OpenPick pick;

	if (!booking->is_team)
		return;
	pick = ledger_left_by(booking);
	if (pick.exists)
		write_return(&pick, booking, reason, now);
}
