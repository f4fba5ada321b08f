/*
 * The worker: a procedure that sends what is due until it is told to stop. pg_cron starts it (schedule_workers), or anybody
 * with the role opencalendly_worker.
 *
 * Words. A lane is a queue at work (world/lane.h). A turn is one short
 * transaction: it settles what has finished, notes the receivers' health, and leases what is due. Between turns the worker waits for the network, for being woken (verbs/wake.h) and for the next poll, with no
 * snapshot and no transaction's work open. So the network is never waited for in a transaction, and nothing of the database
 * is held meanwhile.
 *
 * Stopping. SIGTERM, which PostgreSQL would answer by ending the process at the next occasion, is taken as a cancelation
 * first: whatever way the worker is stopped, it abandons its transfers, gives its leases back, and only then ends. One
 * that is killed leaves its leases; they run out.
 *
 * Errors of a turn (a lock, a full disk) roll back its subtransaction; what was to be settled is kept for the next turn, a
 * second later.
 *
 * It commits, so it can neither be SECURITY DEFINER nor pin a search_path; all its SQL is qualified.
 */
#include "compat.h"

#include <signal.h>

#include "access/xact.h"
#include "access/xlog.h"
#include "data/query.h"
#include "errors.h"
#include "fmgr.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "net/transport.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "postmaster/interrupt.h"
#include "settings.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"
#include "verbs/wake.h"
#include "world/calendar.h"
#include "world/lane.h"
#include "world/mail.h"
#include "world/queue.h"
#include "world/webhook.h"
#include "world/writeback.h"

#define POLL_MS 1000
#define SETTLE_AFTER_MS 10 /* what has finished waits so long for more, */
#define SETTLE_SHARE 0.15  /* or until such a share of all places has */
#define RETRY_TURN_MS 1000
#define HEARTBEAT_MS 2000
#define STATISTICS_MS 5000
#define CLOCK_STEP_MS 1000
#define CONNECT_TIMEOUT_MS 5000
#define LOCK_TIMEOUT "500ms"

/* What a procedure works at, in the order in which places are given. */
typedef struct Job
{
	const char *procedure;
	int nsenders;
	const Sender *senders[MAX_LANES];
} Job;

/* Mails first: they need few places, and must not wait until webhooks leave one. */
static const Job deliveries_job = {
	.procedure = "run_deliveries",
	.nsenders = 3,
	.senders = { &mail_sender, &writeback_sender, &webhook_sender },
};

static const Job calendar_job = {
	.procedure = "run_calendar_sync",
	.nsenders = 1,
	.senders = { &calendar_sender },
};

typedef struct Worker
{
	MemoryContext context; /* lives as long as the call */
	MemoryContext turn;    /* reset after each turn */
	const TransportApi *api;
	Transport *transport;
	WaitEventSet *events;
	int watched_fd;
	Lanes lanes;
	Delivery *in_flight[MAX_TRANSFERS];
	int nin_flight;
	int64 first_outcome_ms; /* when the first came of those that are to be settled */
	int64 next_poll_ms;
	int64 next_heartbeat_ms;
	int64 next_statistics_ms;
	int64 clock_ahead_ms;     /* the wall clock, of the one that nobody sets */
	int64 no_turn_until_ms;   /* after one that has failed */
	int64 deadline_ms;        /* no lease after that, but for the first */
	ErrorData *volatile stop; /* why it must stop; NULL: it need not */
} Worker;

/* libpq/libpq.h, which has it, wants the headers of GSSAPI. */
extern bool pq_check_connection(void);

static Worker *at_work = NULL; /* whose transport is open */
static volatile sig_atomic_t is_terminated = false;
static bool is_client_gone = false;

PG_FUNCTION_INFO_V1(run_deliveries);
PG_FUNCTION_INFO_V1(run_calendar_sync);

/* Milliseconds of a clock that nobody sets. */
static int64
now_ms(void)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MILLISEC(now);
}

/*
 * SIGTERM as a cancelation; the process ends once the leases are given back. The postmaster sends it twice, to the process
 * and to its group: the second one must not cancel the giving back.
 */
static void
on_terminate(SIGNAL_ARGS)
{
	int save_errno = errno;

	if (!is_terminated)
		InterruptPending = QueryCancelPending = true;
	is_terminated = true;
	SetLatch(MyLatch);
	errno = save_errno;
}

static void
check_can_commit(FunctionCallInfo fcinfo, const char *procedure)
{
	CallContext *call = (CallContext *) fcinfo->context;

	if (!call || !IsA(call, CallContext) || call->atomic)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			errmsg("%s must be called by a statement of its own", procedure),
			errhint("Call it outside of transaction blocks, functions and multi-command strings."));
}

static const TransportApi *
load_transport(void)
{
	const TransportApi *(*get)(void) = (const TransportApi *(*) (void) ) load_external_function(
		"$libdir/opencalendly_net", "opencalendly_transport", true, NULL);

	return get();
}

static void
configure(Worker *worker)
{
	static char user_agent[64];

	snprintf(user_agent, sizeof(user_agent), "OpenCalendly/%s", OPENCALENDLY_VERSION);
	worker->api->configure(
		worker->transport,
		&(TransportSettings) { .timeout_ms = settings_delivery_timeout,
							   .connect_timeout_ms =
								   Min(CONNECT_TIMEOUT_MS, settings_delivery_timeout),
							   .user_agent = user_agent,
							   .allow = &settings_egress_allow,
							   .ca_file = settings_ca_file ? settings_ca_file : "",
							   .mail_connections = settings_mail_connections,
							   .connect_to = settings_connect_to ? settings_connect_to : "" });
}

/*
 * The process must not end before the transport's thread does, for the libraries' own clearing up at exit would take away
 * what it works with; and an error that ends the process (FATAL) passes by all handlers.
 */
static void
close_at_exit(int code, Datum arg)
{
	if (at_work && at_work->transport)
		at_work->api->close(at_work->transport);
	at_work = NULL;
}

static void
open_transport(Worker *worker)
{
	static bool closes_at_exit = false;

	if (!closes_at_exit)
		before_shmem_exit(close_at_exit, (Datum) 0);
	closes_at_exit = true;
	worker->api = load_transport();
	worker->transport = worker->api->open();
	at_work = worker;
	if (!worker->transport)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	configure(worker);
}

static void
begin_worker(Worker *worker, const Job *job, bool has_deadline, int max_seconds)
{
	worker->context = CurrentMemoryContext;
	worker->turn = AllocSetContextCreate(worker->context, "worker turn", ALLOCSET_DEFAULT_SIZES);
	worker->watched_fd = -1;
	worker->deadline_ms = has_deadline ? now_ms() + max_seconds * INT64CONST(1000) : PG_INT64_MAX;
	lanes_make(&worker->lanes, job->senders, job->nsenders);
	open_transport(worker);
	wake_listen();
}

static void
end_worker(Worker *worker)
{
	wake_unlisten();
	if (worker->events)
		FreeWaitEventSet(worker->events);
	if (worker->transport)
		worker->api->close(worker->transport);
	at_work = NULL;
}

/* --- outcomes ------------------------------------------------------------------------------------------------------ */

static Outcome *
next_outcome(Worker *worker, Lane *lane)
{
	if (lanes_unsettled(&worker->lanes) == 0)
		worker->first_outcome_ms = now_ms();
	return lane_add_outcome(lane);
}

static void
forget_in_flight(Worker *worker, const Delivery *delivery)
{
	for (int i = 0; i < worker->nin_flight; i++)
		if (worker->in_flight[i] == delivery)
		{
			worker->in_flight[i] = worker->in_flight[--worker->nin_flight];
			return;
		}
}

static void
finish(Worker *worker, Delivery *delivery, const Outcome *outcome)
{
	Lane *lane = delivery->lane;

	forget_in_flight(worker, delivery);
	lane->sender->forget(lane->self, delivery, outcome);
}

static void
collect(Worker *worker)
{
	TransferResult result;

	worker->api->work(worker->transport);
	while (worker->api->next(worker->transport, &result))
	{
		Delivery *delivery = result.tag;
		Lane *lane = delivery->lane;
		Outcome outcome;

		if (!lane->sender->judge(lane->self, worker->api, worker->transport, delivery, &result,
								 &outcome))
			continue;
		*next_outcome(worker, lane) = outcome;
		finish(worker, delivery, &outcome);
	}
}

/* --- a turn -------------------------------------------------------------------------------------------------------- */

/* Whether the clock has been set back since this was last asked, by the clock that nobody sets. */
static bool
is_clock_back(Worker *worker)
{
	int64 ahead_ms = GetCurrentTimestamp() / 1000 - now_ms();
	bool is_back = ahead_ms < worker->clock_ahead_ms - CLOCK_STEP_MS;

	worker->clock_ahead_ms = ahead_ms;
	return is_back;
}

/* Comes first in a turn: when the clock was set back, what waits is moved before anything is written by the new time. */
static void
tell_heartbeat(Worker *worker)
{
	if (!is_clock_back(worker) && now_ms() < worker->next_heartbeat_ms)
		return;
	lanes_heartbeat(&worker->lanes);
	worker->next_heartbeat_ms = now_ms() + HEARTBEAT_MS;
}

static void
set_for_transaction(const char *name, const char *value)
{
	set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

/*
 * For the turn's transaction. A plan may have been made while the tables were empty, and lives on when thousands of rows
 * have come: neither a scan of a whole table nor a sort of what an index has in order must look cheap then. And nobody who
 * has locked a table is waited for for long: an answer that comes meanwhile would be taken for one that came too late.
 */
static void
prepare_turn(void)
{
	set_for_transaction("enable_seqscan", "off");
	set_for_transaction("enable_sort", "off");
	set_for_transaction("jit", "off"); /* what is turned off counts as dear */
	set_for_transaction("lock_timeout", LOCK_TIMEOUT);
}

/* Leases what is due, as far as there are places; returns how many deliveries. What was left needs its place, too. */
static int
lease(Worker *worker, Delivery **leased)
{
	int most = Min(settings_max_transfers, worker->api->capacity(worker->transport));
	int places = most - worker->nin_flight - lanes_left(&worker->lanes);

	return lanes_lease(&worker->lanes, worker->context, most, places, leased);
}

/* What a turn does in its subtransaction; how many it has leased. */
static int
do_turn(Worker *worker, bool leases, Delivery **leased)
{
	prepare_turn();
	tell_heartbeat(worker);
	lanes_settle(&worker->lanes);
	return leases ? lease(worker, leased) : 0;
}

/* Whether there is no sense in trying again: it is told to stop, or what it needs is not there or not allowed. */
static bool
is_stop(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
		   error->sqlerrcode == ERRCODE_READ_ONLY_SQL_TRANSACTION ||
		   ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION;
}

/* After an error in a subtransaction or none: takes the error over. */
static ErrorData *
catch_error(MemoryContext context)
{
	ErrorData *error;

	MemoryContextSwitchTo(context);
	error = CopyErrorData();
	FlushErrorState();
	return error;
}

/* The turn's work in a subtransaction; -1: it has failed, and nothing of it was done. */
static int
try_turn(Worker *worker, bool leases, Delivery **leased)
{
	ResourceOwner owner = CurrentResourceOwner;
	volatile int n = -1;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(worker->turn);
	PG_TRY();
	{
		n = do_turn(worker, leases, leased);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error = catch_error(worker->context);

		RollbackAndReleaseCurrentSubTransaction();
		n = -1;
		if (is_stop(error))
			worker->stop = error;
		else
		{
			ereport(WARNING, errmsg("a worker's transaction has failed: %s", error->message),
					errdetail("It is tried again."));
			FreeErrorData(error);
		}
	}
	PG_END_TRY();
	MemoryContextSwitchTo(worker->context);
	CurrentResourceOwner = owner;
	return n;
}

static void
send_leased(Worker *worker, Delivery *delivery)
{
	Lane *lane = delivery->lane;
	Outcome outcome;

	lane->sender->take_place(lane->self, delivery);
	worker->in_flight[worker->nin_flight++] = delivery;
	if (lane->sender->send(lane->self, worker->api, worker->transport, delivery, &outcome))
		return;
	*next_outcome(worker, lane) = outcome;
	finish(worker, delivery, &outcome);
}

/*
 * The next transaction sees what others have committed, whatever the database's default is: a turn under SERIALIZABLE could
 * fail at its commit, where nobody would give the leases back.
 */
static void
commit(void)
{
	SPI_commit();
	XactIsoLevel = XACT_READ_COMMITTED;
}

/*
 * Tells autovacuum what has become of the tables' rows; of itself the server does that only once the call is over. It may
 * not be done with rows touched in the same transaction; since the last commit there are none, but a server that has its
 * assertions forbids all transactions. The time that it takes for the commit's must not become the next turn's, hence the
 * second commit.
 */
static void
tell_statistics(Worker *worker)
{
	if (now_ms() < worker->next_statistics_ms ||
		strcmp(GetConfigOption("debug_assertions", false, false), "off") != 0)
		return;
	pgstat_report_stat(true);
	commit();
	worker->next_statistics_ms = now_ms() + STATISTICS_MS;
}

/* Settles, leases and commits, and then sends what it has leased. */
static void
take_turn(Worker *worker, bool leases)
{
	Delivery **leased = MemoryContextAlloc(worker->turn, MAX_TRANSFERS * sizeof(void *));
	int n = try_turn(worker, leases, leased);

	commit();
	worker->next_poll_ms = now_ms() + POLL_MS;
	if (n < 0)
		worker->no_turn_until_ms = now_ms() + RETRY_TURN_MS;
	else
	{
		lanes_forget_settled(&worker->lanes);
		for (int i = 0; i < n; i++)
			send_leased(worker, leased[i]);
	}
	tell_statistics(worker);
	MemoryContextSwitchTo(worker->context);
	MemoryContextReset(worker->turn);
}

/* --- waiting ------------------------------------------------------------------------------------------------------- */

/* The set that is waited on is made anew only if the transport's descriptor is another one. */
static WaitEventSet *
events_of(Worker *worker)
{
	int fd = worker->api->wait_fd(worker->transport);

	if (worker->events && fd == worker->watched_fd)
		return worker->events;
	if (worker->events)
		FreeWaitEventSet(worker->events);
	worker->events = CreateWaitEventSet(worker->context, 3);
	AddWaitEventToSet(worker->events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(worker->events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(worker->events, WL_SOCKET_READABLE, fd, NULL, NULL);
	worker->watched_fd = fd;
	return worker->events;
}

static long
wait_ms(const Worker *worker, bool is_draining)
{
	int64 now = now_ms();
	int64 wait = worker->next_poll_ms - now;
	long transport_ms = worker->api->timeout_ms(worker->transport);

	if (lanes_unsettled(&worker->lanes) > 0)
		wait = Min(wait, worker->first_outcome_ms + SETTLE_AFTER_MS - now);
	if (!is_draining)
		wait = Min(wait, worker->deadline_ms - now);
	wait = Max(wait, worker->no_turn_until_ms - now);
	if (transport_ms >= 0)
		wait = Min(wait, transport_ms);
	return (long) Max(wait, 0);
}

/* Waits, and deals with what came; true: somebody has woken it. */
static bool
wait_for_something(Worker *worker, bool is_draining)
{
	WaitEvent came[3];
	bool is_woken = false;
	int n = WaitEventSetWait(events_of(worker), wait_ms(worker, is_draining), came, lengthof(came),
							 PG_WAIT_EXTENSION);

	for (int i = 0; i < n; i++)
		if (came[i].events & WL_LATCH_SET)
		{
			ResetLatch(MyLatch);
			is_woken = true;
		}
	collect(worker);
	return is_woken;
}

/*
 * Sees to signals; a stop is kept for the loop. Nothing but this is done in it, so no subtransaction is needed. A wait for a
 * synchronous standby takes a cancelation for itself, and so may have taken the one that a SIGTERM was turned into.
 */
static void
see_to_signals(Worker *worker)
{
	if (is_terminated)
		InterruptPending = QueryCancelPending = true;
	PG_TRY();
	{
		CHECK_FOR_INTERRUPTS();
	}
	PG_CATCH();
	{
		worker->stop = catch_error(worker->context);
	}
	PG_END_TRY();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		configure(worker);
	}
}

/*
 * Once a poll: nobody would hear that a worker has ended whose client has gone, nor stop it. It is stopped as by a signal. That the
 * question may reset the latch does no harm, for a turn follows.
 */
static void
check_client(const Worker *worker)
{
	if (!MyProcPort || now_ms() < worker->next_poll_ms || pq_check_connection())
		return;
	is_client_gone = true;
	QueryCancelPending = true;
	InterruptPending = true;
}

/* --- the loop ------------------------------------------------------------------------------------------------------ */

static bool
is_turn_due(const Worker *worker, bool is_woken)
{
	int64 now = now_ms();
	int unsettled;

	if (now < worker->no_turn_until_ms)
		return false;
	if (is_woken || now >= worker->next_poll_ms)
		return true;
	unsettled = lanes_unsettled(&worker->lanes);
	return unsettled > 0 &&
		   (unsettled >= settings_max_transfers * SETTLE_SHARE || worker->nin_flight == 0 ||
			now >= worker->first_outcome_ms + SETTLE_AFTER_MS);
}

/* Leases given back, as far as that can be written. */
static void
give_back(Worker *worker)
{
	ErrorData *stop = worker->stop;

	collect(worker);
	while (worker->nin_flight > 0)
	{
		Delivery *delivery = worker->in_flight[0];
		Outcome *outcome = next_outcome(worker, delivery->lane);

		outcome_give_up(delivery, outcome);
		finish(worker, delivery, outcome);
	}
	worker->api->close(worker->transport);
	worker->transport = NULL;
	if (lanes_have_outcomes(&worker->lanes))
	{
		/* nor for a standby, that may be stopped already */
		set_for_transaction("synchronous_commit", "local");
		take_turn(worker, false);
	}
	worker->stop = stop;
}

static void
run(Worker *worker)
{
	bool is_woken = true;
	bool is_first = true;

	while (!worker->stop)
	{
		bool is_draining = !is_first && now_ms() >= worker->deadline_ms;

		if (is_draining)
			wake_unlisten();
		check_client(worker);
		if (is_turn_due(worker, is_woken))
		{
			take_turn(worker, !is_draining);
			is_first = is_woken = false;
		}
		if (is_draining && worker->nin_flight == 0 && lanes_unsettled(&worker->lanes) == 0 &&
			!worker->stop)
			return;
		if (!worker->stop)
			is_woken |= wait_for_something(worker, is_draining);
		if (!worker->stop)
			see_to_signals(worker);
	}
	give_back(worker);
}

/* SIGTERM has its meaning back; if one came meanwhile, or the client has gone, the process ends at the next occasion. */
static void
restore_terminate(pqsigfunc earlier)
{
	pqsignal(SIGTERM, earlier);
	if (is_terminated || is_client_gone)
	{
		ProcDiePending |= is_terminated;
		ClientConnectionLost |= is_client_gone;
		InterruptPending = true;
	}
	is_terminated = is_client_gone = false;
}

static void
work_until_stopped(const Job *job, bool has_deadline, int max_seconds)
{
	Worker *worker = palloc0(sizeof(Worker));
	pqsigfunc earlier = pqsignal(SIGTERM, on_terminate);

	PG_TRY();
	{
		begin_worker(worker, job, has_deadline, max_seconds);
		commit();
		run(worker);
	}
	PG_FINALLY();
	{
		restore_terminate(earlier);
		end_worker(worker);
	}
	PG_END_TRY();
	CHECK_FOR_INTERRUPTS();
	if (worker->stop)
		ReThrowError(worker->stop);
}

/* Errors: 2D000, OC006; a cancelation as 57014, once leases are given back. */
static Datum
run_job(FunctionCallInfo fcinfo, const Job *job)
{
	bool has_deadline = !PG_ARGISNULL(0);
	int max_seconds = has_deadline ? PG_GETARG_INT32(0) : 0;

	check_can_commit(fcinfo, job->procedure);
	if (has_deadline && (max_seconds < 0 || max_seconds > SECS_PER_DAY))
		ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("max_seconds must be from 0 to 86400"),
				errdetail("Field \"max_seconds\" has the value %d.", max_seconds));
	if (RecoveryInProgress())
	{
		ereport(NOTICE, errmsg("nothing is sent by a standby"));
		PG_RETURN_VOID();
	}
	SPI_connect_ext(SPI_OPT_NONATOMIC);
	disable_timeout(STATEMENT_TIMEOUT, false);
	if (queue_is_copy())
		ereport(WARNING, errmsg("nothing is sent by a restored copy"),
				errhint("If this database is to send from now on, call adopt_outbox()."));
	else
		work_until_stopped(job, has_deadline, max_seconds);
	SPI_finish();
	PG_RETURN_VOID();
}

/* run_deliveries(max_seconds): sends what is due, mails, webhooks, and bookings into calendars. */
Datum
run_deliveries(PG_FUNCTION_ARGS)
{
	return run_job(fcinfo, &deliveries_job);
}

/* run_calendar_sync(max_seconds): connects calendars, and reads those that are due. */
Datum
run_calendar_sync(PG_FUNCTION_ARGS)
{
	return run_job(fcinfo, &calendar_job);
}
