/*
 * Slots: the starts of a grid at which a whole meeting fits into its hosts' free time.
 *
 * A Grid yields the candidate starts, ascending, each once: those of every host's own grid. A HostTime answers whether
 * one host is free at a candidate: open for all of [start, start + duration), and nothing busy within the slot widened by
 * the host's buffers. Both only move forward, so a whole month is one sweep; a host that refuses knows from which instant
 * on it is worth asking again, and the grid jumps there.
 */
#ifndef OPENCALENDLY_SLOT_H
#define OPENCALENDLY_SLOT_H

#include "pure/hours.h"

/* Starts first, first + step, … before end. */
typedef struct GridRun
{
	int64_t first;
	int64_t end;
	int64_t phase; /* first modulo step: runs of different phases have no start in common */
} GridRun;

typedef struct Grid
{
	GridRun *runs; /* sorted by first, no start in two of them; moved forward as the grid goes on */
	size_t nruns;
	int64_t step;
	size_t next;    /* the first run that is not active yet */
	size_t *active; /* indexes of runs that have begun; room for nruns */
	size_t nactive;
	int64_t floor; /* earlier starts are of no interest */
} Grid;

/* Adds the starts of a host's runs to those of others, at runs[n]; returns how many runs there are then. */
extern size_t grid_add(GridRun *runs, size_t n, const StartRun *add, size_t nadd, int64_t step);

/* Makes a grid of runs that may overlap; it keeps runs and active. */
extern void grid_init(Grid *grid, GridRun *runs, size_t nruns, size_t *active, int64_t step);

/* The next start that is not before grid->floor; false at the end. */
extern bool grid_next(Grid *grid, int64_t *start);

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
	const StartRun *runs; /* sorted by start */
	size_t nruns;
	int64_t step;
	Buffers longest; /* bounds of the buffers of all runs */
	Buffers shortest;
	size_t open_at; /* where the sweep stands */
	size_t busy_at;
	size_t meeting_at;
	size_t run_at;
} HostTime;

/* Sets the runs, the buffers of a host without runs, and the sweep to the beginning. */
extern void host_time_init(HostTime *host, const StartRun *runs, size_t nruns, int64_t step,
						   Buffers without_runs);

/* Whether every slot has the same buffers. */
static inline bool
host_has_one_buffer(const HostTime *host)
{
	return host->longest.before == host->shortest.before &&
		   host->longest.after == host->shortest.after;
}

/* As host_buffers, for a host whose runs have different ones. */
extern Buffers host_buffers_of_runs(HostTime *host, int64_t start);

/*
 * The buffers of a slot that starts there: the larger of those of the runs whose grid it is on; on none, of the runs that
 * contain it.
 */
static inline Buffers
host_buffers(HostTime *host, int64_t start)
{
	return host_has_one_buffer(host) ? host->longest : host_buffers_of_runs(host, start);
}

/*
 * Whether the host is free for the slot with these buffers. Slots asked must not go back. True: *joined is the meeting to
 * join, or NULL. The answer holds for every start before *until, too, so it need not be asked again before that.
 */
extern bool host_is_free(HostTime *host, TimeRange slot, Buffers buffers, const Meeting **joined,
						 int64_t *until);

/*
 * Whether a set contains the instant, for instants that do not go back; *at is where the sweep stands. False: *again
 * is where the set goes on, INT64_MAX if nowhere.
 */
extern bool set_contains(const TimeRange *set, size_t n, size_t *at, int64_t instant,
						 int64_t *again);

#endif
