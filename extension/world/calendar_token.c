/*
 * Tokens of accounts at Google; the words are in calendar_token.h.
 */
#include "world/calendar_token.h"

#include "catalog/pg_type_d.h"
#include "data/keys.h"
#include "errors.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define FORM_ROOM 16384
#define DEFAULT_LIFE_S 3600
#define LIFE_MAX_S SECS_PER_DAY
#define NO_RENEWAL "the access could not be renewed"

static SavedQuery renew_query = {
	.text = "SELECT opencalendly.renew_access_token($1, $2, $3, $4, $5)",
	.nargs = 5,
	.types = { UUIDOID, INT4OID, TEXTOID, TEXTOID, INT4OID },
};

/* --- forms --------------------------------------------------------------------------------------------------------- */

void
token_form_make(StringInfo form)
{
	initStringInfo(form);
	enlargeStringInfo(form, FORM_ROOM);
}

void
token_form_add(StringInfo form, const char *name, const char *value)
{
	if (form->len > 0)
		appendStringInfoChar(form, '&');
	appendStringInfo(form, "%s=", name);
	google_append_escaped(form, value);
}

void
token_form_add_client(StringInfo form)
{
	char *secret;

	if (!settings_google_client_id || !*settings_google_client_id)
		ereport(ERROR, errcode(ERRCODE_OC_SETTING_MISSING),
				errmsg("opencalendly.google_client_id is not set"));
	secret = keys_read_secret("google_client_secret");
	token_form_add(form, "client_id", settings_google_client_id);
	token_form_add(form, "client_secret", secret);
	crypto_forget(secret, strlen(secret));
}

char *
token_unseal(const CalendarTask *task, const bytea *sealed)
{
	return keys_unseal("calendar_connections", &task->base.id, sealed);
}

char *
token_try_unseal(const CalendarTask *task, const bytea *sealed)
{
	MemoryContext context = CurrentMemoryContext;
	char *volatile token = NULL;

	PG_TRY();
	{
		token = token_unseal(task, sealed);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return token;
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

static void
forget_text(char *text)
{
	if (text)
		crypto_forget(text, strlen(text));
}

void
token_forget(TokenAnswer *answer)
{
	forget_text(answer->access_token);
	forget_text(answer->refresh_token);
	forget_text(answer->id_token);
	*answer = (TokenAnswer) { 0 };
}

static bool
is_token(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return *text != '\0';
}

static int
read_life(const char *text)
{
	return (int) Min(Max(strtol(text, NULL, 10), 0), LIFE_MAX_S);
}

bool
token_read(const TransferResult *result, TokenAnswer *answer)
{
	Jsonb *json = google_json(result);
	char *life;

	*answer = (TokenAnswer) { 0 };
	if (!json)
		return false;
	life = google_json_text(json, "expires_in", NULL);
	*answer = (TokenAnswer) { .access_token = google_json_text(json, "access_token", NULL),
							  .refresh_token = google_json_text(json, "refresh_token", NULL),
							  .id_token = google_json_text(json, "id_token", NULL),
							  .scope = google_json_text(json, "scope", NULL),
							  .expires_in = life ? read_life(life) : DEFAULT_LIFE_S };
	google_json_forget(json);
	if (answer->access_token && is_token(answer->access_token) &&
		(!answer->refresh_token || is_token(answer->refresh_token)) && answer->expires_in > 0)
		return true;
	token_forget(answer);
	return false;
}

/* --- renewing ------------------------------------------------------------------------------------------------------ */

bool
token_begin_renewal(CalendarTask *task)
{
	char *refresh_token = token_unseal(task, task->sealed_refresh_token);
	StringInfoData form;

	token_form_make(&form);
	token_form_add(&form, "grant_type", "refresh_token");
	token_form_add(&form, "refresh_token", refresh_token);
	crypto_forget(refresh_token, strlen(refresh_token));
	token_form_add_client(&form);
	return task_post_form(task, TOKEN_URL, &form);
}

static void
keep_tokens(CalendarTask *task, const TokenAnswer *answer)
{
	task->needs_token = false;
	task->is_renewed = true;
	task->renewed_at = GetCurrentTimestamp();
	task->expires_in = answer->expires_in;
	task->access_token = task_keep_secret(task, answer->access_token);
	if (answer->refresh_token)
		task->new_refresh_token = task_keep_secret(task, answer->refresh_token);
}

void
token_take_renewal(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
				   const char *error)
{
	char *reason = google_reason(result);
	TokenAnswer answer;

	if (verdict == GOOGLE_DONE && token_read(result, &answer))
	{
		keep_tokens(task, &answer);
		token_forget(&answer);
	}
	else if (verdict == GOOGLE_REFUSED && reason && strcmp(reason, "invalid_grant") == 0)
		task_fail(task, FAILURE_BROKEN, "Google does not accept our access any more");
	else
		task_fail_by_answer(task, result, NO_RENEWAL, error);
}

text *
token_text(const char *token)
{
	return token ? cstring_to_text(token) : NULL;
}

void
token_forget_text(text *token)
{
	if (token)
		crypto_forget(VARDATA(token), VARSIZE(token) - VARHDRSZ);
}

bool
token_write(CalendarTask *task)
{
	int age_s = (int) Min((GetCurrentTimestamp() - task->renewed_at) / USECS_PER_SEC, LIFE_MAX_S);
	text *access_token = token_text(task->access_token);
	text *refresh_token = token_text(task->new_refresh_token);
	bool is_ours;

	query_write(&renew_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
							   ARG(PointerGetDatum(access_token)),
							   ARG_IF(refresh_token != NULL, PointerGetDatum(refresh_token)),
							   ARG(Int32GetDatum(Max(task->expires_in - age_s, 1))) });
	is_ours = task_read_answer();
	token_forget_text(access_token);
	token_forget_text(refresh_token);
	return is_ours;
}
