/*
 * Google's answers and requests; the words are in google.h.
 */
#include "world/google.h"

#include "mb/pg_wchar.h"
#include "pure/crypto.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#define CALENDARS_URL "https://www.googleapis.com/calendar/v3/calendars/"

/* A page of 2,500 events, of which we ask for what is needed alone, has a quarter of that. */
#define ANSWER_BYTES 8388608
#define REASON_MAX 64

/* --- JSON ---------------------------------------------------------------------------------------------------------- */

static Jsonb *
read_object(const char *text, size_t len)
{
	char *copy = pnstrdup(text, len);
	Jsonb *value = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(copy)));

	crypto_forget(copy, len);
	pfree(copy);
	return JB_ROOT_IS_OBJECT(value) ? value : NULL;
}

/* Nothing but memory is held where something is raised, so no subtransaction is needed. */
Jsonb *
google_json_of(const char *text, size_t len)
{
	MemoryContext context = CurrentMemoryContext;
	Jsonb *volatile object = NULL;

	if (!pg_verifymbstr(text, (int) len, true))
		return NULL;
	PG_TRY();
	{
		object = read_object(text, len);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return object;
}

Jsonb *
google_json(const TransferResult *result)
{
	return result->answer ? google_json_of(result->answer, result->answer_length) : NULL;
}

static JsonbValue *
member_of(JsonbContainer *object, const char *name)
{
	JsonbValue key = { .type = jbvString };

	if (!JsonContainerIsObject(object))
		return NULL;
	key.val.string.val = (char *) name;
	key.val.string.len = (int) strlen(name);
	return findJsonbValueFromContainer(object, JB_FOBJECT, &key);
}

static char *
text_of(const JsonbValue *value)
{
	if (value && value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value && value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

char *
google_json_text_at(const Jsonb *object, const char *const *names)
{
	JsonbContainer *container = (JsonbContainer *) &object->root;
	JsonbValue *value = NULL;

	for (; *names; names++)
	{
		value = container ? member_of(container, *names) : NULL;
		container = value && value->type == jbvBinary ? value->val.binary.data : NULL;
	}
	return text_of(value);
}

bool
google_json_has_array(const Jsonb *object, const char *name)
{
	JsonbValue *value = member_of((JsonbContainer *) &object->root, name);

	return value && value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data);
}

bool
google_json_has_object(const Jsonb *object, const char *name)
{
	JsonbValue *value = member_of((JsonbContainer *) &object->root, name);

	return value && value->type == jbvBinary && JsonContainerIsObject(value->val.binary.data);
}

void
google_json_forget(Jsonb *object)
{
	crypto_forget(&object->root, VARSIZE(object) - offsetof(Jsonb, root));
}

/* --- answers ------------------------------------------------------------------------------------------------------- */

/* Without digits: a token, whatever repeats one here, has some. */
static bool
is_word(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= REASON_MAX &&
		   strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.") == len;
}

/* error.errors[0].reason */
static char *
first_reason(const Jsonb *object)
{
	JsonbValue *value = member_of((JsonbContainer *) &object->root, "error");

	if (!value || value->type != jbvBinary)
		return NULL;
	value = member_of(value->val.binary.data, "errors");
	if (!value || value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		return NULL;
	value = getIthJsonbValueFromContainer(value->val.binary.data, 0);
	if (!value || value->type != jbvBinary)
		return NULL;
	return text_of(member_of(value->val.binary.data, "reason"));
}

char *
google_reason(const TransferResult *result)
{
	Jsonb *object = result->phase == TRANSFER_DONE ? google_json(result) : NULL;
	char *reason;

	if (!object)
		return NULL;
	reason = google_json_text(object, "error", NULL);
	if (!reason)
		reason = first_reason(object);
	return reason && is_word(reason) ? reason : NULL;
}

/* What is refused now, and will not be later. */
static bool
is_passing(const char *reason)
{
	static const char *const passing[] = { "rateLimitExceeded", "userRateLimitExceeded",
										   "quotaExceeded", "backendError" };

	for (int i = 0; reason && i < (int) lengthof(passing); i++)
		if (strcmp(passing[i], reason) == 0)
			return true;
	return false;
}

static GoogleVerdict
verdict_of(int status, const char *reason)
{
	if (status >= 200 && status <= 299)
		return GOOGLE_DONE;
	if (status == 401)
		return GOOGLE_UNAUTHORIZED;
	if (status == 404 || status == 410)
		return GOOGLE_GONE;
	if (status == 409)
		return GOOGLE_CONFLICT;
	if (status == 408 || status == 429 || status >= 500 || is_passing(reason))
		return GOOGLE_RETRY;
	return GOOGLE_REFUSED;
}

GoogleVerdict
google_judge(const TransferResult *result, char *error, size_t size)
{
	MemoryContext callers = CurrentMemoryContext;
	MemoryContext work;
	GoogleVerdict verdict;
	char *reason;

	strlcpy(error, result->error, size);
	if (result->phase != TRANSFER_DONE)
		return GOOGLE_RETRY;
	if (result->status >= 200 && result->status <= 299)
		return GOOGLE_DONE;
	work = AllocSetContextCreate(callers, "answer of Google", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(work);
	reason = google_reason(result);
	verdict = verdict_of(result->status, reason);
	if (reason)
		snprintf(error, size, "answered %d (%s)", result->status, reason);
	else
		snprintf(error, size, "answered %d", result->status);
	MemoryContextSwitchTo(callers);
	MemoryContextDelete(work);
	return verdict;
}

/* --- requests ------------------------------------------------------------------------------------------------------ */

void
google_append_escaped(StringInfo to, const char *text)
{
	for (const char *c = text; *c; c++)
		if (isalnum((unsigned char) *c) && !IS_HIGHBIT_SET(*c))
			appendStringInfoChar(to, *c);
		else if (strchr("-._~", *c))
			appendStringInfoChar(to, *c);
		else
			appendStringInfo(to, "%%%02X", (unsigned char) *c);
}

char *
google_calendar_url(const char *calendar, const char *rest)
{
	StringInfoData url;

	initStringInfo(&url);
	appendStringInfoString(&url, CALENDARS_URL);
	google_append_escaped(&url, calendar);
	appendStringInfo(&url, "/%s", rest);
	return url.data;
}

bool
google_begin(const TransportApi *api, Transport *transport, void *tag, const char *method,
			 const char *url, const char *access_token, const char *content_type, const char *body)
{
	char *authorization = access_token ? psprintf("Authorization: Bearer %s", access_token) : NULL;
	char *type = content_type ? psprintf("Content-Type: %s", content_type) : NULL;
	const char *headers[3];
	int n = 0;
	bool has_begun;

	if (authorization)
		headers[n++] = authorization;
	if (type)
		headers[n++] = type;
	headers[n] = NULL;
	has_begun = api->begin(transport, &(TransportRequest) { .kind = REQUEST_OPERATOR,
															.method = method,
															.url = url,
															.headers = headers,
															.body = body ? body : "",
															.body_length = body ? strlen(body) : 0,
															.keeps_answer = true,
															.answer_limit = ANSWER_BYTES,
															.tag = tag });
	if (authorization)
	{
		crypto_forget(authorization, strlen(authorization));
		pfree(authorization);
	}
	if (type)
		pfree(type);
	return has_begun;
}
