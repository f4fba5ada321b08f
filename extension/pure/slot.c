/*
 * The grid of starts and a host's free time; the words are in slot.h. Nothing is allocated here.
 */
#include "pure/slot.h"

#include <stdlib.h>

size_t
grid_add(GridRun *runs, size_t n, const StartRun *add, size_t nadd, int64_t step)
{
	for (size_t i = 0; i < nadd; i++)
		if (add[i].first < add[i].end)
			runs[n++] = (GridRun) { add[i].first, add[i].end,
									add[i].first - floor_div(add[i].first, step) * step };
	return n;
}

static int
compare_first(const void *a, const void *b)
{
	int64_t x = ((const GridRun *) a)->first;
	int64_t y = ((const GridRun *) b)->first;

	return (x > y) - (x < y);
}

static int
compare_phase(const void *a, const void *b)
{
	int64_t x = ((const GridRun *) a)->phase;
	int64_t y = ((const GridRun *) b)->phase;

	return x == y ? compare_first(a, b) : (x > y) - (x < y);
}

static void
sort_runs(GridRun *runs, size_t n, int (*compare)(const void *, const void *))
{
	for (size_t i = 1; i < n; i++)
		if (compare(&runs[i - 1], &runs[i]) > 0)
		{
			qsort(runs, n, sizeof(GridRun), compare);
			return;
		}
}

/* Joins the runs of one phase that overlap or touch; returns how many are left. */
static size_t
join_runs(GridRun *runs, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
	{
		GridRun *last = kept > 0 ? &runs[kept - 1] : NULL;

		if (last && last->phase == runs[i].phase && runs[i].first <= last->end)
			last->end = max_instant(last->end, runs[i].end);
		else
			runs[kept++] = runs[i];
	}
	return kept;
}

void
grid_init(Grid *grid, GridRun *runs, size_t nruns, size_t *active, int64_t step)
{
	sort_runs(runs, nruns, compare_phase);
	nruns = join_runs(runs, nruns);
	sort_runs(runs, nruns, compare_first);
	*grid =
		(Grid) { .runs = runs, .nruns = nruns, .step = step, .active = active, .floor = INT64_MIN };
}

/* Moves a run up to the floor; false if nothing of it is left. */
static inline bool
raise_run(GridRun *run, int64_t floor, int64_t step)
{
	if (floor >= run->end)
		return false;
	if (run->first < floor)
		run->first += (floor - run->first + step - 1) / step * step;
	return run->first < run->end;
}

/* Drops finished runs, activates those that begin by the earliest start; returns that start, INT64_MAX at the end. */
static int64_t
earliest_start(Grid *grid)
{
	int64_t earliest = INT64_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < grid->nactive; i++)
	{
		GridRun *run = &grid->runs[grid->active[i]];

		if (!raise_run(run, grid->floor, grid->step))
			continue;
		grid->active[kept++] = grid->active[i];
		earliest = min_instant(earliest, run->first);
	}
	grid->nactive = kept;
	while (grid->next < grid->nruns && grid->runs[grid->next].first <= earliest)
	{
		GridRun *run = &grid->runs[grid->next];

		if (raise_run(run, grid->floor, grid->step))
		{
			grid->active[grid->nactive++] = grid->next;
			earliest = min_instant(earliest, run->first);
		}
		grid->next++;
	}
	return earliest;
}

bool
grid_next(Grid *grid, int64_t *start)
{
	*start = earliest_start(grid);
	if (*start == INT64_MAX)
		return false;
	grid->floor = *start + 1;
	return true;
}

static Buffers
larger(Buffers a, Buffers b)
{
	return (Buffers) { max_instant(a.before, b.before), max_instant(a.after, b.after) };
}

static Buffers
smaller(Buffers a, Buffers b)
{
	return (Buffers) { min_instant(a.before, b.before), min_instant(a.after, b.after) };
}

void
host_time_init(HostTime *host, const StartRun *runs, size_t nruns, int64_t step,
			   Buffers without_runs)
{
	host->runs = runs;
	host->nruns = nruns;
	host->step = step;
	host->open_at = host->busy_at = host->meeting_at = host->run_at = 0;
	host->longest = host->shortest = nruns == 0 ? without_runs : runs[0].buffers;
	for (size_t i = 1; i < nruns; i++)
	{
		host->longest = larger(host->longest, runs[i].buffers);
		host->shortest = smaller(host->shortest, runs[i].buffers);
	}
}

Buffers
host_buffers_of_runs(HostTime *host, int64_t start)
{
	Buffers on_grid = { -1, -1 };
	Buffers containing = { 0, 0 };

	while (host->run_at < host->nruns && host->runs[host->run_at].end <= start)
		host->run_at++;
	for (size_t i = host->run_at; i < host->nruns && host->runs[i].start <= start; i++)
	{
		const StartRun *run = &host->runs[i];

		if (run->end <= start)
			continue;
		containing = larger(containing, run->buffers);
		if ((start - run->first) % host->step == 0)
			on_grid = larger(on_grid, run->buffers);
	}
	return on_grid.before >= 0 ? on_grid : containing;
}

bool
set_contains(const TimeRange *set, size_t n, size_t *at, int64_t instant, int64_t *again)
{
	while (*at < n && set[*at].end <= instant)
		(*at)++;
	if (*at < n && set[*at].start <= instant)
		return true;
	*again = *at < n ? set[*at].start : INT64_MAX;
	return false;
}

/* True: *until is how long it stays open; false: from when on it may be. */
static bool
is_open(HostTime *host, TimeRange slot, int64_t *until)
{
	if (!set_contains(host->open, host->nopen, &host->open_at, slot.start, until))
		return false;
	*until = host->open[host->open_at].end;
	return slot.end <= *until;
}

/*
 * True: *until is from when on it may not be. Busy time that even the shortest buffers would meet is left behind at once;
 * otherwise the next start, which may have shorter ones, is worth asking. False: *until is when the next busy time begins.
 */
static bool
is_busy(HostTime *host, TimeRange slot, TimeRange widened, int64_t oldest, int64_t *until)
{
	size_t i;

	while (host->busy_at < host->nbusy && host->busy[host->busy_at].end <= oldest)
		host->busy_at++;
	for (i = host->busy_at; i < host->nbusy && host->busy[i].start < widened.end; i++)
		if (host->busy[i].end > widened.start)
		{
			*until = host->busy[i].start < slot.end + host->shortest.after
						 ? host->busy[i].end + host->shortest.before
						 : slot.start + 1;
			return true;
		}
	*until = i < host->nbusy ? host->busy[i].start : INT64_MAX;
	return false;
}

/* Own meetings with free seats: the one of just this time is joined, any other is busy. */
static bool
meets_another(HostTime *host, TimeRange slot, TimeRange widened, int64_t oldest,
			  const Meeting **joined)
{
	while (host->meeting_at < host->nmeetings &&
		   host->meetings[host->meeting_at].claim.end <= oldest)
		host->meeting_at++;
	for (size_t i = host->meeting_at;
		 i < host->nmeetings && host->meetings[i].claim.start < widened.end; i++)
	{
		const Meeting *meeting = &host->meetings[i];

		if (meeting->claim.end <= widened.start)
			continue;
		if (meeting->during.start != slot.start || meeting->during.end != slot.end)
			return true;
		*joined = meeting;
	}
	return false;
}

bool
host_is_free(HostTime *host, TimeRange slot, Buffers buffers, const Meeting **joined,
			 int64_t *until)
{
	TimeRange widened = { slot.start - buffers.before, slot.end + buffers.after };
	int64_t oldest = slot.start - host->longest.before;
	int64_t open_until;

	*joined = NULL;
	if (!is_open(host, slot, until))
		return false;
	open_until = *until;
	if (is_busy(host, slot, widened, oldest, until))
		return false;
	/* the last start whose slot lies before both, and what comes after it */
	if (host->nmeetings == 0 && host_has_one_buffer(host))
	{
		int64_t end =
			*until == INT64_MAX ? open_until : min_instant(open_until, *until - buffers.after);

		*until = end - (slot.end - slot.start) + 1;
		return true;
	}
	*until = slot.start + 1;
	return !meets_another(host, slot, widened, oldest, joined);
}
