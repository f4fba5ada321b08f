/*
 * Slots: the starts of a grid at which a whole meeting fits into a host's free time.
 *
 * A Grid yields the candidate starts of one or several sorted runs, ascending, each once, with the larger buffers where
 * runs meet. A HostTime answers whether a host is free at a candidate: open for all of [start, start + duration), and
 * nothing busy within the slot widened by the buffers. Both only move forward, so a whole month is one sweep; a refusal
 * says from which instant on it is worth asking again, and the grid jumps there.
 */
#ifndef OPENCALENDLY_SLOT_H
#define OPENCALENDLY_SLOT_H

#include "pure/hours.h"

typedef struct GridStart
{
	int64_t start;
	int64_t buffer_before;
	int64_t buffer_after;
} GridStart;

typedef struct Grid
{
	StartRun *runs; /* sorted by first; moved forward as the grid goes on */
	size_t nruns;
	size_t next;    /* the first run that is not active yet */
	size_t *active; /* indexes of runs that have begun; room for nruns */
	size_t nactive;
	int64_t floor; /* earlier starts are of no interest */
} Grid;

extern void grid_init(Grid *grid, StartRun *runs, size_t nruns, size_t *active);

/* The next start that is not before grid->floor; false at the end. */
extern bool grid_next(Grid *grid, GridStart *out);

/* An own meeting with a free seat: for its own start and end it is not busy. */
typedef struct Meeting
{
	TimeRange claim;
	TimeRange during;
	int seats_left;
	size_t id; /* the caller's */
} Meeting;

typedef struct HostTime
{
	const TimeRange *open; /* a set: open hours less blocks */
	size_t nopen;
	const TimeRange *busy; /* a set */
	size_t nbusy;
	const Meeting *meetings; /* sorted by claim, claims do not overlap */
	size_t nmeetings;
	int64_t longest_before; /* bounds of the runs' buffers */
	int64_t shortest_before;
	int64_t shortest_after;
	size_t open_at; /* where the sweep stands */
	size_t busy_at;
	size_t meeting_at;
} HostTime;

/* Sets the buffers' bounds from the runs, and the sweep to the beginning. */
extern void host_time_init(HostTime *host, const StartRun *runs, size_t nruns);

/*
 * Whether the host is free for duration from at->start on. Starts asked must not go back. True: *joined is the meeting
 * to join, or NULL. False: *again is the first later instant that might do.
 */
extern bool host_is_free(HostTime *host, const GridStart *at, int64_t duration,
						 const Meeting **joined, int64_t *again);

/*
 * Whether a set contains the instant, for instants that do not go back; *at is where the sweep stands. False: *again
 * is where the set goes on, INT64_MAX if nowhere.
 */
extern bool set_contains(const TimeRange *set, size_t n, size_t *at, int64_t instant,
						 int64_t *again);

#endif
