/*
 * The schedules of an event type's attendees over a range: open hours, blocks, busy time and own meetings with free seats,
 * read by one set-based query for each kind of data, however many hosts there are, and laid out as sorted interval sets.
 * The one definition of "free" that computing, explaining and booking share.
 *
 * Busy time from outside is a mirror (calendar_busy_windows). A host is stale if a calendar that they let count, of a
 * connection that refuses old mirrors, was last read longer ago than the connection allows: nothing is known of the host's
 * time then, and none of it is open.
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
	bool
		by_organizer; /* one start, any: hours, overrides, grid, notice, horizon, caps and staleness do not count */
} SlotRequest;

typedef struct HostSchedule
{
	const Attendee *attendee;
	const ZoneSpan *spans; /* of the schedule's zone, from range.start - HOURS_MARGIN on */
	size_t nspans;
	const WeeklyRule *rules;
	size_t nrules;
	Hours hours;
	const Override *overrides;
	size_t noverrides;
	TimeRange *claims; /* sorted: all but those left out and joinable meetings */
	size_t nclaims;
	TimeRange *windows; /* sorted: external busy windows */
	size_t nwindows;
	bool is_stale;
	int64 read_at;     /* if stale: when the calendar in question was last read; never: connected */
	Meeting *meetings; /* own, with a free seat; Meeting.id indexes meeting_ids */
	size_t nmeetings;
	pg_uuid_t *meeting_ids;
	TimeRange *full_meetings; /* own, without: they are among the claims, too */
	size_t nfull_meetings;
	HostTime time; /* the sweep over all that */
} HostSchedule;

/* Loads the schedules of the event type's attendees, in their order, in the active snapshot. */
extern HostSchedule *schedules_load(const SlotRequest *request);

#endif
