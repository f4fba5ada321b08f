/*
 * The sweep that yields offered slots: grid, then the event type's limits, then the hosts' free time. Computing goes
 * through a range with it, booking asks it for one instant: offered and bookable are the same set because they are the
 * same code. A solo event type is the case of one required host.
 */
#ifndef OPENCALENDLY_SWEEP_H
#define OPENCALENDLY_SWEEP_H

#include "data/limits.h"
#include "data/schedule.h"

/* How many hosts of a slot are told unless all are asked for. */
#define LISTED_HOSTS 10

/* A host who is free for a slot. */
typedef struct OfferedHost
{
	const Attendee *attendee;
	Buffers buffers;
	const pg_uuid_t *meeting_id; /* an own meeting with a free seat to join; NULL: a new one */
	int seats_left;
} OfferedHost;

typedef struct OfferedSlot
{
	TimeRange during;
	const OfferedHost *
		*hosts; /* the required ones, then those of the pool; they stand until the next slot */
	int nhosts;
	const OfferedHost
		*joined; /* the first whose meeting a booking would join; NULL: it opens one */
	int seats_left;
} OfferedSlot;

typedef struct Sweep
{
	const SlotRequest *request;
	HostSchedule *schedules; /* one for each attendee */
	StartLimits *limits;
	Grid grid;
	size_t allowed_at;
	OfferedHost *asked;        /* each attendee's last answer, */
	bool *is_free;             /* whether it was yes, */
	int64 *until;              /* and the first start for which it does not hold any more */
	const OfferedHost **hosts; /* who is free for the slot */
	int nhosts;
	int most_hosts; /* how many hosts of a slot are of interest; one of the pool always is */
} Sweep;

/* Loads all that the request needs, in the active snapshot. */
extern void sweep_begin(Sweep *sweep, const SlotRequest *request, int most_hosts);

/* Whether nothing can be offered for want of hosts who are not stale: a required one is, or all of the pool are. */
extern bool sweep_is_stale(const Sweep *sweep);

/* The next offered slot, ascending, each start once; false at the end. */
extern bool sweep_next(Sweep *sweep, OfferedSlot *slot);

#endif
