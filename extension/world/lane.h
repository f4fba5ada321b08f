/*
 * The lanes of a worker. A lane is a queue at work: what it sends by, and what has finished and is not settled yet.
 *
 * An outcome that the settling had to leave (somebody else has the row locked) stays for the next turn.
 */
#ifndef OPENCALENDLY_LANE_H
#define OPENCALENDLY_LANE_H

#include "world/queue.h"

#define MAX_LANES 3
#define MAX_TRANSFERS 1000 /* the setting's upper bound */

typedef struct Lane
{
	const Sender *sender;
	void *self; /* of the sender's functions */
	Outcome outcomes[MAX_TRANSFERS];
	bool is_left[MAX_TRANSFERS]; /* which of them the last settling had to leave */
	int noutcomes;
	int nleft; /* how many of them, the first, wait for the next poll because of that */
} Lane;

typedef struct Lanes
{
	Lane lane[MAX_LANES];
	int n;
} Lanes;

extern void lanes_make(Lanes *lanes, const Sender *const *senders, int n);

/* Room for one more outcome of the lane. */
extern Outcome *lane_add_outcome(Lane *lane);

/* How many outcomes wait to be settled; those that were left are not among them. */
extern int lanes_unsettled(const Lanes *lanes);

/* How many outcomes the settling of this turn had to leave; and whether there are any outcomes at all. */
extern int lanes_left(const Lanes *lanes);
extern bool lanes_have_outcomes(const Lanes *lanes);

/* Of a turn, in its transaction: tells that the worker is there; writes what has finished; leases what is due, at most so many. */
extern void lanes_heartbeat(Lanes *lanes);
extern void lanes_settle(Lanes *lanes);
extern int lanes_lease(Lanes *lanes, MemoryContext context, int most, int places,
					   Delivery **leased);

/* The turn is committed: what was settled is forgotten. */
extern void lanes_forget_settled(Lanes *lanes);

#endif
