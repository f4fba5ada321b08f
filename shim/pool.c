/*
 * Connections; the words are in pool.h.
 */
#include "pool.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"

#define MAX_TRIES 5
#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 500
#define CONNECT_TIMEOUT_SECONDS "3"
#define SILENCE_MS \
	5000 /* what a server may take longer than the statement timeout: to commit, to say anything */
/* The statement timeout of what waits for others, which gives up after 20 s. */
#define WAITING_MS 25000

#define HELLO_SQL "SELECT version, base_url, dev_login_links FROM opencalendly.api_hello()"
#define SETTINGS_STATEMENT "settings"
/* Nothing is made writable: on a standby that is an error of its own, and writing is refused there anyway (25006). */
#define SETTINGS_SQL                                                \
	"SELECT pg_catalog.set_config('statement_timeout', $1, true), " \
	"CASE WHEN $2::pg_catalog.bool THEN pg_catalog.set_config('transaction_read_only', 'on', true) END"

struct Db
{
	PGconn *conn;      /* NULL: not open */
	PGresult *result;  /* what the last answer points into */
	bool has_settings; /* the settings' statement is prepared */
	bool is_prepared[MAX_ROUTES];
	bool is_then_prepared[MAX_ROUTES];
	bool *preparing[2]; /* in the pipeline: what becomes true when the server has prepared it */
	int npreparing;
};

static const char application_name[] = "opencalendly-shim " SHIM_VERSION;

/* A function of a route, as a statement. */
typedef struct Call
{
	const char *sql;
	const char *statement;
	bool *is_prepared;
	int timeout_ms;
	int nvalues;
	const char *const *values;
	bool read_only;
} Call;

static const Config *config;

/* Until when nobody tries to connect, in milliseconds of the monotonic clock, and the pause after the next failure. */
static atomic_int_fast64_t closed_until; /* 0: the last attempt went well */
static atomic_int pause_ms;
static atomic_flag is_trying = ATOMIC_FLAG_INIT; /* after a failure one thread tries for all */

static pthread_mutex_t state_lock = PTHREAD_MUTEX_INITIALIZER;
static DbState last_state = { "", "", false };
static const char *objection;

/* libpq would tell what is wrong by quoting the string, passwords and all. A database's mere name is none. */
static bool
can_be_read(const char *conninfo)
{
	PQconninfoOption *options;

	if (!strchr(conninfo, '=') && !strstr(conninfo, "://"))
		return true;
	options = PQconninfoParse(conninfo, NULL);
	PQconninfoFree(options);
	return options != NULL;
}

bool
pool_start(const Config *settings)
{
	config = settings;
	atomic_store(&pause_ms, FIRST_PAUSE_MS);
	if (can_be_read(config->database))
		return true;
	log_message("error",
				"the database's connection string cannot be read; values with spaces stand in "
				"single quotes, and in a URI special characters are percent-encoded");
	return false;
}

Db *
db_new(void)
{
	return allocate(sizeof(Db));
}

static void
db_close(Db *db)
{
	PQclear(db->result);
	if (db->conn)
	{
		PQfinish(db->conn);
		metrics_gauge(GAUGE_CONNECTIONS, -1);
	}
	*db = (Db) { 0 };
}

void
db_free(Db *db)
{
	if (!db)
		return;
	db_close(db);
	free(db);
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static int64_t
deadline_ms(int timeout_ms)
{
	return clock_ms() + timeout_ms + SILENCE_MS;
}

/*
 * Waits until PQgetResult need not wait. False: the deadline is over. A server ends statements by itself, but not the
 * wait for a synchronous standby, and a frozen one ends nothing.
 */
static bool
await_result(PGconn *conn, int64_t deadline)
{
	while (PQstatus(conn) == CONNECTION_OK && PQisBusy(conn))
	{
		struct pollfd socket = { PQsocket(conn), POLLIN, 0 };
		int64_t left = deadline - clock_ms();

		if (left <= 0 || (poll(&socket, 1, (int) left) < 0 && errno != EINTR))
			return false;
		/* a lost connection is PQgetResult's to tell */
		if (socket.revents && !PQconsumeInput(conn))
			return true;
	}
	return true;
}

/* PQexec, with the deadline; NULL when it is over. */
static PGresult *
ask(PGconn *conn, const char *sql)
{
	int64_t deadline = deadline_ms(config->statement_timeout_ms);
	PGresult *last = NULL;
	PGresult *result;

	if (!PQsendQuery(conn, sql))
		return NULL;
	while (await_result(conn, deadline))
	{
		result = PQgetResult(conn);
		if (!result)
			return last;
		PQclear(last);
		last = result;
	}
	PQclear(last);
	return NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static void
note_failure(void)
{
	int pause = atomic_load(&pause_ms);
	int next = pause * 2 > LONGEST_PAUSE_MS ? LONGEST_PAUSE_MS : pause * 2;

	atomic_compare_exchange_strong(&pause_ms, &pause, next);
	atomic_store(&closed_until, clock_ms() + pause);
	metrics_count(COUNTER_CONNECT_FAILURES);
}

DbState
pool_state(void)
{
	DbState state;

	pthread_mutex_lock(&state_lock);
	state = last_state;
	pthread_mutex_unlock(&state_lock);
	return state;
}

const char *
pool_objection(void)
{
	const char *found;

	pthread_mutex_lock(&state_lock);
	found = objection;
	pthread_mutex_unlock(&state_lock);
	return found;
}

/* A text that changes rarely and is kept for good: readers hold pointers to it. */
static const char *
keep_text(const char *known, const char *text)
{
	return strcmp(known, text) == 0 ? known : copy_string(text);
}

static void
note_state(const char *version, const char *base_url, bool dev_login_links)
{
	pthread_mutex_lock(&state_lock);
	last_state.version = keep_text(last_state.version, version);
	last_state.base_url = keep_text(last_state.base_url, base_url);
	last_state.dev_login_links = dev_login_links;
	if (dev_login_links && !config_is_private(config) && !objection)
	{
		objection =
			"opencalendly.dev_login_links is on: it hands sign-in links to whoever asks, so the shim must listen on "
			"loopback and have no trusted proxy";
		kill(getpid(), SIGTERM);
	}
	pthread_mutex_unlock(&state_lock);
}

/* Asks the database who it is, outside of the pipeline. */
static bool
say_hello(PGconn *conn, char *why, size_t size)
{
	PGresult *result = ask(conn, HELLO_SQL);
	bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;

	if (good)
		note_state(PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1),
				   PQgetvalue(result, 0, 2)[0] == 't');
	else
		snprintf(why, size, "%s",
				 PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) ?: PQerrorMessage(conn));
	PQclear(result);
	return good;
}

/* Notices may quote what somebody sent; libpq would write them to the log as they are. */
static void
swallow_notice(void *nothing, const PGresult *notice)
{
}

static PGconn *
open_connection(char *why, size_t size)
{
	const char *const names[] = { "dbname",
								  "application_name",
								  "client_encoding",
								  "connect_timeout",
								  "keepalives_idle",
								  "tcp_user_timeout",
								  NULL };
	const char *const values[] = {
		config->database, application_name, "UTF8", CONNECT_TIMEOUT_SECONDS, "30", "15000", NULL
	};
	PGconn *conn = PQconnectdbParams(names, values, 1);

	PQsetNoticeReceiver(conn, swallow_notice, NULL);
	if (PQstatus(conn) != CONNECTION_OK)
		snprintf(why, size, "%s", PQerrorMessage(conn));
	else if (say_hello(conn, why, size) && PQenterPipelineMode(conn))
		return conn;
	PQfinish(conn);
	return NULL;
}

static bool
db_connect(Db *db)
{
	char why[512] = "";

	db->conn = open_connection(why, sizeof(why));
	if (!db->conn)
	{
		note_failure();
		why[strcspn(why, "\n")] = '\0';
		log_message("warning", "no connection to the database: %s", why);
		return false;
	}
	atomic_store(&pause_ms, FIRST_PAUSE_MS);
	atomic_store(&closed_until, 0);
	metrics_count(COUNTER_CONNECTS);
	metrics_gauge(GAUGE_CONNECTIONS, 1);
	return true;
}

/* Waits a little for the thread that tries; true: it has got through. */
static bool
others_try_works(void)
{
	const struct timespec pause = { 0, 2000000L };
	int64_t began = clock_ms();
	int64_t closed = atomic_load(&closed_until);

	while (closed != 0 && atomic_load(&closed_until) == closed &&
		   clock_ms() - began < LONGEST_PAUSE_MS)
		nanosleep(&pause, NULL);
	return atomic_load(&closed_until) == 0;
}

/* A connection that can be used, or none. */
static bool
db_open(Db *db)
{
	bool opened;

	if (atomic_load(&closed_until) == 0)
		return db_connect(db);
	if (clock_ms() < atomic_load(&closed_until))
		return false;
	if (atomic_flag_test_and_set(&is_trying))
		return others_try_works() && db_connect(db);
	opened = db_connect(db);
	atomic_flag_clear(&is_trying);
	return opened;
}

/* Whether the server has said nothing since: an idle connection that can be read has been closed. */
static bool
is_alive(PGconn *conn)
{
	struct pollfd socket = { PQsocket(conn), POLLIN, 0 };

	if (PQstatus(conn) != CONNECTION_OK)
		return false;
	if (poll(&socket, 1, 0) == 0)
		return true;
	/* a notice or a parameter's change is no end */
	return (socket.revents & POLLIN) && PQconsumeInput(conn) && PQstatus(conn) == CONNECTION_OK &&
		   poll(&socket, 1, 0) == 0;
}

static bool
db_ready(Db *db)
{
	PQclear(db->result);
	db->result = NULL;
	if (db->conn && !is_alive(db->conn))
		db_close(db);
	/* of what must not be served nothing is, not even while the process stops for it */
	return (db->conn || db_open(db)) && !pool_objection();
}

/* --- one request -------------------------------------------------------------------------------------------------- */

static bool
send_prepare(Db *db, bool *is_prepared, const char *name, const char *sql, int nvalues)
{
	if (*is_prepared)
		return true;
	db->preparing[db->npreparing++] = is_prepared;
	return PQsendPrepare(db->conn, name, sql, nvalues, NULL);
}

static bool
send_statement(Db *db, bool *is_prepared, const char *name, const char *sql, int nvalues,
			   const char *const *values)
{
	if (config->no_prepare)
		return PQsendQueryParams(db->conn, sql, nvalues, NULL, values, NULL, NULL, 0);
	return send_prepare(db, is_prepared, name, sql, nvalues) &&
		   PQsendQueryPrepared(db->conn, name, nvalues, values, NULL, NULL, 0);
}

static bool
send_request(Db *db, const Call *call)
{
	char timeout[16];
	const char *settings[] = { timeout, call->read_only ? "on" : "off" };

	snprintf(timeout, sizeof(timeout), "%d", call->timeout_ms);
	db->npreparing = 0;
	return send_statement(db, &db->has_settings, SETTINGS_STATEMENT, SETTINGS_SQL, 2, settings) &&
		   send_statement(db, call->is_prepared, call->statement, call->sql, call->nvalues,
						  call->values) &&
		   PQpipelineSync(db->conn);
}

/*
 * Reads up to the end of the pipeline. Keeps the first error, else the last rows. False: the connection was lost, or the
 * server is silent for too long.
 */
static bool
read_results(Db *db, int timeout_ms)
{
	int64_t deadline = deadline_ms(timeout_ms);
	int silent = 0;
	int nprepared = 0;

	while (await_result(db->conn, deadline))
	{
		PGresult *result = PQgetResult(db->conn);
		ExecStatusType status = PQresultStatus(result);

		if (!result)
		{
			/* the end of one statement's results; twice in a row, and nothing is to come any more */
			if (PQstatus(db->conn) != CONNECTION_OK || ++silent > 2)
				return false;
			continue;
		}
		silent = 0;
		if (status == PGRES_PIPELINE_SYNC)
		{
			PQclear(result);
			return true;
		}
		if (status == PGRES_COMMAND_OK && nprepared < db->npreparing)
			*db->preparing[nprepared++] = true;
		if ((status == PGRES_TUPLES_OK || status == PGRES_FATAL_ERROR) &&
			!(db->result && PQresultStatus(db->result) == PGRES_FATAL_ERROR))
		{
			PQclear(db->result);
			db->result = result;
		}
		else
			PQclear(result);
	}
	return false;
}

static const char *
column(const PGresult *result, int number)
{
	return PQgetisnull(result, 0, number) ? NULL : PQgetvalue(result, 0, number);
}

/* An api_answer's columns in their order: 75_api.sql. */
static void
read_answer(const PGresult *result, DbAnswer *answer)
{
	answer->outcome = DB_ANSWERED;
	answer->status = column(result, 0) ? (int) strtol(column(result, 0), NULL, 10) : 500;
	answer->body = column(result, 1);
	answer->body_len = (size_t) PQgetlength(result, 0, 1);
	answer->etag = column(result, 2);
	answer->next_cursor = column(result, 3);
	answer->location = column(result, 4);
	answer->cookie = column(result, 5);
}

static void
read_error(const PGresult *result, DbAnswer *answer)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	answer->outcome = DB_REFUSED;
	snprintf(answer->sqlstate, sizeof(answer->sqlstate), "%s", sqlstate ? sqlstate : "");
	answer->message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	answer->detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
	metrics_sqlstate(answer->sqlstate);
}

static bool
is_class(const DbAnswer *answer, const char *class)
{
	return strncmp(answer->sqlstate, class, strlen(class)) == 0;
}

/* The server is going, or throws this session out: the connection is of no more use. */
static bool
ends_session(const DbAnswer *answer)
{
	return is_class(answer, "57P0") || is_class(answer, "08");
}

/* A statement that was prepared for what is there no more: the next connection prepares anew. */
static bool
is_outdated(const DbAnswer *answer)
{
	return is_class(answer, "26000") || is_class(answer, "0A000") || is_class(answer, "42P05");
}

static DbAnswer
call_once(Db *db, const Call *call)
{
	DbAnswer answer = { .outcome = DB_AWAY };

	if (!db_ready(db))
		return answer;
	if (!send_request(db, call) || !read_results(db, call->timeout_ms) || !db->result)
	{
		db_close(db);
		return answer;
	}
	if (PQresultStatus(db->result) == PGRES_FATAL_ERROR)
		read_error(db->result, &answer);
	else if (PQntuples(db->result) == 1)
		read_answer(db->result, &answer);
	else
		answer = (DbAnswer) { .outcome = DB_REFUSED, .sqlstate = "XX000", .message = "no answer" };
	return answer;
}

static void
wait_a_little(int try)
{
	struct timespec pause = { 0, ((1 + clock_ms() % 7) * 1000000L) << try };

	nanosleep(&pause, NULL);
}

/* Closes the connection, but keeps the error that is to be told. */
static void
leave_connection(Db *db)
{
	PGresult *kept = db->result;

	db->result = NULL;
	db_close(db);
	db->result = kept;
}

static DbAnswer
call_until_done(Db *db, const Call *call)
{
	DbAnswer answer = { .outcome = DB_AWAY };

	for (int try = 0; try < MAX_TRIES; try++)
	{
		bool was_open = db->conn != NULL;

		answer = call_once(db, call);
		if (answer.outcome == DB_AWAY)
		{
			/* a question may be asked again, a request that changes something may have been heard */
			if (!was_open || !call->read_only)
				return answer;
		}
		else if (answer.outcome == DB_REFUSED && (ends_session(&answer) || is_outdated(&answer)))
		{
			bool may_repeat = is_outdated(&answer) || call->read_only;

			leave_connection(db);
			if (!may_repeat)
				return answer;
		}
		else if (answer.outcome != DB_REFUSED ||
				 !(is_class(&answer, "40001") || is_class(&answer, "40P01")))
			return answer;
		metrics_count(COUNTER_RETRIES);
		wait_a_little(try);
	}
	return answer;
}

DbAnswer
db_call(Db *db, const Route *route, const char *const *values, bool read_only)
{
	Call call = { .sql = route->sql,
				  .statement = route->statement,
				  .is_prepared = &db->is_prepared[route->number],
				  .timeout_ms = config->statement_timeout_ms,
				  .nvalues = route->nparams,
				  .values = values,
				  .read_only = read_only };
	DbAnswer answer = call_until_done(db, &call);

	if (!route->then || answer.outcome != DB_ANSWERED || answer.status != 200 || answer.body)
		return answer;
	call.sql = route->then_sql;
	call.statement = route->then_statement;
	call.is_prepared = &db->is_then_prepared[route->number];
	call.timeout_ms =
		config->statement_timeout_ms > WAITING_MS ? config->statement_timeout_ms : WAITING_MS;
	return call_until_done(db, &call);
}

/* --- what is no route --------------------------------------------------------------------------------------------- */

static bool
run_plain(Db *db, const char *sql)
{
	PGresult *result;

	if (!db_ready(db))
		return false;
	if (!PQexitPipelineMode(db->conn))
	{
		db_close(db);
		return false;
	}
	result = ask(db->conn, sql);
	db->result = result;
	if (PQresultStatus(result) != PGRES_TUPLES_OK || !PQenterPipelineMode(db->conn))
	{
		db_close(db);
		return false;
	}
	return true;
}

bool
db_check(Db *db, DbState *state)
{
	if (!run_plain(db, HELLO_SQL) || PQntuples(db->result) != 1)
		return false;
	note_state(PQgetvalue(db->result, 0, 0), PQgetvalue(db->result, 0, 1),
			   PQgetvalue(db->result, 0, 2)[0] == 't');
	*state = pool_state();
	return true;
}

bool
db_metrics(Db *db, Text *out)
{
	const char *last = "";

	if (!run_plain(db, "SELECT name, kind, help, labels, value FROM opencalendly.api_metrics()"))
		return false;
	for (int row = 0; row < PQntuples(db->result); row++)
	{
		const char *name = PQgetvalue(db->result, row, 0);
		const char *labels = PQgetvalue(db->result, row, 3);

		if (strcmp(name, last) != 0)
			text_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, PQgetvalue(db->result, row, 2),
					  name, PQgetvalue(db->result, row, 1));
		text_addf(out, "%s%s%s%s %s\n", name, *labels ? "{" : "", labels, *labels ? "}" : "",
				  PQgetvalue(db->result, row, 4));
		last = name;
	}
	return true;
}
