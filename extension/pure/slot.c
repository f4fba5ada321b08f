/*
 * The grid of starts and a host's free time; the words are in slot.h. Nothing is allocated here.
 */
#include "pure/slot.h"

void
grid_init(Grid *grid, StartRun *runs, size_t nruns, size_t *active)
{
	*grid = (Grid) { .runs = runs, .nruns = nruns, .active = active, .floor = INT64_MIN };
}

/* Moves a run up to the floor; false if nothing of it is left. */
static inline bool
raise_run(StartRun *run, int64_t floor)
{
	if (floor >= run->limit)
		return false;
	if (run->first < floor)
		run->first += (floor - run->first + run->step - 1) / run->step * run->step;
	return run->first < run->limit;
}

/* Drops finished runs, activates those that begin by the earliest start; returns that start, INT64_MAX at the end. */
static int64_t
earliest_start(Grid *grid)
{
	int64_t earliest = INT64_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < grid->nactive; i++)
	{
		StartRun *run = &grid->runs[grid->active[i]];

		if (!raise_run(run, grid->floor))
			continue;
		grid->active[kept++] = grid->active[i];
		earliest = min_instant(earliest, run->first);
	}
	grid->nactive = kept;
	while (grid->next < grid->nruns && grid->runs[grid->next].first <= earliest)
	{
		StartRun *run = &grid->runs[grid->next];

		if (raise_run(run, grid->floor))
		{
			grid->active[grid->nactive++] = grid->next;
			earliest = min_instant(earliest, run->first);
		}
		grid->next++;
	}
	return earliest;
}

bool
grid_next(Grid *grid, GridStart *out)
{
	int64_t start = earliest_start(grid);

	if (start == INT64_MAX)
		return false;
	*out = (GridStart) { .start = start };
	for (size_t i = 0; i < grid->nactive; i++)
	{
		const StartRun *run = &grid->runs[grid->active[i]];

		if (run->first != start)
			continue;
		out->buffer_before = max_instant(out->buffer_before, run->buffer_before);
		out->buffer_after = max_instant(out->buffer_after, run->buffer_after);
	}
	grid->floor = start + 1;
	return true;
}

void
host_time_init(HostTime *host, const StartRun *runs, size_t nruns)
{
	host->open_at = host->busy_at = host->meeting_at = 0;
	host->longest_before = 0;
	host->shortest_before = host->shortest_after = nruns == 0 ? 0 : INT64_MAX;
	for (size_t i = 0; i < nruns; i++)
	{
		host->longest_before = max_instant(host->longest_before, runs[i].buffer_before);
		host->shortest_before = min_instant(host->shortest_before, runs[i].buffer_before);
		host->shortest_after = min_instant(host->shortest_after, runs[i].buffer_after);
	}
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

static bool
is_open(HostTime *host, TimeRange slot, int64_t *again)
{
	if (!set_contains(host->open, host->nopen, &host->open_at, slot.start, again))
		return false;
	*again = host->open[host->open_at].end;
	return slot.end <= *again;
}

/*
 * Busy time that even the shortest buffers would meet is left behind at once; otherwise the next start, which may have
 * shorter ones, is worth asking.
 */
static bool
is_busy(HostTime *host, TimeRange slot, TimeRange widened, int64_t oldest, int64_t *again)
{
	while (host->busy_at < host->nbusy && host->busy[host->busy_at].end <= oldest)
		host->busy_at++;
	for (size_t i = host->busy_at; i < host->nbusy && host->busy[i].start < widened.end; i++)
		if (host->busy[i].end > widened.start)
		{
			*again = host->busy[i].start < slot.end + host->shortest_after
						 ? host->busy[i].end + host->shortest_before
						 : slot.start + 1;
			return true;
		}
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
host_is_free(HostTime *host, const GridStart *at, int64_t duration, const Meeting **joined,
			 int64_t *again)
{
	TimeRange slot = { at->start, at->start + duration };
	TimeRange widened = { slot.start - at->buffer_before, slot.end + at->buffer_after };
	int64_t oldest = slot.start - host->longest_before;

	*joined = NULL;
	if (!is_open(host, slot, again) || is_busy(host, slot, widened, oldest, again))
		return false;
	*again = slot.start + 1;
	return !meets_another(host, slot, widened, oldest, joined);
}
