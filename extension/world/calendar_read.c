/*
 * Syncs; the words are in calendar_sync.h.
 */
#include "world/calendar_sync.h"

#include "catalog/pg_type_d.h"
#include "data/values.h"
#include "pure/iso.h"
#include "settings.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "world/calendar_token.h"

#define FREE_BUSY_URL "https://www.googleapis.com/calendar/v3/freeBusy?prettyPrint=false"
#define FREE_BUSY_CALENDARS 50
#define FREE_BUSY_US (60 * USECS_PER_DAY)

/*
 * Of an event only what says when it is busy and whether it is ours. Of the people maxAttendees leaves the account alone.
 * All but the times and tokens is the same in each request for a calendar, as sync tokens demand.
 */
#define EVENTS_QUERY                                                                          \
	"events?singleEvents=true&maxResults=2500&maxAttendees=1&prettyPrint=false"               \
	"&fields=kind,timeZone,nextPageToken,nextSyncToken,items(id,iCalUID,status,transparency," \
	"eventType,start,end,attendees(self,responseStatus),extendedProperties/private/opencalendly)"
#define EVENTS_AHEAD_US (2 * USECS_PER_DAY)
#define EVENT_PAGES_MAX 100
#define KEPT_MAX 33554432

static SavedQuery calendars_query = {
	/* clang-format off */
	.text =
		"SELECT c.connection_id, c.id, c.external_id, c.access_role" NE "'freeBusyReader',"
		" CASE WHEN c.read_until" GE "$2 AND c.full_sync_at" GT "$3 THEN c.sync_token END,"
		" c.channel_id::pg_catalog.text, c.channel_resource_id, c.channel_expires_at"
		" FROM opencalendly.calendars AS c"
		" WHERE c.connection_id OPERATOR(pg_catalog.=) ANY ($1) AND c.is_busy_source"
		" ORDER BY c.connection_id, c.access_role" NE "'freeBusyReader', c.synced_at NULLS FIRST, c.id",
	/* clang-format on */
	.nargs = 3,
	.types = { UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID },
};

static SavedQuery apply_query = {
	.text = "SELECT opencalendly.apply_calendar_sync($1, $2, $3, $4)",
	.nargs = 4,
	.types = { UUIDOID, INT4OID, TIMESTAMPTZOID, JSONBOID },
};

/* --- what is to be read -------------------------------------------------------------------------------------------- */

static TimestampTz
read_until(TimestampTz now)
{
	return now + settings_calendar_days_ahead * USECS_PER_DAY;
}

static SyncCalendar *
add_calendar(SyncTask *sync)
{
	Size size = (sync->ncalendars + 1) * sizeof(SyncCalendar);

	sync->calendars = sync->calendars ? repalloc(sync->calendars, size)
									  : MemoryContextAlloc(sync->base.context, size);
	sync->calendars[sync->ncalendars] = (SyncCalendar) { 0 };
	return &sync->calendars[sync->ncalendars++];
}

/* In the task's context. */
static void
read_calendar(uint64 row, SyncTask *sync)
{
	SyncCalendar *calendar = add_calendar(sync);

	calendar->id = row_uuid(row, 2);
	calendar->external_id = row_text(row, 3);
	calendar->has_events = row_bool(row, 4);
	calendar->sync_token = row_text_or_null(row, 5);
	calendar->channel.id = row_text_or_null(row, 6);
	calendar->channel.resource_id = row_text_or_null(row, 7);
	if (calendar->channel.id)
		calendar->channel_expires_at = row_instant(row, 8);
	sync->nfree_busy += !calendar->has_events;
}

static SyncTask *
find_task(CalendarTask **tasks, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&tasks[i]->base.id, id, sizeof(*id)) == 0)
			return (SyncTask *) tasks[i];
	elog(ERROR, "a calendar of no connection");
}

void
sync_load_calendars(CalendarTask **tasks, int n)
{
	MemoryContext callers = CurrentMemoryContext;
	pg_uuid_t *ids = palloc(n * sizeof(pg_uuid_t));
	TimestampTz now = tasks[0]->leased_at;
	int nrows;

	for (int i = 0; i < n; i++)
		ids[i] = tasks[i]->base.id;
	nrows = (int) query_write(&calendars_query,
							  (QueryArg[]) { ARG(uuid_array(ids, n)),
											 ARG(TimestampTzGetDatum(read_until(now))),
											 ARG(TimestampTzGetDatum(now - USECS_PER_DAY)) });
	for (int i = 0; i < nrows; i++)
	{
		pg_uuid_t id = row_uuid(i, 1);
		SyncTask *sync = find_task(tasks, n, &id);

		MemoryContextSwitchTo(sync->base.context);
		read_calendar(i, sync);
	}
	MemoryContextSwitchTo(callers);
	SPI_freetuptable(SPI_tuptable);
}

static void
note_error(SyncTask *sync, SyncCalendar *calendar, const char *error)
{
	calendar->error = task_keep_text(&sync->base, error);
	calendar->is_read = true;
	list_free_deep(calendar->pages);
	calendar->pages = NIL;
}

/*
 * Whether an answer that is not what was asked for tells of the calendar, and not of the connection: Google has been reached,
 * and says neither that it knows us not nor that it is too much.
 */
static bool
is_calendars(const TransferResult *result, GoogleVerdict verdict)
{
	if (verdict == GOOGLE_UNAUTHORIZED || task_is_operators(result))
		return false;
	return verdict != GOOGLE_RETRY || result->phase == TRANSFER_RESPONSE || result->status >= 500;
}

/* The same as note_error, of an answer. */
static void
note_answer(SyncTask *sync, SyncCalendar *calendar, const TransferResult *result, const char *error)
{
	note_error(sync, calendar, *error ? error : "the answer makes no sense");
	sync->base.retry_after_s = Max(sync->base.retry_after_s, result->retry_after_s);
}

/* Whether it can be kept with what there is. */
static bool
has_room(SyncTask *sync, const Jsonb *page)
{
	sync->kept_bytes += VARSIZE(page);
	return sync->kept_bytes <= KEPT_MAX;
}

static char *
instant_text(TimestampTz instant)
{
	IsoDate cache = ISO_NO_DATE;
	char *text = palloc(ISO_MAX_LENGTH + 1);

	*iso_write_utc(text, &cache, instant) = '\0';
	return text;
}

/* --- the list of calendars ----------------------------------------------------------------------------------------- */

/* An account that may not list its calendars any more can still be read; another one if there is anything to read. */
static bool
is_list_dispensable(const SyncTask *sync, const TransferResult *result, GoogleVerdict verdict)
{
	if (verdict == GOOGLE_DONE || !is_calendars(result, verdict))
		return false;
	return verdict != GOOGLE_RETRY || sync->ncalendars > 0;
}

static void
take_list(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
		  const char *error)
{
	if (!is_list_dispensable((SyncTask *) task, result, verdict))
	{
		task_take_list(task, result, verdict, error);
		return;
	}
	list_free_deep(task->list_pages);
	task->list_pages = NIL;
	task->wants_list = false;
}

/* --- free and busy ------------------------------------------------------------------------------------------------- */

static int
chunk_end(const SyncTask *sync)
{
	return Min(sync->busy_first + FREE_BUSY_CALENDARS, sync->nfree_busy);
}

static char *
free_busy_body(const SyncTask *sync)
{
	TimestampTz to = Min(sync->busy_from + FREE_BUSY_US, sync->until);
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfo(&body, "{\"timeMin\":\"%s\",\"timeMax\":\"%s\",\"items\":[",
					 instant_text(sync->busy_from), instant_text(to));
	for (int i = sync->busy_first; i < chunk_end(sync); i++)
	{
		appendStringInfoString(&body, i > sync->busy_first ? ",{\"id\":" : "{\"id\":");
		escape_json(&body, sync->calendars[i].external_id);
		appendStringInfoChar(&body, '}');
	}
	appendStringInfoString(&body, "]}");
	return body.data;
}

static bool
begin_free_busy(CalendarTask *task)
{
	SyncTask *sync = (SyncTask *) task;

	if (sync->busy_from >= sync->until)
	{
		sync->busy_first = chunk_end(sync);
		sync->busy_from = sync->from;
	}
	return sync->busy_first < sync->nfree_busy &&
		   task_ask(task, "POST", FREE_BUSY_URL, free_busy_body(sync));
}

/* The calendars' own errors stay in the answer, for who writes it. */
static void
take_free_busy(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			   const char *error)
{
	SyncTask *sync = (SyncTask *) task;
	Jsonb *answer = verdict == GOOGLE_DONE ? google_json(result) : NULL;

	if (answer && google_json_has_object(answer, "calendars") && has_room(sync, answer))
	{
		task_keep_page(task, &sync->free_busy, answer);
		sync->busy_from += FREE_BUSY_US;
	}
	else if (is_calendars(result, verdict))
	{
		for (int i = sync->busy_first; i < chunk_end(sync); i++)
			note_answer(sync, &sync->calendars[i], result, error);
		sync->busy_from = sync->until;
	}
	else
		task_fail_by_answer(task, result, "free and busy times could not be read", error);
}

/* --- events -------------------------------------------------------------------------------------------------------- */

static char *
events_url(const SyncTask *sync, const SyncCalendar *calendar)
{
	StringInfoData rest;

	initStringInfo(&rest);
	appendStringInfoString(&rest, EVENTS_QUERY);
	if (calendar->sync_token)
	{
		appendStringInfoString(&rest, "&syncToken=");
		google_append_escaped(&rest, calendar->sync_token);
	}
	else
		appendStringInfo(&rest, "&timeMin=%s&timeMax=%s", instant_text(sync->from),
						 instant_text(sync->until + EVENTS_AHEAD_US));
	if (calendar->page_token)
	{
		appendStringInfoString(&rest, "&pageToken=");
		google_append_escaped(&rest, calendar->page_token);
	}
	return google_calendar_url(calendar->external_id, rest.data);
}

/* The next one with events that is not read yet; NULL: there is none. */
static SyncCalendar *
next_calendar(SyncTask *sync)
{
	for (int i = sync->nfree_busy; i < sync->ncalendars; i++)
		if (!sync->calendars[i].is_read)
			return &sync->calendars[i];
	return NULL;
}

static bool
begin_events(CalendarTask *task)
{
	SyncTask *sync = (SyncTask *) task;
	SyncCalendar *calendar = next_calendar(sync);

	/* what was read counts, and the next sync begins with the others */
	for (; calendar && task_is_late(task); calendar = next_calendar(sync))
		note_error(sync, calendar, "there was no time left to read it");
	return calendar && task_ask(task, "GET", events_url(sync, calendar), NULL);
}

static void
read_wholly(SyncCalendar *calendar)
{
	list_free_deep(calendar->pages);
	calendar->pages = NIL;
	calendar->page_token = NULL;
	calendar->sync_token = NULL;
}

static void
take_page(SyncTask *sync, SyncCalendar *calendar, const Jsonb *page)
{
	char *next = google_json_text(page, "nextPageToken", NULL);

	if (!has_room(sync, page) || (next && list_length(calendar->pages) >= EVENT_PAGES_MAX))
	{
		note_error(sync, calendar, "it has too many events");
		return;
	}
	task_keep_page(&sync->base, &calendar->pages, page);
	calendar->page_token = next ? task_keep_text(&sync->base, next) : NULL;
	calendar->is_read = next == NULL;
}

/* Google says 410 of a sync token that is too old, and 400 of one that it does not know. */
static void
take_events(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
			const char *error)
{
	SyncTask *sync = (SyncTask *) task;
	SyncCalendar *calendar = next_calendar(sync);
	Jsonb *page = verdict == GOOGLE_DONE ? google_json(result) : NULL;

	if (page && task_is_list(page, "calendar#events"))
		take_page(sync, calendar, page);
	else if (calendar->sync_token && (result->status == 410 || result->status == 400))
		read_wholly(calendar);
	else if (is_calendars(result, verdict))
		note_answer(sync, calendar, result, error);
	else
		task_fail_by_answer(task, result, "events could not be read", error);
}

/* --- what was found ------------------------------------------------------------------------------------------------ */

static void
push_events(JsonbParseState **state, const SyncCalendar *calendar)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	task_push_text(state, "calendarId", id_text(&calendar->id));
	task_push_bool(state, "isFull", calendar->sync_token == NULL);
	task_push_pages(state, "pages", calendar->pages);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_error(JsonbParseState **state, const SyncCalendar *calendar)
{
	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	task_push_text(state, "calendarId", id_text(&calendar->id));
	task_push_text(state, "error", calendar->error);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static void
push_channel(JsonbParseState **state, const SyncCalendar *calendar)
{
	const CalendarChannel *channel = &calendar->new_channel;

	pushJsonbValue(state, WJB_BEGIN_OBJECT, NULL);
	task_push_text(state, "calendarId", id_text(&calendar->id));
	task_push_text(state, "channelId", channel->id);
	task_push_text(state, "tokenHash", channel->token_hash);
	task_push_text(state, "resourceId", channel->resource_id);
	task_push_text(state, "expiresAt", channel->expires_at);
	pushJsonbValue(state, WJB_END_OBJECT, NULL);
}

static bool
has_pages(const SyncCalendar *calendar)
{
	return calendar->pages != NIL;
}

static bool
has_error(const SyncCalendar *calendar)
{
	return calendar->error != NULL;
}

static bool
has_new_channel(const SyncCalendar *calendar)
{
	return calendar->new_channel.id != NULL;
}

static void
push_calendars(JsonbParseState **state, const char *name, const SyncTask *sync,
			   bool (*is_told)(const SyncCalendar *),
			   void (*push)(JsonbParseState **, const SyncCalendar *))
{
	task_push_key(state, name);
	pushJsonbValue(state, WJB_BEGIN_ARRAY, NULL);
	for (int i = 0; i < sync->ncalendars; i++)
		if (is_told(&sync->calendars[i]))
			push(state, &sync->calendars[i]);
	pushJsonbValue(state, WJB_END_ARRAY, NULL);
}

static JsonbValue *
tell_found(const SyncTask *sync)
{
	JsonbParseState *state = NULL;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	task_push_text(&state, "from", instant_text(sync->from));
	task_push_text(&state, "until", instant_text(sync->until));
	if (sync->base.list_pages)
		task_push_pages(&state, "calendarList", sync->base.list_pages);
	task_push_pages(&state, "freeBusy", sync->free_busy);
	push_calendars(&state, "events", sync, has_pages, push_events);
	push_calendars(&state, "errors", sync, has_error, push_error);
	push_calendars(&state, "channels", sync, has_new_channel, push_channel);
	task_push_text(&state, "retryMs", psprintf(INT64_FORMAT, task_delay_ms(&sync->base)));
	task_push_text(&state, "askedMs", psprintf(INT64_FORMAT, task_asked_delay_ms(&sync->base)));
	return pushJsonbValue(&state, WJB_END_OBJECT, NULL);
}

static void
finish(CalendarTask *task)
{
	SyncTask *sync = (SyncTask *) task;
	JsonbValue *found = tell_found(sync);
	MemoryContext callers = MemoryContextSwitchTo(task->context);

	sync->found = JsonbValueToJsonb(found);
	MemoryContextSwitchTo(callers);
	list_free_deep(task->list_pages);
	list_free_deep(sync->free_busy);
	task->list_pages = sync->free_busy = NIL;
	for (int i = 0; i < sync->ncalendars; i++)
	{
		list_free_deep(sync->calendars[i].pages);
		sync->calendars[i].pages = NIL;
	}
}

/* --- the task ------------------------------------------------------------------------------------------------------ */

static void
start(CalendarTask *task)
{
	if (!task->needs_token)
		task_open_access(task);
}

static bool
write_sync(CalendarTask *task)
{
	SyncTask *sync = (SyncTask *) task;

	if (task->has_failed)
		return task_write_failure(task);
	query_write(&apply_query,
				(QueryArg[]) { UUID_ARG(&task->base.id), ARG(Int32GetDatum(task->base.attempt)),
							   ARG(TimestampTzGetDatum(task->leased_at)),
							   ARG(JsonbPGetDatum(sync->found)) });
	return task_read_answer();
}

static const CalendarStep steps[] = {
	{ .begin = task_begin_list, .take = take_list },
	{ .begin = begin_free_busy, .take = take_free_busy },
	{ .begin = begin_events, .take = take_events },
	{ .begin = push_begin_watch, .take = push_take_watch, .is_optional = true },
	{ .begin = push_begin_stop, .take = push_take_stop, .is_optional = true },
};

static const CalendarProgram program = {
	.steps = steps,
	.nsteps = lengthof(steps),
	.start = start,
	.finish = finish,
	.write = write_sync,
	.release = task_release_connection,
};

CalendarTask *
sync_make(MemoryContext parent, const LeasedConnection *leased)
{
	CalendarTask *task = task_make_of_connection(parent, sizeof(SyncTask), &program, leased);
	SyncTask *sync = (SyncTask *) task;
	TimestampTz now = leased->leased_at - leased->leased_at % USECS_PER_SEC;

	sync->from = now - USECS_PER_DAY;
	sync->until = read_until(now);
	sync->busy_from = sync->from;
	task->needs_token = leased->leased_at >= leased->refresh_at;
	task->wants_list = leased->listed_at <= leased->leased_at - USECS_PER_DAY;
	return task;
}
