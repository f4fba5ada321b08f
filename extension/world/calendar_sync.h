/*
 * A sync: the task that reads what is busy in a connection's calendars, from a day ago to as far ahead as the settings say.
 *
 * Words. A calendar is read by its events if the account may see them, wholly or as what has changed since its sync token was
 * given; else as free and busy alone. What is wrong with one calendar, whatever Google answered for it, is noted for it and
 * leaves the others as they are; what is wrong with the connection, or that Google is not reached or wants to be asked less,
 * ends the sync.
 */
#ifndef OPENCALENDLY_CALENDAR_SYNC_H
#define OPENCALENDLY_CALENDAR_SYNC_H

#include "world/calendar_task.h"

/* A channel by which Google tells of changes: what is to be known of it. */
typedef struct CalendarChannel
{
	char *id;
	char *token_hash; /* SHA-256, hex */
	char *resource_id;
	char *expires_at; /* milliseconds since 1970, as Google says it */
} CalendarChannel;

/* A calendar that is a busy source, as far as it is read. */
typedef struct SyncCalendar
{
	pg_uuid_t id;
	char *external_id;
	bool has_events;  /* its events may be read */
	char *sync_token; /* NULL: it is to be read wholly */
	char *page_token; /* of the next page; NULL: the first */
	List *pages;      /* of Jsonb * */
	bool is_read;
	char *error; /* NULL: it could be read */

	/* Its channel until now; id NULL: it has none. */
	CalendarChannel channel;
	TimestampTz channel_expires_at;
	CalendarChannel new_channel;
	bool is_watch_tried;
	bool is_channel_stopped;
} SyncCalendar;

typedef struct SyncTask
{
	CalendarTask base;
	TimestampTz from;
	TimestampTz until;
	SyncCalendar *calendars;
	int ncalendars;

	/* What was told of the calendars without events, and which of them are asked for now, from when on. */
	List *free_busy; /* of Jsonb * */
	int nfree_busy;  /* those calendars are the first ones */
	int busy_first;
	TimestampTz busy_from;

	Size kept_bytes; /* of the pages */
	Jsonb *found;    /* ready to be written */
} SyncTask;

/* Steps of calendar_push.c: a new channel for each calendar that needs one; the end of the old ones. */
extern bool push_begin_watch(CalendarTask *task);
extern void push_take_watch(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
							const char *error);
extern bool push_begin_stop(CalendarTask *task);
extern void push_take_stop(CalendarTask *task, const TransferResult *result, GoogleVerdict verdict,
						   const char *error);

/* Ends a channel; false: it could not be asked for. */
extern bool push_ask_stop(CalendarTask *task, const CalendarChannel *channel);

#endif
