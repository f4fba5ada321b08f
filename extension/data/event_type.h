/*
 * An event type as the verbs need it: its limits in microseconds, and whose time it takes.
 */
#ifndef OPENCALENDLY_EVENT_TYPE_H
#define OPENCALENDLY_EVENT_TYPE_H

#include "compat.h"
#include "pgtime.h"
#include "pure/hours.h"
#include "pure/pick.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#define NO_LIMIT (-1)

typedef enum EventMode
{
	MODE_SOLO,       /* the organizer's own, with one seat or more */
	MODE_COLLECTIVE, /* every attendee of a team */
	MODE_ROUND_ROBIN /* every required attendee of a team, and one of the others, the pool */
} EventMode;

/* A host who attends, or may be picked to. */
typedef struct Attendee
{
	pg_uuid_t host_id;
	bool is_required; /* attends every meeting; false: in the pool */
	bool has_schedule;
	pg_uuid_t schedule_id; /* if has_schedule */
	pg_tz *zone;           /* the schedule's */
	Candidate standing;    /* in the round robin */
} Attendee;

typedef struct EventType
{
	pg_uuid_t id;
	pg_uuid_t user_id; /* whose page it is on: the organizer, or the team's owner */
	int64 duration;
	int64 step;      /* the grid's interval */
	Buffers buffers; /* -1: the rule's */
	int64 min_notice;
	int64 max_days_ahead; /* NO_LIMIT: none; so the caps */
	int64 bookable_from;  /* dates counted from 2000-01-01; PG_INT64_MIN, PG_INT64_MAX: none */
	int64 bookable_until;
	int64 daily_limit;
	int64 weekly_limit;
	int64 monthly_limit;
	int seats;
	bool is_active;
	Jsonb *questions;
	pg_tz *zone; /* of the limits: the schedule's; a team's owner's */
	EventMode mode;
	Assignment assignment; /* of a round robin, as the next two */
	int cursor;
	int64 last_entry;    /* of its ledger */
	Attendee *attendees; /* the required ones, then the pool; both by position */
	int nattendees;
	int nrequired;
} EventType;

/* Reads it in the active snapshot; raises OC002 if there is none, or an inactive one and may_be_inactive is false. */
extern EventType *event_type_load(const pg_uuid_t *id, bool may_be_inactive);

/* Where an event type is published: what its links say. */
typedef struct EventPage
{
	bool is_team;
	const char *owner; /* a username or a team's slug */
	const char *slug;
} EventPage;

/* The one on a page, hidden or not; NULL if there is none. Raises OC002 if it is not active. */
extern EventType *event_type_find(EventPage page);

/* Whose it is and whether it is a team's; raises OC002 if there is no such event type. */
extern pg_uuid_t event_type_user(const pg_uuid_t *id, bool *is_team);

#endif
