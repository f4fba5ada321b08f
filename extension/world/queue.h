/*
 * What all queues have in common (schema/48_outbox.sql): leasing is each queue's own, for it knows what makes its
 * rows due; settling, backing off and the heartbeat are here.
 *
 * Words. A delivery is a row of a queue's table. Who leases it adds one to its attempt, and settles that attempt and no
 * other: a row that somebody else has taken over meanwhile is left as it is. An outcome is what came of an attempt.
 */
#ifndef OPENCALENDLY_QUEUE_H
#define OPENCALENDLY_QUEUE_H

#include "compat.h"
#include "data/query.h"
#include "datatype/timestamp.h"

/* How a delivery goes on. */
typedef enum Verdict
{
	VERDICT_SUCCEEDED,
	VERDICT_RETRY, /* pending again, after a delay */
	VERDICT_FAILED /* for good */
} Verdict;

typedef struct Outcome
{
	pg_uuid_t delivery_id;
	int attempt;
	Verdict verdict;
	int64 delay_us; /* of VERDICT_RETRY */
	TimestampTz started_at;
	int elapsed_ms;
	const char *phase; /* a word of delivery_attempts.phase */
	int status;        /* of the answer; 0: none came */
	char error[160];   /* "": it succeeded */
} Outcome;

/* A queue's statements; QUEUE_STATEMENTS makes them for a table. */
typedef struct Queue
{
	const char *name;
	SavedQuery settle;
	SavedQuery shift;
} Queue;

/*
 * Writes the outcomes and their attempts, in the current transaction; those that are not the holder's any more write
 * nothing. It waits for nobody: deliveries that somebody else has locked (an endpoint is being deleted) are left, and
 * is_left says which; returns how many.
 */
extern int queue_settle(Queue *queue, const Outcome *outcomes, int n, bool *is_left);

/*
 * How long to wait after a failed attempt, microseconds: opencalendly.retry_delays with jitter, or what the receiver
 * asked for (retry_after_s; -1: nothing) within [1 s, 24 h]. In the first attempts that counts even if it is shorter, later
 * only if it is longer, so that a receiver that always says "soon" does not use up all attempts in a minute.
 */
extern int64 queue_backoff_us(int attempt, int64 retry_after_s);

/*
 * Tells that a worker is there, in the current transaction; and if the clock has been set back since the last one told,
 * moves what waits by as much, so that neither leases nor delays grow.
 */
extern void queue_heartbeat(Queue *queue);

/* Whether these rows are a restored copy, that sends nothing. */
extern bool queue_is_copy(void);

/* Returns what it had to leave because somebody else has the row locked. */
#define QUEUE_SETTLE(table)                                                                             \
	"WITH told AS MATERIALIZED (SELECT * FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)," \
	"   pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5), pg_catalog.unnest($6),"    \
	"   pg_catalog.unnest($7), pg_catalog.unnest($8), pg_catalog.unnest($9))"                           \
	"   AS t (id, attempt, status, delay_us, phase, answer, error, started_at, elapsed_ms)),"           \
	" held AS MATERIALIZED (SELECT t.* FROM told AS t JOIN " table " AS d"                              \
	"  ON d.id" EQ "t.id AND d.attempt" EQ "t.attempt AND COALESCE(d.status, '')" EQ "'leased'"         \
	"  FOR NO KEY UPDATE OF d SKIP LOCKED),"                                                            \
	" settled AS (UPDATE " table " AS d SET status = h.status, last_error = h.error,"                   \
	"   due_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)"                                   \
	"    (h.delay_us OPERATOR(pg_catalog.*) INTERVAL '1 microsecond'),"                                 \
	"   settled_at = CASE WHEN h.status" NE "'pending' THEN pg_catalog.clock_timestamp() END"           \
	"  FROM held AS h WHERE d.id" EQ "h.id),"                                                           \
	" noted AS (INSERT INTO opencalendly.delivery_attempts"                                             \
	"   (delivery_id, attempt, started_at, elapsed_ms, phase, status, error)"                           \
	"  SELECT h.id, h.attempt, h.started_at, h.elapsed_ms, h.phase, h.answer, h.error FROM held AS h"   \
	"  ON CONFLICT DO NOTHING)"                                                                         \
	" SELECT t.id FROM told AS t JOIN " table " AS d"                                                   \
	"  ON d.id" EQ "t.id AND d.attempt" EQ "t.attempt AND COALESCE(d.status, '')" EQ "'leased'"         \
	"  WHERE (SELECT pg_catalog.count(*) FROM held)" LT "(SELECT pg_catalog.count(*) FROM told)"        \
	"   AND NOT EXISTS (SELECT FROM held AS h WHERE h.id" EQ "t.id)"

#define QUEUE_SHIFT(table)                                                    \
	"UPDATE " table " AS d SET due_at = d.due_at OPERATOR(pg_catalog.-)"      \
	" ($1 OPERATOR(pg_catalog.*) INTERVAL '1 microsecond')"                   \
	" WHERE d.status OPERATOR(pg_catalog.=) ANY (ARRAY['pending', 'leased'])" \
	" AND d.due_at" GT "pg_catalog.clock_timestamp()"

#define QUEUE_STATEMENTS(table)                                                                  \
	.settle = { .text = QUEUE_SETTLE(table),                                                     \
				.nargs = 9,                                                                      \
				.types = { UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID, \
						   INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID } },    \
	.shift = { .text = QUEUE_SHIFT(table), .nargs = 1, .types = { INT8OID } }

#endif
