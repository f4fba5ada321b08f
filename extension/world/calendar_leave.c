/*
 * Leaving: the task that ends a connection. Its channels are stopped and its grant is revoked at Google, and then all that
 * we have of it is deleted. Neither a Google that does not answer nor a key that is lost keeps anybody from leaving: after
 * some tries it is done without.
 */
#include "world/calendar_sync.h"

#include "catalog/pg_type_d.h"
#include "pure/crypto.h"
#include "utils/timestamp.h"
#include "world/calendar_token.h"

#define REVOKE_TRIES 3
#define STATUS_UNKNOWN_TOKEN 400 /* what is not there need not be revoked */

static SavedQuery leave_query = {
	.text = "SELECT opencalendly.leave_calendar($1, $2)",
	.nargs = 2,
	.types = { UUIDOID, INT4OID },
};

/* $3 milliseconds. */
static SavedQuery retry_query = {
	.text = "UPDATE opencalendly.calendar_connections AS c"
			" SET failures = c.failures OPERATOR(pg_catalog.+) 1, leased_until = NULL,"
			"  next_sync_at = pg_catalog.clock_timestamp()"
			"   OPERATOR(pg_catalog.+) ($3 OPERATOR(pg_catalog.*) INTERVAL '1 millisecond')"
			" WHERE c.id" EQ "$1 AND c.attempt" EQ "$2 AND c.state" EQ "'leaving'",
	.nargs = 3,
	.types = { UUIDOID, INT4OID, INT8OID },
};

typedef struct LeaveTask
{
	SyncTask sync; /* for its calendars' channels */
	bool has_access;
	bool is_revoked;
} LeaveTask;

static void
start(CalendarTask *task)
{
	char *access_token =
		((LeaveTask *) task)->has_access ? token_try_unseal(task, task->sealed_access_token) : NULL;

	if (!access_token)
		return;
	task->access_token = task_keep_secret(task, access_token);
	crypto_forget(access_token, strlen(access_token));
}

/* --- channels ------------------------------------------------------------------------------------------------------ */

static SyncCalendar *
find_watched(SyncTask *sync)
{
	for (int i = 0; i < sync->ncalendars; i++)
		if (sync->calendars[i].channel.id && sync->calendars[i].channel.resource_id &&
			!sync->calendars[i].is_channel_stopped)
			return &sync->calendars[i];
	return NULL;
}

static bool
begin_stop(CalendarTask *task)
{
	SyncCalendar *calendar = find_watched((SyncTask *) task);

	return calendar && task->access_token && push_ask_stop(task, &calendar->channel);
}

static void
take_stop(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
		  const char *error)
{
	find_watched((SyncTask *) task)->is_channel_stopped = true;
}

/* --- the grant ----------------------------------------------------------------------------------------------------- */

static bool
begin_revoke(CalendarTask *task)
{
	LeaveTask *leave = (LeaveTask *) task;
	char *refresh_token =
		leave->is_revoked ? NULL : token_try_unseal(task, task->sealed_refresh_token);
	StringInfoData form;

	if (!refresh_token)
		return false;
	token_form_make(&form);
	token_form_add(&form, "token", refresh_token);
	crypto_forget(refresh_token, strlen(refresh_token));
	return task_post_form(task, REVOKE_URL, &form);
}

static void
take_revoke(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			const char *error)
{
	LeaveTask *leave = (LeaveTask *) task;

	leave->is_revoked = verdict == GOOGLE_DONE || result->status == STATUS_UNKNOWN_TOKEN ||
						task->failures + 1 >= REVOKE_TRIES;
	if (!leave->is_revoked)
		task_fail_by_answer(task, result, "the access could not be revoked", error);
}

/* --- the task ------------------------------------------------------------------------------------------------------ */

static bool
write_leaving(CalendarTask *task)
{
	if (task->has_failed)
	{
		query_write(&retry_query,
					(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
								   ARG(Int64GetDatum(task_delay_ms(task))) });
		return SPI_processed > 0;
	}
	query_write(&leave_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)) });
	return task_read_answer();
}

static const CalendarStep steps[] = {
	{ .begin = begin_stop, .take = take_stop, .is_optional = true },
	{ .begin = begin_revoke, .take = take_revoke, .is_optional = true },
};

static const CalendarProgram program = {
	.steps = steps,
	.nsteps = lengthof(steps),
	.start = start,
	.write = write_leaving,
	.release = task_release_connection,
};

CalendarTask *
leave_make(MemoryContext parent, const LeasedConnection *leased)
{
	CalendarTask *task = task_make_of_connection(parent, sizeof(LeaveTask), &program, leased);

	((LeaveTask *) task)->has_access = leased->leased_at < leased->access_expires_at;
	return task;
}
