/*
 * The sweep that yields offered slots: grid, then the event type's limits, then the host's free time. Computing goes
 * through a range with it, booking asks it for one instant: offered and bookable are the same set because they are the
 * same code.
 */
#ifndef OPENCALENDLY_SWEEP_H
#define OPENCALENDLY_SWEEP_H

#include "data/limits.h"
#include "data/schedule.h"

typedef struct OfferedSlot
{
	TimeRange during;
	int64 buffer_before;
	int64 buffer_after;
	int seats_left;
	const pg_uuid_t *meeting_id; /* an own meeting with a free seat to join; NULL: a new one */
} OfferedSlot;

typedef struct Sweep
{
	const SlotRequest *request;
	HostSchedule *schedule;
	StartLimits *limits;
	Grid grid;
	size_t allowed_at;
} Sweep;

/* Loads all that the request needs, in the active snapshot. */
extern void sweep_begin(Sweep *sweep, const SlotRequest *request);

/* The next offered slot, ascending, each start once; false at the end. */
extern bool sweep_next(Sweep *sweep, OfferedSlot *slot);

#endif
