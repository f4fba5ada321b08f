/*
 * The lane of calendars; the words are in calendar.h.
 */
#include "world/calendar.h"

#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "world/calendar_task.h"
#include "world/calendar_token.h"

typedef struct CalendarLane
{
	MemoryContext context; /* that tasks live in */
	CalendarTask *ended;   /* tasks that are to be written */
} CalendarLane;

/* $1 microseconds that the clock was set back by. */
static Queue calendar_queue = {
	.name = "calendar",
	.shift = {
		/* clang-format off */
		.text =
			"WITH s AS (SELECT $1 OPERATOR(pg_catalog.*) INTERVAL '1 microsecond' AS by),"
			" consents AS (UPDATE opencalendly.calendar_consents AS c"
			"  SET leased_until = c.leased_until OPERATOR(pg_catalog.-) s.by FROM s"
			"  WHERE c.status" EQ "'pending' AND c.leased_until" GT "pg_catalog.clock_timestamp())"
			" UPDATE opencalendly.calendar_connections AS c"
			"  SET next_sync_at = c.next_sync_at OPERATOR(pg_catalog.-) s.by,"
			"   leased_until = c.leased_until OPERATOR(pg_catalog.-) s.by,"
			"   asked_at = CASE WHEN c.asked_at" GT "pg_catalog.clock_timestamp()"
			"    THEN c.asked_at OPERATOR(pg_catalog.-) s.by ELSE c.asked_at END FROM s"
			"  WHERE c.state" NE "'broken'"
			"   AND GREATEST(c.next_sync_at, c.leased_until, c.asked_at)" GT "pg_catalog.clock_timestamp()",
		/* clang-format on */
		.nargs = 1,
		.types = { INT8OID },
	},
};

/* $1 places, $2 now, $3 the lease's end. Who leaves comes first: somebody waits for it. */
static SavedQuery lease_query = {
	/* clang-format off */
	.text =
		"WITH due AS (SELECT c.id FROM opencalendly.calendar_connections AS c"
		"  WHERE c.state" NE "'broken' AND c.next_sync_at" LE "$2 AND (c.leased_until" LE "$2) IS NOT FALSE"
		"  ORDER BY c.next_sync_at, c.id LIMIT $1 FOR UPDATE SKIP LOCKED)"
		" UPDATE opencalendly.calendar_connections AS c"
		"  SET attempt = c.attempt OPERATOR(pg_catalog.+) 1, leased_until = $3"
		"  FROM due AS d WHERE c.id" EQ "d.id"
		"  RETURNING c.id, c.attempt, c.state" EQ "'leaving', c.refresh_token, c.access_token,"
		"   c.refresh_at, c.access_expires_at, COALESCE(c.listed_at, '-infinity'), c.failures",
	/* clang-format on */
	.nargs = 3,
	.types = { INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static void *
make_lane(void)
{
	CalendarLane *lane = palloc0(sizeof(CalendarLane));

	lane->context = CurrentMemoryContext;
	return lane;
}

/* --- leasing ------------------------------------------------------------------------------------------------------- */

static bytea *
row_bytea(uint64 row, int column)
{
	bool isnull;

	return DatumGetByteaPP(row_datum(row, column, &isnull));
}

static CalendarTask *
read_connection(uint64 row, MemoryContext parent, TimestampTz now, TimestampTz lease_end)
{
	LeasedConnection leased = {
		.id = row_uuid(row, 1),
		.attempt = (int) row_int(row, 2),
		.leased_at = now,
		.lease_end = lease_end,
		.is_leaving = row_bool(row, 3),
		.refresh_token = row_bytea(row, 4),
		.access_token = row_bytea(row, 5),
		.refresh_at = row_instant(row, 6),
		.access_expires_at = row_instant(row, 7),
		.listed_at = row_instant(row, 8),
		.failures = (int) row_int(row, 9),
	};

	return leased.is_leaving ? leave_make(parent, &leased) : sync_make(parent, &leased);
}

static int
lease_connections(MemoryContext parent, int most, CalendarTask **tasks)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz lease_end = now + task_lease_us();
	int n = (int) query_write(&lease_query, (QueryArg[]) { ARG(Int32GetDatum(most)),
														   ARG(TimestampTzGetDatum(now)),
														   ARG(TimestampTzGetDatum(lease_end)) });

	for (int i = 0; i < n; i++)
		tasks[i] = read_connection(i, parent, now, lease_end);
	SPI_freetuptable(SPI_tuptable);
	if (n > 0)
		sync_load_calendars(tasks, n);
	return n;
}

/*
 * Consents come first: somebody waits for them. The tasks are the turn's until it is committed, so that nothing is left of one
 * that is not.
 */
static int
lease(void *self, MemoryContext context, int most, int nplaces, Delivery **deliveries)
{
	CalendarTask **tasks = palloc(nplaces * sizeof(CalendarTask *));
	int n = consent_lease(CurrentMemoryContext, nplaces, tasks);

	if (n < nplaces)
		n += lease_connections(CurrentMemoryContext, nplaces - n, tasks + n);
	for (int i = 0; i < n; i++)
		deliveries[i] = &tasks[i]->base;
	return n;
}

static void
take_place(void *self, Delivery *delivery)
{
	CalendarLane *lane = self;

	delivery->started_at = GetCurrentTimestamp();
	MemoryContextSetParent(((CalendarTask *) delivery)->context, lane->context);
}

/* --- sending and judging ------------------------------------------------------------------------------------------- */

static void
tell_outcome(const CalendarTask *task, Outcome *outcome)
{
	*outcome = outcome_begin(&task->base, "done");
	outcome->verdict = task->has_failed ? VERDICT_RETRY : VERDICT_SUCCEEDED;
	strlcpy(outcome->error, task->error, sizeof(outcome->error));
}

static bool
send_task(void *self, const TransportApi *api, Transport *transport, Delivery *delivery,
		  Outcome *outcome)
{
	CalendarTask *task = (CalendarTask *) delivery;

	if (task_begin(task, api, transport))
		return true;
	tell_outcome(task, outcome);
	return false;
}

static bool
judge(void *self, const TransportApi *api, Transport *transport, Delivery *delivery,
	  const TransferResult *result, Outcome *outcome)
{
	CalendarTask *task = (CalendarTask *) delivery;

	if (task_take(task, result))
		return false;
	tell_outcome(task, outcome);
	return true;
}

static void
forget(void *self, Delivery *delivery, const Outcome *outcome)
{
	CalendarLane *lane = self;
	CalendarTask *task = (CalendarTask *) delivery;

	task->next = lane->ended;
	lane->ended = task;
}

/* --- settling ------------------------------------------------------------------------------------------------------ */

/* Errors that end the worker's turn, or that pass by themselves. */
static bool
is_stop(const ErrorData *problem)
{
	return problem->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		   problem->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION;
}

static bool
is_passing(const ErrorData *problem)
{
	return problem->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE ||
		   ERRCODE_TO_CATEGORY(problem->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK;
}

static void
write_end(CalendarTask *task)
{
	/* what Google has given counts, whatever becomes of the rest */
	if (!task->is_over)
		task->program->release(task);
	else
		task->program->write(task);
}

static void
write_access(CalendarTask *task)
{
	token_write(task);
}

/* Does it in a subtransaction; NULL, or what was raised, in the caller's context. */
static ErrorData *
attempt(CalendarTask *task, void (*act)(CalendarTask *))
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData *volatile problem = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		act(task);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		problem = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (problem && is_stop(problem))
		ReThrowError(problem);
	return problem;
}

/* What could not be written becomes its failure. */
static void
fail_for(CalendarTask *task, const ErrorData *problem)
{
	ereport(WARNING,
			errmsg("what was found in a calendar could not be stored: %s", problem->message));
	task_fail(task, FAILURE_OPERATOR, "what was found could not be stored");
}

/*
 * Writes a task. False: it is to be tried again, for it or somebody else waits for a lock, or not even its failure could be
 * written; but not when its lease has ended: then others have it.
 */
static bool
write_task(CalendarTask *task)
{
	bool has_ended = GetCurrentTimestamp() > task->lease_end;
	ErrorData *problem = task->is_renewed ? attempt(task, write_access) : NULL;

	if (!problem)
		problem = attempt(task, write_end);
	if (problem && !is_passing(problem))
	{
		fail_for(task, problem);
		problem = attempt(task, write_end);
	}
	return !problem || has_ended;
}

static CalendarTask *
find_ended(CalendarLane *lane, const Outcome *outcome)
{
	for (CalendarTask *task = lane->ended; task; task = task->next)
		if (task->base.attempt == outcome->attempt &&
			memcmp(&task->base.id, &outcome->delivery_id, sizeof(pg_uuid_t)) == 0)
			return task;
	return NULL;
}

/* Each in a subtransaction of its own: what is wrong with one must not keep the others from being written. */
static int
settle(void *self, const Outcome *outcomes, int n, bool *is_left)
{
	int nleft = 0;

	for (int i = 0; i < n; i++)
	{
		CalendarTask *task = find_ended(self, &outcomes[i]);

		is_left[i] = task && !write_task(task);
		nleft += is_left[i];
		if (task)
			task->is_written = !is_left[i];
	}
	return nleft;
}

static void
note_nothing(void *self)
{
}

/* What was written is committed. */
static void
forget_written(void *self)
{
	CalendarLane *lane = self;
	CalendarTask **link = &lane->ended;

	while (*link)
	{
		CalendarTask *task = *link;

		if (!task->is_written)
		{
			link = &task->next;
			continue;
		}
		*link = task->next;
		MemoryContextDelete(task->context);
	}
}

const Sender calendar_sender = {
	.queue = &calendar_queue,
	.make = make_lane,
	.lease = lease,
	.take_place = take_place,
	.send = send_task,
	.judge = judge,
	.settle = settle,
	.forget = forget,
	.note_health = note_nothing,
	.health_noted = forget_written,
};
