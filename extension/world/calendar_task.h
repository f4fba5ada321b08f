/*
 * The tasks of the calendar lane. A task is what was leased: a consent, whose code is exchanged for tokens
 * (calendar_consent.c), a connection that is due, whose calendars are read (calendar_read.c, calendar_push.c), or one that
 * is leaving (calendar_leave.c).
 *
 * Words. A task's program is a row of steps. A step begins one transfer after the other, until it has none left; then the
 * next step has its turn. A task is over when its program is at its end, or when it has failed. What came of it is written
 * by the program, in a transaction of the lane's. An access token that is old, or that Google does not accept, is renewed
 * between steps, once a task, and the transfer that it was for begins again.
 *
 * Lifetimes. What a step keeps is in the task's context; what it works with, in CurrentMemoryContext, is gone after it.
 * Secrets that a task keeps are overwritten when its context goes, whatever ends it.
 *
 * What a step or a program raises is its task's failure, and no other's.
 */
#ifndef OPENCALENDLY_CALENDAR_TASK_H
#define OPENCALENDLY_CALENDAR_TASK_H

#include "compat.h"
#include "nodes/pg_list.h"
#include "world/google.h"
#include "world/queue.h"

typedef struct CalendarTask CalendarTask;

typedef struct CalendarStep
{
	/* Begins the next transfer by task_ask. False: there is none left, or the task has failed. */
	bool (*begin)(CalendarTask *task);

	/* What the answer means; error is the verdict's, in words. */
	void (*take)(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
				 const char *error);

	/* It is only tried: whatever comes of it, no new access token is fetched for it. */
	bool is_optional;
} CalendarStep;

typedef struct CalendarProgram
{
	const CalendarStep *steps;
	int nsteps;

	/* What comes before the first step; NULL: nothing. */
	void (*start)(CalendarTask *task);

	/* Makes ready, outside of a transaction, what is to be written; NULL: it is. */
	void (*finish)(CalendarTask *task);

	/* Writes what came of the task, a failure too, in the current subtransaction. False: it is somebody else's by now. */
	bool (*write)(CalendarTask *task);

	/* Gives the lease back. */
	void (*release)(CalendarTask *task);
} CalendarProgram;

/* How a failure goes on. */
typedef enum CalendarFailure
{
	FAILURE_PASSING,  /* tried again, after a delay that grows */
	FAILURE_OPERATOR, /* the operator's settings: tried again, after a longer delay */
	FAILURE_BROKEN    /* the grant is dead */
} CalendarFailure;

#define TASK_SECRETS 4

struct CalendarTask
{
	Delivery base;
	CalendarTask *next; /* of the lane's tasks that are to be written */
	const CalendarProgram *program;
	MemoryContext context; /* the task is in it */
	MemoryContext work;
	MemoryContextCallback forget;
	char *secrets[TASK_SECRETS];
	int nsecrets;
	TimestampTz leased_at;
	TimestampTz lease_end;
	int failures; /* of the connection, since the last good sync */

	/* Where it is. */
	const TransportApi *api;
	Transport *transport;
	int step;
	bool is_over;
	bool is_written;

	/* Its failure. */
	bool has_failed;
	char error[160];
	const char *error_code; /* of a consent: the SQLSTATE that its host is told */
	CalendarFailure failure;
	int64 retry_after_s; /* -1: nothing was asked for */

	/* Its access. */
	bytea *sealed_refresh_token; /* NULL: it is no connection's */
	bytea *sealed_access_token;
	char *access_token; /* a secret; NULL: there is none that is good */
	bool needs_token;   /* a new one, before the next transfer */
	bool is_renewing;   /* the transfer that is under way is for it */
	bool is_renewed;
	char *new_refresh_token; /* a secret; NULL: the old one stays */
	int expires_in;          /* seconds, from renewed_at on */
	TimestampTz renewed_at;

	/* The account's list of calendars (task_begin_list). */
	bool wants_list;
	char *list_page;  /* token of the next page; NULL: the first */
	List *list_pages; /* of Jsonb *; complete once wants_list is false */
};

/* A row of calendar_connections that was leased. */
typedef struct LeasedConnection
{
	pg_uuid_t id;
	int attempt;
	TimestampTz leased_at;
	TimestampTz lease_end;
	bool is_leaving;
	bytea *refresh_token; /* sealed, as the next one */
	bytea *access_token;
	TimestampTz refresh_at;
	TimestampTz access_expires_at;
	TimestampTz listed_at; /* DT_NOBEGIN: never */
	int failures;
} LeasedConnection;

/* Of what kind a connection's task is: a sync, or the leaving. They live in contexts below the parent. */
extern CalendarTask *sync_make(MemoryContext parent, const LeasedConnection *leased);
extern CalendarTask *leave_make(MemoryContext parent, const LeasedConnection *leased);

/*
 * Reads what those tasks, syncs and leavings, need to know of their calendars, in the transaction that has leased them.
 */
extern void sync_load_calendars(CalendarTask **tasks, int n);

/* Leases at most so many consents, in the current transaction; returns how many. */
extern int consent_lease(MemoryContext parent, int most, CalendarTask **tasks);

/* How long a lease is, microseconds: time for several transfers one after the other. */
extern int64 task_lease_us(void);

/* Goes on with the next transfer; with the answer to the last one. False: the task is over. Raises nothing. */
extern bool task_begin(CalendarTask *task, const TransportApi *api, Transport *transport);
extern bool task_take(CalendarTask *task, const TransferResult *result);

/* --- for steps and programs ---------------------------------------------------------------------------------------- */

/* A task of at least so many bytes, zeroed, in a context of its own below the parent. */
extern CalendarTask *task_make(MemoryContext parent, Size size, const CalendarProgram *program);

/* The same of a connection. */
extern CalendarTask *task_make_of_connection(MemoryContext parent, Size size,
											 const CalendarProgram *program,
											 const LeasedConnection *leased);

/*
 * Begins a request to the Calendar API with the access token; of a body the type is JSON, NULL = none. False: it could not
 * be begun, and the task has failed.
 */
extern bool task_ask(CalendarTask *task, const char *method, const char *url, const char *body);

/* Begins a request with a form and no access token; overwrites the form. */
extern bool task_post_form(CalendarTask *task, const char *url, StringInfo form);

/* Whether an answer tells of what is so for every connection until the operator has done something about it. */
extern bool task_is_operators(const TransferResult *result);

extern void task_fail(CalendarTask *task, CalendarFailure failure, const char *error);

/* The same of an answer: "<what>: <error>", to be tried again. */
extern void task_fail_by_answer(CalendarTask *task, const TransferResult *result, const char *what,
								const char *error);

/* Whether another transfer might not come back before the lease ends. */
extern bool task_is_late(const CalendarTask *task);

/* A copy of a secret for the task's life; and a copy of a text. */
extern char *task_keep_secret(CalendarTask *task, const char *secret);
extern char *task_keep_text(CalendarTask *task, const char *text);

/* Adds a copy of a page of answers. */
extern void task_keep_page(CalendarTask *task, List **pages, const Jsonb *page);

/* Whether the answer has a list of items, or is of the kind that leaves an empty one out. */
extern bool task_is_list(const Jsonb *page, const char *kind);

/* The step that reads the account's list of calendars while wants_list is set. */
extern bool task_begin_list(CalendarTask *task);
extern void task_take_list(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
						   const char *error);

/* Writes pages as an array into a JSON value that is being made; as a member. */
extern JsonbValue *task_push_array(JsonbParseState **state, const List *pages);
extern void task_push_pages(JsonbParseState **state, const char *name, const List *pages);

/* One member of an object. */
extern void task_push_text(JsonbParseState **state, const char *name, const char *value);
extern void task_push_bool(JsonbParseState **state, const char *name, bool value);
extern void task_push_key(JsonbParseState **state, const char *name);

/* Opens the connection's access token. */
extern void task_open_access(CalendarTask *task);

/* When a task that has failed is to be tried again, milliseconds from now. */
extern int64 task_delay_ms(const CalendarTask *task);

/* For how long Google wants to be left alone, as far as its answers to the task say, milliseconds from now; 0: they do not. */
extern int64 task_asked_delay_ms(const CalendarTask *task);

/* Writes the failure of a sync; gives a connection's lease back. For programs' write and release. */
extern bool task_write_failure(CalendarTask *task);
extern void task_release_connection(CalendarTask *task);

/* The answer of a function that tells whether the task is still ours, in the only column of the only row. */
extern bool task_read_answer(void);

#endif
