/*
 * A host's schedule over a range: open hours, blocks, busy time and own meetings with free seats, read by four
 * set-based queries and laid out as sorted interval sets. The one definition of "free" that computing, explaining and
 * booking share.
 */
#ifndef OPENCALENDLY_SCHEDULE_H
#define OPENCALENDLY_SCHEDULE_H

#include "compat.h"
#include "data/event_type.h"
#include "pure/slot.h"

/* A hold of the caller's own, as if gone; see hold.h. */
typedef struct Hold
{
	pg_uuid_t id;
	pg_uuid_t event_type_id;
	pg_uuid_t occurrence_id;
	int64 created_at;
	int64 starts_at; /* of its occurrence */
} Hold;

/* What is asked: starts of the event type in range, as seen at now; with what left out of the sum. */
typedef struct SlotRequest
{
	const EventType *event;
	TimeRange range;
	int64 now;
	const pg_uuid_t *ignore_booking; /* NULL: none */
	const Hold *hold;                /* NULL: none */
} SlotRequest;

typedef struct HostSchedule
{
	pg_uuid_t host_id;
	ZoneSpan *spans; /* of the schedule's zone, from range.start - HOURS_MARGIN on */
	size_t nspans;
	Hours hours;
	Override *overrides;
	size_t noverrides;
	TimeRange *claims; /* all but those left out and joinable meetings; as read, unsorted */
	size_t nclaims;
	TimeRange *windows; /* external busy windows; as read */
	size_t nwindows;
	Meeting *meetings; /* own, with a free seat; Meeting.id indexes meeting_ids */
	size_t nmeetings;
	pg_uuid_t *meeting_ids;
	TimeRange *full_meetings; /* own, without: they are among the claims, too */
	size_t nfull_meetings;
	HostTime time; /* the sweep over all that */
} HostSchedule;

/* Loads the schedule of the event type's host in the active snapshot. */
extern HostSchedule *schedule_load(const SlotRequest *request);

#endif
