/*
 * Channels, by which Google tells that something has changed in a calendar (POST /v0/calendar/google/notify). They are only
 * tried: without one a calendar is read as often as the settings say.
 *
 * A channel lives about a week and cannot be prolonged: in its last day a new one is made, and then the old one is stopped.
 * What Google must say with each notification is random; of it only the hash is kept.
 */
#include "world/calendar_sync.h"

#include "data/values.h"
#include "pure/crypto.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

#define STOP_URL "https://www.googleapis.com/calendar/v3/channels/stop"
#define NOTIFY_PATH "/v0/calendar/google/notify"
#define RENEWED_BEFORE_US USECS_PER_DAY

/* Google takes no other addresses. */
static bool
can_be_told(void)
{
	return settings_base_url && strncmp(settings_base_url, "https://", 8) == 0;
}

static bool
needs_channel(const SyncTask *sync, const SyncCalendar *calendar)
{
	return calendar->has_events && !calendar->is_watch_tried &&
		   (!calendar->channel.id ||
			calendar->channel_expires_at < sync->base.leased_at + RENEWED_BEFORE_US);
}

static SyncCalendar *
find_unwatched(SyncTask *sync)
{
	for (int i = 0; i < sync->ncalendars; i++)
		if (needs_channel(sync, &sync->calendars[i]))
			return &sync->calendars[i];
	return NULL;
}

/* A new random token; its hash goes into the channel. */
static void
make_token(CalendarTask *task, CalendarChannel *channel, char token[RANDOM_TOKEN_LENGTH + 1])
{
	uint8_t raw[RANDOM_TOKEN_BYTES];
	uint8_t hash[CRYPTO_HASH_BYTES];
	char hex[2 * CRYPTO_HASH_BYTES + 1];

	if (!crypto_random(raw, sizeof(raw)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes"));
	base64url_encode(raw, sizeof(raw), token);
	crypto_forget(raw, sizeof(raw));
	if (!crypto_sha256(token, strlen(token), hash))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not compute a hash"));
	hex[hex_encode((char *) hash, sizeof(hash), hex)] = '\0';
	channel->token_hash = task_keep_text(task, hex);
}

bool
push_begin_watch(CalendarTask *task)
{
	SyncTask *sync = (SyncTask *) task;
	SyncCalendar *calendar = can_be_told() ? find_unwatched(sync) : NULL;
	pg_uuid_t id;
	char token[RANDOM_TOKEN_LENGTH + 1];
	StringInfoData body;
	bool has_begun;

	if (!calendar || task_is_late(task))
		return false;
	id = new_id();
	calendar->new_channel.id = task_keep_text(task, id_text(&id));
	make_token(task, &calendar->new_channel, token);
	initStringInfo(&body);
	appendStringInfo(&body, "{\"id\":\"%s\",\"type\":\"web_hook\",\"token\":\"%s\",\"address\":",
					 calendar->new_channel.id, token);
	escape_json(&body, psprintf("%s" NOTIFY_PATH, settings_base_url));
	appendStringInfoChar(&body, '}');
	has_begun = task_ask(task, "POST", google_calendar_url(calendar->external_id, "events/watch"),
						 body.data);
	crypto_forget(token, sizeof(token));
	crypto_forget(body.data, body.len);
	return has_begun;
}

static bool
is_number(const char *text)
{
	return *text && strlen(text) <= 18 && strspn(text, "0123456789") == strlen(text);
}

void
push_take_watch(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
				const char *error)
{
	SyncCalendar *calendar = find_unwatched((SyncTask *) task);
	CalendarChannel *channel = &calendar->new_channel;
	Jsonb *answer = verdict == GOOGLE_DONE ? google_json(result) : NULL;
	char *resource_id = answer ? google_json_text(answer, "resourceId", NULL) : NULL;
	char *expires_at = answer ? google_json_text(answer, "expiration", NULL) : NULL;

	calendar->is_watch_tried = true;
	if (!resource_id || !expires_at || !is_number(expires_at))
	{
		channel->id = NULL;
		return;
	}
	channel->resource_id = task_keep_text(task, resource_id);
	channel->expires_at = task_keep_text(task, expires_at);
}

/* Whose old channel has been replaced. */
static SyncCalendar *
find_replaced(SyncTask *sync)
{
	for (int i = 0; i < sync->ncalendars; i++)
	{
		SyncCalendar *calendar = &sync->calendars[i];

		if (calendar->new_channel.id && calendar->channel.id && calendar->channel.resource_id &&
			!calendar->is_channel_stopped)
			return calendar;
	}
	return NULL;
}

bool
push_ask_stop(CalendarTask *task, const CalendarChannel *channel)
{
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfo(&body, "{\"id\":\"%s\",\"resourceId\":", channel->id);
	escape_json(&body, channel->resource_id);
	appendStringInfoChar(&body, '}');
	return task_ask(task, "POST", STOP_URL, body.data);
}

bool
push_begin_stop(CalendarTask *task)
{
	SyncCalendar *calendar = find_replaced((SyncTask *) task);

	return calendar && !task_is_late(task) && push_ask_stop(task, &calendar->channel);
}

/* One that could not be stopped ends by itself. */
void
push_take_stop(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			   const char *error)
{
	find_replaced((SyncTask *) task)->is_channel_stopped = true;
}
