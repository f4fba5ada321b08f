/*
 * Tokens for the functions in SQL that sign people in and tell a booking's links. Links' tokens are derived from the key
 * file (data/keys.h), sessions' are random.
 */
#include "compat.h"

#include "data/keys.h"
#include "errors.h"
#include "fmgr.h"
#include "settings.h"
#include "utils/builtins.h"
#include "verbs/check.h"

PG_FUNCTION_INFO_V1(login_key_id);
PG_FUNCTION_INFO_V1(login_token);
PG_FUNCTION_INFO_V1(login_link_id);
PG_FUNCTION_INFO_V1(booking_links);
PG_FUNCTION_INFO_V1(random_token);
PG_FUNCTION_INFO_V1(shows_login_links);

/* login_key_id() -> the id of the key in use. Error: OC011. */
Datum
login_key_id(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(keys_active_id());
}

/* login_token(link_id, link_key_id) -> text; strict. Error: OC011. */
Datum
login_token(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(
		cstring_to_text(keys_link_token(LINK_LOGIN, PG_GETARG_UUID_P(0), PG_GETARG_INT32(1))));
}

/* login_link_id(token) -> uuid, never null. Errors: OC003, OC011. */
Datum
login_link_id(PG_FUNCTION_ARGS)
{
	pg_uuid_t *id = palloc(sizeof(pg_uuid_t));
	Link link;

	if (PG_ARGISNULL(0))
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("link token is invalid"));
	link = keys_read_login_link(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	memcpy(id->data, link.id, UUID_LEN);
	PG_RETURN_UUID_P(id);
}

/* booking_links(booking_id, link_key_id) -> one row (cancel_token, reschedule_token); strict. Error: OC011. */
Datum
booking_links(PG_FUNCTION_ARGS)
{
	const pg_uuid_t *id = PG_GETARG_UUID_P(0);
	int32 key_id = PG_GETARG_INT32(1);
	Datum values[] = { CStringGetTextDatum(keys_link_token(LINK_CANCEL, id, key_id)),
					   CStringGetTextDatum(keys_link_token(LINK_RESCHEDULE, id, key_id)) };
	bool nulls[lengthof(values)] = { false };

	answer_row(fcinfo, values, nulls);
	return (Datum) 0;
}

/* random_token() -> text. */
Datum
random_token(PG_FUNCTION_ARGS)
{
	uint8_t raw[RANDOM_TOKEN_BYTES];
	char token[RANDOM_TOKEN_LENGTH + 1];
	Datum value;

	if (!crypto_random(raw, sizeof(raw)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes"));
	base64url_encode(raw, sizeof(raw), token);
	value = CStringGetTextDatum(token);
	crypto_forget(raw, sizeof(raw));
	crypto_forget(token, sizeof(token));
	PG_RETURN_DATUM(value);
}

/*
 * shows_login_links() -> boolean. Not current_setting(): before the library is loaded that would tell what anybody has
 * set under this name.
 */
Datum
shows_login_links(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(settings_dev_login_links);
}
