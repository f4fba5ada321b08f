/*
 * The database, through libpq: one connection for each worker thread, opened at its first request, looked at before each
 * use, opened again when it is gone. While the database is away no thread waits for it: after a failure the next attempt
 * is made when a growing pause (at most half a second) is over, and until then the answer is "away" at once.
 *
 * A request is one round trip in pipeline mode, and so one transaction: the settings that hold for it alone, and the
 * route's function. Nothing is set for the session, so that PgBouncer may share connections (no_prepare). What waits for
 * others (Route.then) is a second such round trip: what it waits for must have been committed.
 */
#ifndef SHIM_POOL_H
#define SHIM_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "routes.h"
#include "text.h"

typedef struct Db Db;

typedef enum DbOutcome
{
	DB_ANSWERED,
	DB_REFUSED, /* the database raised an error: sqlstate, message, detail */
	DB_AWAY,    /* no connection, or it was lost */
} DbOutcome;

typedef struct DbAnswer
{
	DbOutcome outcome;
	/* of an answer; NULL where null. They stand until the next call. */
	int status;
	const char *body;
	size_t body_len;
	const char *etag;
	const char *next_cursor;
	const char *location;
	const char *cookie;
	/* of an error */
	char sqlstate[6];
	const char *message;
	const char *detail;
} DbAnswer;

/* What the database says of itself at each connect. */
typedef struct DbState
{
	const char *version; /* of the extension */
	const char *base_url;
	bool dev_login_links;
} DbState;

/* False, and it is told why, if the connection string cannot be read. */
extern bool pool_start(const Config *config);

/* For one thread; nothing is opened yet. */
extern Db *db_new(void);
extern void db_free(Db *db);

/*
 * Calls the route's function; nvalues as it has parameters. Transactions that lost a race are repeated. If the route has
 * one to wait by, and the answer is 200 without a body, that one is called, too, and its answer is the answer.
 */
extern DbAnswer db_call(Db *db, const Route *route, const char *const *values, bool read_only);

/* Whether the database answers; true: *state is filled, and stands as long as the process. */
extern bool db_check(Db *db, DbState *state);

/* The last known state; base_url "" while there is none. */
extern DbState pool_state(void);

/* Prometheus' lines about what is in the database; false if it does not answer. */
extern bool db_metrics(Db *db, Text *out);

/* Why the shim must not serve: the database's settings do not allow it with this configuration. NULL: nothing. */
extern const char *pool_objection(void);

#endif
