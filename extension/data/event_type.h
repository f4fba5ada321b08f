/*
 * An event type as the verbs need it: its limits in microseconds, its organizer, the schedule that its slots come from.
 */
#ifndef OPENCALENDLY_EVENT_TYPE_H
#define OPENCALENDLY_EVENT_TYPE_H

#include "compat.h"
#include "pgtime.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

#define NO_LIMIT (-1)

typedef struct EventType
{
	pg_uuid_t id;
	pg_uuid_t organizer_id;
	int64 duration;
	int64 step;          /* the grid's interval */
	int64 buffer_before; /* -1: the rule's */
	int64 buffer_after;
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
	bool has_schedule;
	pg_uuid_t schedule_id; /* if has_schedule */
	pg_tz *zone;           /* the schedule's */
	char *zone_name;
} EventType;

/* Reads it in the active snapshot; raises OC002 if there is none, or an inactive one and may_be_inactive is false. */
extern EventType *event_type_load(const pg_uuid_t *id, bool may_be_inactive);

/* Whose time it takes; raises OC002 if there is no such event type. */
extern pg_uuid_t event_type_host(const pg_uuid_t *id);

#endif
