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
#include "net/transport.h"

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

/* A leased delivery; each queue's own kind of it begins so. */
typedef struct Delivery
{
	pg_uuid_t id;
	int attempt;
	int max_attempts;
	TimestampTz started_at;
	void *lane; /* the worker's */
} Delivery;

/* What came of an attempt that began when the delivery says, up to that phase; the verdict is to be filled in. */
extern Outcome outcome_begin(const Delivery *delivery, const char *phase);

/* The same of a transfer, with what it knows. */
extern Outcome outcome_of_transfer(const Delivery *delivery, const TransferResult *result);

/* It has failed: pending again, after a delay, unless it was the last attempt. For retry_after_s see queue_backoff_us. */
extern void outcome_retry(const Delivery *delivery, int64 retry_after_s, Outcome *outcome);

/* An attempt that ended before anything was sent: to be retried, for the reason given. */
extern void outcome_fail_to_send(const Delivery *delivery, const char *error, Outcome *outcome);

/* What it is when the worker has to let go of it. */
extern void outcome_give_up(const Delivery *delivery, Outcome *outcome);
extern bool outcome_is_given_up(const Outcome *outcome);

/*
 * What a worker does with the deliveries of one queue. All functions get what make has returned, which lives as long as the
 * worker's call.
 */
typedef struct Sender
{
	struct Queue *queue;
	void *(*make)(void);

	/*
	 * Leases at most nplaces due deliveries, of the most that may be under way, in the current transaction. Returns how many;
	 * deliveries has room for nplaces. They live in context.
	 */
	int (*lease)(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries);

	/* The lease is committed: the delivery is under way. */
	void (*take_place)(void *self, Delivery *delivery);

	/* Begins the transfer. False: it could not be begun or needed none, and what came of it is in outcome. */
	bool (*send)(void *self, const TransportApi *transport_api, Transport *transport,
				 Delivery *delivery, Outcome *outcome);

	/*
	 * What the answer means. False: the delivery goes on, with another transfer that has been begun; of the outcome nothing is
	 * kept then.
	 */
	bool (*judge)(void *self, const TransportApi *transport_api, Transport *transport,
				  Delivery *delivery, const TransferResult *result, Outcome *outcome);

	/* Writes the outcomes as queue_settle does; NULL: by that. It may look into deliveries that forget has kept for it. */
	int (*settle)(void *self, const Outcome *outcomes, int n, bool *is_left);

	/* The delivery is over: gives its place back, and frees it, or keeps it for settle. */
	void (*forget)(void *self, Delivery *delivery, const Outcome *outcome);

	/* Writes what the outcomes mean for their receivers, in the transaction that settles them; and it is committed. */
	void (*note_health)(void *self);
	void (*health_noted)(void *self);
} Sender;

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
	" held AS MATERIALIZED (SELECT t.*, d.ctid AS at FROM told AS t JOIN " table " AS d"                \
	"  ON d.id" EQ "t.id AND d.attempt" EQ "t.attempt AND COALESCE(d.status, '')" EQ "'leased'"         \
	"  FOR NO KEY UPDATE OF d SKIP LOCKED),"                                                            \
	" settled AS (UPDATE " table " AS d SET status = h.status, last_error = h.error,"                   \
	"   due_at = pg_catalog.clock_timestamp() OPERATOR(pg_catalog.+)"                                   \
	"    (h.delay_us OPERATOR(pg_catalog.*) INTERVAL '1 microsecond'), leased_until = NULL,"            \
	"   settled_at = CASE WHEN h.status" NE "'pending' THEN pg_catalog.clock_timestamp() END"           \
	"  FROM held AS h WHERE d.ctid" EQ "h.at),"                                                         \
	" noted AS (INSERT INTO opencalendly.delivery_attempts"                                             \
	"   (delivery_id, attempt, started_at, elapsed_ms, phase, status, error)"                           \
	"  SELECT h.id, h.attempt, h.started_at, h.elapsed_ms, h.phase, h.answer, h.error FROM held AS h"   \
	"  ON CONFLICT DO NOTHING)"                                                                         \
	" SELECT t.id FROM told AS t JOIN " table " AS d"                                                   \
	"  ON d.id" EQ "t.id AND d.attempt" EQ "t.attempt AND COALESCE(d.status, '')" EQ "'leased'"         \
	"  WHERE (SELECT pg_catalog.count(*) FROM held)" LT "(SELECT pg_catalog.count(*) FROM told)"        \
	"   AND NOT EXISTS (SELECT FROM held AS h WHERE h.id" EQ "t.id)"

#define QUEUE_SHIFT(table)                                                         \
	"UPDATE " table " AS d SET due_at = d.due_at OPERATOR(pg_catalog.-) s.by,"     \
	"  leased_until = d.leased_until OPERATOR(pg_catalog.-) s.by"                  \
	" FROM (SELECT $1 OPERATOR(pg_catalog.*) INTERVAL '1 microsecond' AS by) AS s" \
	" WHERE d.is_open AND GREATEST(d.due_at, d.leased_until)" GT "pg_catalog.clock_timestamp()"

#define QUEUE_STATEMENTS(table)                                                                  \
	.settle = { .text = QUEUE_SETTLE(table),                                                     \
				.nargs = 9,                                                                      \
				.types = { UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT8ARRAYOID, TEXTARRAYOID, \
						   INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID } },    \
	.shift = { .text = QUEUE_SHIFT(table), .nargs = 1, .types = { INT8OID } }

#endif
