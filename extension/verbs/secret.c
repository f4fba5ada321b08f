/*
 * Secrets and URLs of webhooks, and the codes, tokens and states of calendars, for the functions in SQL that take them and
 * for receivers' tests. A secret never stands in a message, whole or in part.
 */
#include "compat.h"

#include "data/keys.h"
#include "errors.h"
#include "fmgr.h"
#include "pure/signature.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "verbs/check.h"

#define UNIX_EPOCH_SECONDS ((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY)

PG_FUNCTION_INFO_V1(webhook_signature);
PG_FUNCTION_INFO_V1(webhook_secret_problem);
PG_FUNCTION_INFO_V1(webhook_url_problem);
PG_FUNCTION_INFO_V1(new_webhook_secret);
PG_FUNCTION_INFO_V1(seal_webhook_secret);
PG_FUNCTION_INFO_V1(seal_calendar_code);
PG_FUNCTION_INFO_V1(seal_calendar_token);
PG_FUNCTION_INFO_V1(calendar_state);
PG_FUNCTION_INFO_V1(read_calendar_state);
PG_FUNCTION_INFO_V1(calendar_challenge);

/* A secret, palloc'ed; raises OC006 that says what is wrong, but not with what. */
static char *
check_secret(FunctionCallInfo fcinfo, int arg)
{
	char *secret = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	const char *problem = signature_secret_problem(secret);

	if (problem)
		ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("secret %s", problem),
				errdetail("Field \"secret\" has a value that is not shown."));
	return secret;
}

/* Whole seconds since 1970, rounded down. */
static int64
unix_seconds(TimestampTz instant)
{
	int64 seconds = instant / USECS_PER_SEC;

	return seconds - (instant % USECS_PER_SEC < 0) + UNIX_EPOCH_SECONDS;
}

static Datum
text_or_null(FunctionCallInfo fcinfo, const char *value)
{
	if (!value)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(value));
}

/* webhook_signature(secret, body, at) -> text "t=<unix>,v1=<hex>"; strict. Error: OC006 (secret, at). */
Datum
webhook_signature(PG_FUNCTION_ARGS)
{
	char *secret = check_secret(fcinfo, 0);
	const text *body = PG_GETARG_TEXT_PP(1);
	int64 at = unix_seconds(check_instant(fcinfo, 2, "at"));
	char signature[SIGNATURE_OPENCALENDLY_LENGTH + 1];
	bool done =
		signature_opencalendly(secret, at, VARDATA_ANY(body), VARSIZE_ANY_EXHDR(body), signature);

	crypto_forget(secret, strlen(secret));
	if (!done)
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a signature"));
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("t=" INT64_FORMAT ",v1=%s", at, signature)));
}

/* webhook_secret_problem(secret) -> text, null = none; strict. */
Datum
webhook_secret_problem(PG_FUNCTION_ARGS)
{
	return text_or_null(fcinfo, signature_secret_problem(text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

/* webhook_url_problem(url) -> text, null = none; strict. */
Datum
webhook_url_problem(PG_FUNCTION_ARGS)
{
	return text_or_null(
		fcinfo, egress_url_problem(text_to_cstring(PG_GETARG_TEXT_PP(0)), &settings_egress_allow));
}

/* new_webhook_secret() -> text. */
Datum
new_webhook_secret(PG_FUNCTION_ARGS)
{
	char secret[SIGNATURE_NEW_SECRET_LENGTH + 1];
	Datum value;

	if (!signature_new_secret(secret))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes"));
	value = CStringGetTextDatum(secret);
	crypto_forget(secret, sizeof(secret));
	PG_RETURN_DATUM(value);
}

/* seal_webhook_secret(subscription_id, secret) -> bytea; strict. Errors: OC006 (secret), OC011. */
Datum
seal_webhook_secret(PG_FUNCTION_ARGS)
{
	char *secret = check_secret(fcinfo, 1);
	bytea *sealed = keys_seal("webhook_subscriptions", PG_GETARG_UUID_P(0), secret);

	crypto_forget(secret, strlen(secret));
	PG_RETURN_BYTEA_P(sealed);
}

/* A text argument, sealed for the row that the first argument names. */
static Datum
seal_for(FunctionCallInfo fcinfo, const char *table)
{
	char *secret = text_to_cstring(PG_GETARG_TEXT_PP(1));
	bytea *sealed = keys_seal(table, PG_GETARG_UUID_P(0), secret);

	crypto_forget(secret, strlen(secret));
	PG_RETURN_BYTEA_P(sealed);
}

/* seal_calendar_code(consent_id, code) -> bytea; strict. Error: OC011. */
Datum
seal_calendar_code(PG_FUNCTION_ARGS)
{
	return seal_for(fcinfo, "calendar_consents");
}

/* seal_calendar_token(connection_id, token) -> bytea; strict. Error: OC011. */
Datum
seal_calendar_token(PG_FUNCTION_ARGS)
{
	return seal_for(fcinfo, "calendar_connections");
}

/* calendar_state(consent_id, link_key_id) -> text; strict. Error: OC011. */
Datum
calendar_state(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(
		cstring_to_text(keys_link_token(LINK_CONNECT, PG_GETARG_UUID_P(0), PG_GETARG_INT32(1))));
}

/* read_calendar_state(state) -> uuid, null = not ours; strict. Error: OC011. */
Datum
read_calendar_state(PG_FUNCTION_ARGS)
{
	char *state = text_to_cstring(PG_GETARG_TEXT_PP(0));
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));

	if (!keys_read_calendar_state(state, id))
		PG_RETURN_NULL();
	PG_RETURN_UUID_P(id);
}

/* calendar_challenge(consent_id, link_key_id) -> text; strict. Error: OC011. */
Datum
calendar_challenge(PG_FUNCTION_ARGS)
{
	char *verifier = keys_pkce_verifier(PG_GETARG_UUID_P(0), PG_GETARG_INT32(1));
	char challenge[PKCE_LENGTH + 1];
	bool done = pkce_challenge(verifier, challenge);

	crypto_forget(verifier, strlen(verifier));
	if (!done)
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a challenge"));
	PG_RETURN_TEXT_P(cstring_to_text(challenge));
}
