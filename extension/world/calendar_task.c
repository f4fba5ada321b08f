/*
 * Tasks of the calendar lane; the words are in calendar_task.h.
 */
#include "world/calendar_task.h"

#include "catalog/pg_type_d.h"
#include "common/pg_prng.h"
#include "errors.h"
#include "pure/crypto.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "world/calendar_token.h"

/* Those that are hidden in Google's own pages, too: they are chosen here. */
#define LIST_URL                                                                  \
	"https://www.googleapis.com/calendar/v3/users/me/calendarList?maxResults=250" \
	"&showHidden=true&prettyPrint=false&fields=kind,nextPageToken,"               \
	"items(id,summary,summaryOverride,timeZone,accessRole,primary,deleted)"
#define LIST_PAGES_MAX 20
#define LEASE_TRANSFERS 4
#define LEASE_MARGIN_US (60 * USECS_PER_SEC)
#define LATE_MARGIN_US (10 * USECS_PER_SEC)
#define DELAY_MAX_MS (3600 * INT64CONST(1000))
#define OPERATOR_DELAY_MS (300 * INT64CONST(1000))
#define RETRY_AFTER_MAX_S SECS_PER_DAY
#define JITTER 0.2

static SavedQuery fail_query = {
	.text = "SELECT opencalendly.fail_calendar_sync($1, $2, $3, $4, $5, $6)",
	.nargs = 6,
	.types = { UUIDOID, INT4OID, TIMESTAMPTZOID, TEXTOID, INT8OID, BOOLOID },
};

static SavedQuery release_query = {
	.text = "UPDATE opencalendly.calendar_connections AS c SET leased_until = NULL"
			" WHERE c.id" EQ "$1 AND c.attempt" EQ "$2",
	.nargs = 2,
	.types = { UUIDOID, INT4OID },
};

/* --- a task's life ------------------------------------------------------------------------------------------------- */

static void
forget_secrets(void *arg)
{
	CalendarTask *task = arg;

	for (int i = 0; i < task->nsecrets; i++)
		crypto_forget(task->secrets[i], strlen(task->secrets[i]));
	task->nsecrets = 0;
}

CalendarTask *
task_make(MemoryContext parent, Size size, const CalendarProgram *program)
{
	MemoryContext context = AllocSetContextCreate(parent, "calendar task", ALLOCSET_SMALL_SIZES);
	CalendarTask *task = MemoryContextAllocZero(context, size);

	task->context = context;
	task->work = AllocSetContextCreate(context, "calendar step", ALLOCSET_DEFAULT_SIZES);
	task->program = program;
	task->retry_after_s = -1;
	task->forget = (MemoryContextCallback) { .func = forget_secrets, .arg = task };
	MemoryContextRegisterResetCallback(context, &task->forget);
	return task;
}

static bytea *
keep_sealed(const CalendarTask *task, const bytea *sealed)
{
	Size size = VARSIZE_ANY(sealed);

	return memcpy(MemoryContextAlloc(task->context, size), sealed, size);
}

CalendarTask *
task_make_of_connection(MemoryContext parent, Size size, const CalendarProgram *program,
						const LeasedConnection *leased)
{
	CalendarTask *task = task_make(parent, size, program);

	task->base.id = leased->id;
	task->base.attempt = leased->attempt;
	task->leased_at = leased->leased_at;
	task->lease_end = leased->lease_end;
	task->failures = leased->failures;
	task->sealed_refresh_token = keep_sealed(task, leased->refresh_token);
	task->sealed_access_token = keep_sealed(task, leased->access_token);
	return task;
}

/* Begins what is next; false: the task is over. */
static bool
begin_next(CalendarTask *task)
{
	const CalendarProgram *program = task->program;

	while (!task->has_failed && task->step < program->nsteps)
	{
		if (task->needs_token)
		{
			task->is_renewing = token_begin_renewal(task);
			return task->is_renewing;
		}
		if (program->steps[task->step].begin(task))
			return true;
		task->step++;
	}
	if (!task->has_failed && program->finish)
		program->finish(task);
	return false;
}

static bool
can_renew(const CalendarTask *task)
{
	return task->sealed_refresh_token && !task->is_renewed;
}

static void
take_answer(CalendarTask *task, const TransferResult *result)
{
	const CalendarStep *step = &task->program->steps[task->step];
	char error[160];
	GoogleVerdict verdict = google_judge(result, error, sizeof(error));

	if (task->is_renewing)
	{
		task->is_renewing = false;
		token_take_renewal(task, result, verdict, error);
	}
	else if (verdict == GOOGLE_UNAUTHORIZED && !step->is_optional && can_renew(task))
		task->needs_token = true;
	else
		step->take(task, result, verdict, error);
}

static void
take_and_begin(CalendarTask *task, const TransferResult *result, volatile bool *goes_on)
{
	if (result)
		take_answer(task, result);
	else if (task->program->start)
		task->program->start(task);
	*goes_on = begin_next(task);
}

/* Nothing but memory and files of this transaction are held where something is raised, so no subtransaction is needed. */
static bool
go_on(CalendarTask *task, const TransferResult *result)
{
	MemoryContext callers = MemoryContextSwitchTo(task->work);
	volatile bool goes_on = false;

	PG_TRY();
	{
		take_and_begin(task, result, &goes_on);
	}
	PG_CATCH();
	{
		ErrorData *problem;

		MemoryContextSwitchTo(task->work);
		problem = CopyErrorData();
		FlushErrorState();
		task_fail(task, FAILURE_OPERATOR, problem->message);
		if (problem->sqlerrcode == ERRCODE_OC_SETTING_MISSING)
			task->error_code = "OC011";
	}
	PG_END_TRY();
	MemoryContextSwitchTo(callers);
	MemoryContextReset(task->work);
	task->is_over = !goes_on;
	return goes_on;
}

bool
task_begin(CalendarTask *task, const TransportApi *api, Transport *transport)
{
	task->api = api;
	task->transport = transport;
	return go_on(task, NULL);
}

bool
task_take(CalendarTask *task, const TransferResult *result)
{
	return go_on(task, result);
}

int64
task_lease_us(void)
{
	return settings_delivery_timeout * INT64CONST(1000) * LEASE_TRANSFERS + LEASE_MARGIN_US;
}

/* --- asking -------------------------------------------------------------------------------------------------------- */

bool
task_is_late(const CalendarTask *task)
{
	int64 longest_us = settings_delivery_timeout * INT64CONST(1000) + LATE_MARGIN_US;

	return GetCurrentTimestamp() > task->lease_end - longest_us;
}

static bool
ask(CalendarTask *task, const char *method, const char *url, const char *access_token,
	const char *content_type, const char *body)
{
	if (task_is_late(task))
		task_fail(task, FAILURE_PASSING, "it took too long");
	else if (google_begin(task->api, task->transport, task, method, url, access_token, content_type,
						  body))
		return true;
	else
		task_fail(task, FAILURE_PASSING, "out of memory");
	return false;
}

bool
task_ask(CalendarTask *task, const char *method, const char *url, const char *body)
{
	return ask(task, method, url, task->access_token, body ? "application/json" : NULL, body);
}

bool
task_post_form(CalendarTask *task, const char *url, StringInfo form)
{
	bool has_begun = ask(task, "POST", url, NULL, "application/x-www-form-urlencoded", form->data);

	crypto_forget(form->data, form->len);
	return has_begun;
}

/* --- failing ------------------------------------------------------------------------------------------------------- */

void
task_fail(CalendarTask *task, CalendarFailure failure, const char *error)
{
	task->has_failed = true;
	task->failure = failure;
	strlcpy(task->error, error, sizeof(task->error));
}

bool
task_is_operators(const TransferResult *result)
{
	static const char *const reasons[] = { "invalid_client", "unauthorized_client",
										   "redirect_uri_mismatch", "accessNotConfigured",
										   "dailyLimitExceeded" };
	char *reason = google_reason(result);

	for (int i = 0; reason && i < (int) lengthof(reasons); i++)
		if (strcmp(reasons[i], reason) == 0)
			return true;
	return false;
}

void
task_fail_by_answer(CalendarTask *task, const TransferResult *result, const char *what,
					const char *error)
{
	task_fail(task, task_is_operators(result) ? FAILURE_OPERATOR : FAILURE_PASSING,
			  psprintf("%s: %s", what, *error ? error : "the answer makes no sense"));
	task->retry_after_s = result->retry_after_s;
}

int64
task_asked_delay_ms(const CalendarTask *task)
{
	return Max(Min(task->retry_after_s, RETRY_AFTER_MAX_S), 0) * 1000;
}

int64
task_delay_ms(const CalendarTask *task)
{
	double jitter = 1 + JITTER * (2 * pg_prng_double(&pg_global_prng_state) - 1);
	int64 delay_ms = Min((INT64CONST(1) << Min(task->failures, 12)) * 1000, DELAY_MAX_MS);

	if (task->failure == FAILURE_OPERATOR)
		delay_ms = Max(delay_ms, OPERATOR_DELAY_MS);
	delay_ms = (int64) ((double) delay_ms * jitter);
	return Max(delay_ms, task_asked_delay_ms(task));
}

bool
task_read_answer(void)
{
	bool is_ours = row_bool(0, 1);

	SPI_freetuptable(SPI_tuptable);
	return is_ours;
}

bool
task_write_failure(CalendarTask *task)
{
	query_write(&fail_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
							   ARG(TimestampTzGetDatum(task->leased_at)),
							   ARG(CStringGetTextDatum(task->error)),
							   ARG(Int64GetDatum(task_delay_ms(task))),
							   ARG(BoolGetDatum(task->failure == FAILURE_BROKEN)) });
	return task_read_answer();
}

void
task_release_connection(CalendarTask *task)
{
	query_write(&release_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)) });
}

/* --- keeping ------------------------------------------------------------------------------------------------------- */

char *
task_keep_text(CalendarTask *task, const char *text)
{
	return MemoryContextStrdup(task->context, text);
}

char *
task_keep_secret(CalendarTask *task, const char *secret)
{
	char *kept = task_keep_text(task, secret);

	if (task->nsecrets == TASK_SECRETS)
		elog(ERROR, "too many secrets");
	task->secrets[task->nsecrets++] = kept;
	return kept;
}

void
task_keep_page(CalendarTask *task, List **pages, const Jsonb *page)
{
	MemoryContext callers = MemoryContextSwitchTo(task->context);

	*pages = lappend(*pages, DatumGetPointer(datumCopy(JsonbPGetDatum(page), false, -1)));
	MemoryContextSwitchTo(callers);
}

void
task_open_access(CalendarTask *task)
{
	char *access_token = token_unseal(task, task->sealed_access_token);

	task->access_token = task_keep_secret(task, access_token);
	crypto_forget(access_token, strlen(access_token));
}

/* --- the list of calendars ----------------------------------------------------------------------------------------- */

bool
task_is_list(const Jsonb *page, const char *kind)
{
	char *told;

	if (google_json_has_array(page, "items"))
		return true;
	told = google_json_text(page, "kind", NULL);
	return told && strcmp(told, kind) == 0;
}

bool
task_begin_list(CalendarTask *task)
{
	StringInfoData url;

	if (!task->wants_list)
		return false;
	initStringInfo(&url);
	appendStringInfoString(&url, LIST_URL);
	if (task->list_page)
	{
		appendStringInfoString(&url, "&pageToken=");
		google_append_escaped(&url, task->list_page);
	}
	return task_ask(task, "GET", url.data, NULL);
}

void
task_take_list(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			   const char *error)
{
	Jsonb *page = verdict == GOOGLE_DONE ? google_json(result) : NULL;
	char *next;

	if (!page || !task_is_list(page, "calendar#calendarList"))
	{
		task_fail_by_answer(task, result, "the list of calendars could not be read", error);
		return;
	}
	task_keep_page(task, &task->list_pages, page);
	next = google_json_text(page, "nextPageToken", NULL);
	task->list_page = next ? task_keep_text(task, next) : NULL;
	task->wants_list = next != NULL;
	if (next && list_length(task->list_pages) == LIST_PAGES_MAX)
		task_fail(task, FAILURE_OPERATOR, "the list of calendars is too long");
}

/* --- making JSON --------------------------------------------------------------------------------------------------- */

static JsonbValue
string_value(const char *text)
{
	return (JsonbValue) { .type = jbvString,
						  .val.string = { .len = (int) strlen(text), .val = (char *) text } };
}

void
task_push_key(JsonbParseState **state, const char *name)
{
	JsonbValue key = string_value(name);

	pushJsonbValue(state, WJB_KEY, &key);
}

void
task_push_text(JsonbParseState **state, const char *name, const char *value)
{
	JsonbValue text = string_value(value);

	task_push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &text);
}

void
task_push_bool(JsonbParseState **state, const char *name, bool value)
{
	JsonbValue boolean = { .type = jbvBool, .val.boolean = value };

	task_push_key(state, name);
	pushJsonbValue(state, WJB_VALUE, &boolean);
}

JsonbValue *
task_push_array(JsonbParseState **state, const List *pages)
{
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < list_length(pages); i++)
	{
		JsonbValue page;

		JsonbToJsonbValue(list_nth(pages, i), &page);
		pushJsonbValue(state, WJB_ELEM, &page);
	}
	return pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

void
task_push_pages(JsonbParseState **state, const char *name, const List *pages)
{
	task_push_key(state, name);
	task_push_array(state, pages);
}
