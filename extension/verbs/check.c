/*
 * Guards for arguments; the words are in check.h.
 */
#include "verbs/check.h"

#include "errors.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "pure/crypto.h"
#include "time/civil.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define SHOWN_LENGTH 100

void
raise_bad_input(const char *field, const char *rule, const char *value)
{
	int shown = value ? pg_mbcliplen(value, (int) strlen(value), SHOWN_LENGTH) : 0;

	if (!value)
		ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("%s %s", field, rule),
				errdetail("Field \"%s\" is null.", field));
	ereport(ERROR, errcode(ERRCODE_OC_BAD_INPUT), errmsg("%s %s", field, rule),
			errdetail("Field \"%s\" has the value \"%.*s\"%s.", field, shown, value,
					  value[shown] ? "…" : ""));
}

const pg_uuid_t *
check_uuid(FunctionCallInfo fcinfo, int arg, const char *field)
{
	if (PG_ARGISNULL(arg))
		raise_bad_input(field, "must be given", NULL);
	return PG_GETARG_UUID_P(arg);
}

int64
check_instant(FunctionCallInfo fcinfo, int arg, const char *field)
{
	TimestampTz instant;

	if (PG_ARGISNULL(arg))
		raise_bad_input(field, "must be given", NULL);
	instant = PG_GETARG_TIMESTAMPTZ(arg);
	if (!is_instant_in_bounds(instant))
		raise_bad_input(field, "must be an instant from the year 1900 to 9999",
						timestamptz_to_str(instant));
	return instant;
}

static int
text_length(const text *value)
{
	return pg_mbstrlen_with_len(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

char *
check_text_or_null(FunctionCallInfo fcinfo, int arg, const char *field, int min, int max)
{
	text *value;
	int length;

	if (PG_ARGISNULL(arg))
		return NULL;
	value = PG_GETARG_TEXT_PP(arg);
	length = text_length(value);
	if (length < min || length > max)
		raise_bad_input(field, psprintf("must have from %d to %d characters", min, max),
						text_to_cstring(value));
	return text_to_cstring(value);
}

char *
check_text(FunctionCallInfo fcinfo, int arg, const char *field, int min, int max)
{
	char *value = check_text_or_null(fcinfo, arg, field, min, max);

	if (!value)
		raise_bad_input(field, "must be given", NULL);
	return value;
}

static bool
has_control_characters(const char *value)
{
	for (const unsigned char *c = (const unsigned char *) value; *c; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
			return true;
	return false;
}

char *
check_name(FunctionCallInfo fcinfo, int arg, const char *field)
{
	char *name = check_text(fcinfo, arg, field, 1, 120);

	if (strspn(name, " ") == strlen(name) || has_control_characters(name))
		raise_bad_input(field, "must not be blank nor have control characters", name);
	return name;
}

char *
check_email(FunctionCallInfo fcinfo, int arg, const char *field)
{
	char *email = check_text(fcinfo, arg, field, 3, 320);
	char *at = strchr(email, '@');

	if (!at || at == email || !at[1] || strchr(at + 1, '@') || strpbrk(email, " \t\r\n\f\v") ||
		has_control_characters(email))
		raise_bad_input(field, "must be an address", email);
	for (char *c = email; *c; c++)
		*c = pg_ascii_tolower((unsigned char) *c);
	return email;
}

char *
check_zone_or_null(FunctionCallInfo fcinfo, int arg, const char *field)
{
	char *zone = check_text_or_null(fcinfo, arg, field, 1, TZ_STRLEN_MAX);

	if (zone && !civil_is_zone_name(zone))
		raise_bad_input(field, "must be a zone name of the tz database", zone);
	return zone;
}

char *
check_hold_token_or_null(FunctionCallInfo fcinfo, int arg)
{
	uint8_t raw[RANDOM_TOKEN_BYTES];
	char *token = PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));

	if (token && !base64url_decode(token, strlen(token), raw, sizeof(raw)))
		ereport(ERROR, errcode(ERRCODE_OC_TOKEN_INVALID), errmsg("hold token is invalid"));
	return token;
}

char *
show_instant(int64 instant)
{
	return pstrdup(timestamptz_to_str(instant));
}

void
answer_row(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}
