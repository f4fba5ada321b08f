/*
 * Consents: the task that exchanges the code, which a host has brought from Google, for tokens, and reads what calendars the
 * account has. A host waits for it, so nothing is tried again: what fails is told at once.
 *
 * The id token is not proved by its signature: it comes from Google itself, over TLS (OpenID Connect Core 1.0, 3.1.3.7, 6).
 */
#include "world/calendar_task.h"

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "world/calendar_token.h"

#define SCOPE_PREFIX "https://www.googleapis.com/auth/"
#define WIDER_SCOPE SCOPE_PREFIX "calendar"
#define MAX_ATTEMPTS 3
#define LATE_AFTER_US (60 * USECS_PER_SEC) /* its end: a code is good for some minutes */

static const char *const needed_scopes[] = { "calendar.events", "calendar.freebusy",
											 "calendar.calendarlist.readonly" };

typedef struct ConsentTask
{
	CalendarTask base;
	char *redirect_uri;
	bytea *sealed_code;
	int link_key_id;
	bool is_late;
	bool is_exchanged;

	/* What the exchange has given; the access token is the task's. */
	char *account_id;
	char *account_email;
	char *scope;
	char *refresh_token; /* a secret */
	Jsonb *list;         /* the answers, as an array */
} ConsentTask;

/* $1 places, $2 now, $3 the lease's end. */
static SavedQuery lease_query = {
	/* clang-format off */
	.text =
		"WITH due AS (SELECT c.id FROM opencalendly.calendar_consents AS c"
		"  WHERE c.status" EQ "'pending' AND (c.leased_until" LE "$2) IS NOT FALSE"
		"  ORDER BY c.id LIMIT $1 FOR UPDATE SKIP LOCKED)"
		" UPDATE opencalendly.calendar_consents AS c"
		"  SET attempt = c.attempt OPERATOR(pg_catalog.+) 1, leased_until = $3"
		"  FROM due AS d WHERE c.id" EQ "d.id"
		"  RETURNING c.id, c.attempt, c.redirect_uri, c.link_key_id, c.code, c.expires_at",
	/* clang-format on */
	.nargs = 3,
	.types = { INT4OID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery finish_query = {
	.text = "SELECT opencalendly.finish_consent($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	.nargs = 9,
	.types = { UUIDOID, INT4OID, TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID, TEXTOID, INT4OID,
			   JSONBOID },
};

static SavedQuery fail_query = {
	.text = "SELECT opencalendly.fail_consent($1, $2, $3, $4)",
	.nargs = 4,
	.types = { UUIDOID, INT4OID, TEXTOID, TEXTOID },
};

static SavedQuery release_query = {
	.text = "UPDATE opencalendly.calendar_consents AS c SET leased_until = NULL"
			" WHERE c.id" EQ "$1 AND c.attempt" EQ "$2",
	.nargs = 2,
	.types = { UUIDOID, INT4OID },
};

/* --- refusing ------------------------------------------------------------------------------------------------------ */

/* What the host has done, or left undone. */
static void
refuse(CalendarTask *task, const char *error)
{
	task_fail(task, FAILURE_PASSING, error);
	task->error_code = "OC006";
}

/* --- the exchange -------------------------------------------------------------------------------------------------- */

static void
start(CalendarTask *task)
{
	if (((ConsentTask *) task)->is_late)
		task_fail(task, FAILURE_PASSING, "no worker came to it in time");
	else if (task->base.attempt > MAX_ATTEMPTS)
		task_fail(task, FAILURE_PASSING, "workers did not come back from it");
}

static bool
begin_exchange(CalendarTask *task)
{
	ConsentTask *consent = (ConsentTask *) task;
	StringInfoData form;
	char *code;
	char *verifier;

	if (consent->is_exchanged)
		return false;
	code = keys_unseal("calendar_consents", &task->base.id, consent->sealed_code);
	verifier = keys_pkce_verifier(&task->base.id, consent->link_key_id);
	token_form_make(&form);
	token_form_add(&form, "grant_type", "authorization_code");
	token_form_add(&form, "code", code);
	token_form_add(&form, "code_verifier", verifier);
	token_form_add(&form, "redirect_uri", consent->redirect_uri);
	crypto_forget(code, strlen(code));
	crypto_forget(verifier, strlen(verifier));
	token_form_add_client(&form);
	return task_post_form(task, TOKEN_URL, &form);
}

static bool
has_scope(const char *scopes, const char *wanted)
{
	size_t len = strlen(wanted);

	for (const char *at = scopes; (at = strstr(at, wanted)) != NULL; at += len)
		if ((at == scopes || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

/* The first that is missing; NULL: none is. An answer without scopes means those that were asked for (RFC 6749, 5.1). */
static const char *
find_missing_scope(const char *scopes)
{
	for (int i = 0; scopes && i < (int) lengthof(needed_scopes); i++)
		if (!has_scope(scopes, psprintf(SCOPE_PREFIX "%s", needed_scopes[i])) &&
			!has_scope(scopes, WIDER_SCOPE))
			return needed_scopes[i];
	return NULL;
}

/* The claims of an id token: the second of its three parts, base64url of JSON (RFC 7519, 3). NULL: it is none. */
static Jsonb *
read_claims(const char *id_token)
{
	const char *begin = strchr(id_token, '.');
	const char *end = begin ? strchr(begin + 1, '.') : NULL;
	size_t textlen = end ? end - begin - 1 : 0;
	size_t len = textlen * 6 / 8;
	uint8_t *claims = palloc(len + 1);

	if (!end || !base64url_decode(begin + 1, textlen, claims, len))
		return NULL;
	return google_json_of((char *) claims, len);
}

static bool
is_one_of(const char *text, const char *one, const char *other)
{
	return text && (strcmp(text, one) == 0 || strcmp(text, other) == 0);
}

/* Who the account is; false: the id token is none, or not for us. */
static bool
read_account(ConsentTask *consent, const char *id_token)
{
	Jsonb *claims = id_token ? read_claims(id_token) : NULL;
	char *id;
	char *email;

	if (!claims ||
		!is_one_of(google_json_text(claims, "iss", NULL), "https://accounts.google.com",
				   "accounts.google.com") ||
		!is_one_of(google_json_text(claims, "aud", NULL), settings_google_client_id,
				   settings_google_client_id))
		return false;
	id = google_json_text(claims, "sub", NULL);
	email = google_json_text(claims, "email", NULL);
	if (!id || !*id || !email || !*email)
		return false;
	consent->account_id = task_keep_text(&consent->base, id);
	consent->account_email = task_keep_text(&consent->base, email);
	return true;
}

static void
take_tokens(ConsentTask *consent, const TokenAnswer *answer)
{
	CalendarTask *task = &consent->base;
	const char *missing = find_missing_scope(answer->scope);

	if (missing)
		refuse(task, psprintf("the permission \"%s\" was not given", missing));
	else if (!answer->refresh_token)
		refuse(task, "Google has given no lasting access");
	else if (!read_account(consent, answer->id_token))
		task_fail(task, FAILURE_PASSING, "Google does not say whose account it is");
	else
	{
		consent->scope = answer->scope ? task_keep_text(task, answer->scope) : NULL;
		consent->refresh_token = task_keep_secret(task, answer->refresh_token);
		task->access_token = task_keep_secret(task, answer->access_token);
		task->expires_in = answer->expires_in;
		task->wants_list = true;
	}
}

static void
take_exchange(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			  const char *error)
{
	ConsentTask *consent = (ConsentTask *) task;
	char *reason = google_reason(result);
	TokenAnswer answer;

	consent->is_exchanged = true;
	if (verdict == GOOGLE_DONE && token_read(result, &answer))
	{
		take_tokens(consent, &answer);
		token_forget(&answer);
	}
	else if (verdict == GOOGLE_REFUSED && reason && strcmp(reason, "invalid_grant") == 0)
		refuse(task, "the code is not accepted");
	else
		task_fail_by_answer(task, result, "the code could not be exchanged", error);
}

/* --- what came of it ----------------------------------------------------------------------------------------------- */

static void
finish(CalendarTask *task)
{
	ConsentTask *consent = (ConsentTask *) task;
	JsonbParseState *state = NULL;
	JsonbValue *list;
	MemoryContext callers;

	list = task_push_array(&state, task->list_pages);
	callers = MemoryContextSwitchTo(task->context);
	consent->list = JsonbValueToJsonb(list);
	MemoryContextSwitchTo(callers);
}

/* The scopes as an array; without an answer's those that were asked for. */
static Datum
scopes_array(const char *scopes)
{
	StringInfoData all;
	Datum *elements;
	int n = 0;
	char *rest;

	initStringInfo(&all);
	for (int i = 0; !scopes && i < (int) lengthof(needed_scopes); i++)
		appendStringInfo(&all, SCOPE_PREFIX "%s ", needed_scopes[i]);
	appendStringInfoString(&all, scopes ? scopes : "");
	elements = palloc((all.len + 1) * sizeof(Datum));
	for (char *scope = strtok_r(all.data, " ", &rest); scope; scope = strtok_r(NULL, " ", &rest))
		elements[n++] = CStringGetTextDatum(scope);
	return array_of(TEXTOID, elements, NULL, n);
}

static bool
write_success(ConsentTask *consent)
{
	CalendarTask *task = &consent->base;
	text *refresh_token = token_text(consent->refresh_token);
	text *access_token = token_text(task->access_token);

	query_write(
		&finish_query,
		(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
					   ARG(CStringGetTextDatum(consent->account_id)),
					   ARG(CStringGetTextDatum(consent->account_email)),
					   ARG(scopes_array(consent->scope)), ARG(PointerGetDatum(refresh_token)),
					   ARG(PointerGetDatum(access_token)), ARG(Int32GetDatum(task->expires_in)),
					   ARG(JsonbPGetDatum(consent->list)) });
	token_forget_text(refresh_token);
	token_forget_text(access_token);
	return task_read_answer();
}

static bool
write_consent(CalendarTask *task)
{
	const char *code = task->error_code ? task->error_code : "OC010";

	if (!task->has_failed)
		return write_success((ConsentTask *) task);
	query_write(&fail_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
							   ARG(CStringGetTextDatum(code)),
							   ARG(CStringGetTextDatum(task->error)) });
	return task_read_answer();
}

static void
release(CalendarTask *task)
{
	query_write(&release_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)) });
}

static const CalendarStep steps[] = {
	{ .begin = begin_exchange, .take = take_exchange },
	{ .begin = task_begin_list, .take = task_take_list },
};

static const CalendarProgram program = {
	.steps = steps,
	.nsteps = lengthof(steps),
	.start = start,
	.finish = finish,
	.write = write_consent,
	.release = release,
};

/* --- leasing ------------------------------------------------------------------------------------------------------- */

static CalendarTask *
read_consent(uint64 row, MemoryContext parent)
{
	ConsentTask *consent = (ConsentTask *) task_make(parent, sizeof(ConsentTask), &program);
	MemoryContext callers = MemoryContextSwitchTo(consent->base.context);
	bool isnull;

	consent->base.base.id = row_uuid(row, 1);
	consent->base.base.attempt = (int) row_int(row, 2);
	consent->redirect_uri = row_text(row, 3);
	consent->link_key_id = (int) row_int(row, 4);
	consent->sealed_code = DatumGetByteaPCopy(row_datum(row, 5, &isnull));
	consent->is_late = GetCurrentTimestamp() > row_instant(row, 6) + LATE_AFTER_US;
	MemoryContextSwitchTo(callers);
	return &consent->base;
}

int
consent_lease(MemoryContext parent, int most, CalendarTask **tasks)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz lease_end = now + task_lease_us();
	int n = (int) query_write(&lease_query, (QueryArg[]) { ARG(Int32GetDatum(most)),
														   ARG(TimestampTzGetDatum(now)),
														   ARG(TimestampTzGetDatum(lease_end)) });

	for (int i = 0; i < n; i++)
	{
		tasks[i] = read_consent(i, parent);
		tasks[i]->leased_at = now;
		tasks[i]->lease_end = lease_end;
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}
