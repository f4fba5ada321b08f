/*
 * Hours, grid and free time without a database: the nights the clocks change, runs that meet, and the sweep against a
 * search that asks every minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/slot.h"

#define HOUR (60 * USECS_PER_MIN)
#define MAX_OUT 256

typedef struct Out
{
	TimeRange open[MAX_OUT];
	TimeRange blocked[MAX_OUT];
	StartRun runs[MAX_OUT];
	GridRun grid_runs[MAX_OUT];
	size_t active[MAX_OUT];
	unsigned char replaced[64];
	Hours hours;
} Out;

static void
expand(const HoursInput *in, Out *out)
{
	out->hours = (Hours) { .open = out->open, .blocked = out->blocked, .runs = out->runs };
	assert_true(hours_capacity(in) <= MAX_OUT);
	assert_true(hours_dates(in) <= sizeof(out->replaced));
	hours_expand(in, out->replaced, &out->hours);
}

#define STEP (15 * USECS_PER_MIN)

static size_t
collect(Out *out, int64_t *starts)
{
	Grid grid;
	size_t n = 0;

	grid_init(&grid, out->grid_runs, grid_add(out->grid_runs, 0, out->runs, out->hours.nruns, STEP),
			  out->active, STEP);
	while (grid_next(&grid, &starts[n]))
		n++;
	return n;
}

/* Day 1, a Sunday, of a zone that jumps from +1 h to +2 h at 01:00 UTC: 02:00 to 03:00 local does not exist. */
static const ZoneSpan spring[] = { { -3 * USECS_IN_DAY, USECS_IN_DAY + HOUR, HOUR },
								   { USECS_IN_DAY + HOUR, 5 * USECS_IN_DAY, 2 * HOUR } };

/* The same zone going back: 02:00 to 03:00 local is there twice. */
static const ZoneSpan autumn[] = { { -3 * USECS_IN_DAY, USECS_IN_DAY + HOUR, 2 * HOUR },
								   { USECS_IN_DAY + HOUR, 5 * USECS_IN_DAY, HOUR } };

static HoursInput
sunday(const ZoneSpan *spans, const WeeklyRule *rule)
{
	return (HoursInput) {
		.spans = spans,
		.nspans = 2,
		.rules = rule,
		.nrules = 1,
		.range = { 0, 3 * USECS_IN_DAY },
		.open_until = 3 * USECS_IN_DAY + HOUR,
		.step = STEP,
		.buffers = { -1, -1 },
	};
}

static void
skipped_minutes_do_not_exist(void **state)
{
	WeeklyRule rule = { .day_of_week = 0, .start_minute = 135, .end_minute = 165 };
	HoursInput in = sunday(spring, &rule);
	Out out;

	(void) state;
	expand(&in, &out);
	assert_int_equal(out.hours.nopen, 0);
	assert_int_equal(out.hours.nruns, 0);
	rule = (WeeklyRule) { .day_of_week = 0, .start_minute = 60, .end_minute = 240 };
	expand(&in, &out);
	assert_int_equal(out.hours.nopen, 1);
	assert_int_equal(out.open[0].end - out.open[0].start, 2 * HOUR);
}

static void
repeated_minutes_are_there_twice(void **state)
{
	WeeklyRule rule = { .day_of_week = 0, .start_minute = 120, .end_minute = 180 };
	HoursInput in = sunday(autumn, &rule);
	int64_t starts[MAX_OUT];
	Out out;

	(void) state;
	expand(&in, &out);
	assert_int_equal(out.hours.nopen, 1);
	assert_int_equal(out.open[0].end - out.open[0].start, 2 * HOUR);
	assert_int_equal(collect(&out, starts), 8);
}

static void
a_start_is_given_once_however_many_hosts_have_it(void **state)
{
	/* 0, 10, … 90 of two hosts, 5, 15, … 95 of one, and a run that goes on where another has ended */
	const StartRun one[] = { { 0, 100, 0, { 0, 0 } }, { 100, 120, 100, { 0, 0 } } };
	const StartRun other[] = { { 3, 100, 5, { 0, 0 } }, { 38, 71, 40, { 0, 0 } } };
	GridRun runs[4];
	size_t active[4];
	Grid grid;
	int64_t start;
	int64_t last = -1;
	size_t n = 0;

	(void) state;
	n = grid_add(runs, 0, one, 2, 10);
	grid_init(&grid, runs, grid_add(runs, n, other, 2, 10), active, 10);
	for (n = 0; grid_next(&grid, &start); n++)
	{
		assert_true(start > last);
		last = start;
	}
	assert_int_equal(n, 12 + 10);
	assert_int_equal(last, 110);
}

static void
a_run_whose_grid_has_no_start_gives_none(void **state)
{
	const StartRun run = { 3, 7, 10, { 1, 1 } };
	GridRun runs[1];

	(void) state;
	assert_int_equal(grid_add(runs, 0, &run, 1, 10), 0);
}

static void
a_floor_beyond_the_end_ends_the_grid(void **state)
{
	const StartRun stated[] = { { 0, 100, 0, { 0, 0 } }, { 50, 200, 57, { 0, 0 } } };
	GridRun runs[2];
	size_t active[2];
	Grid grid;
	int64_t start;

	(void) state;
	grid_init(&grid, runs, grid_add(runs, 0, stated, 2, 10), active, 10);
	assert_true(grid_next(&grid, &start));
	grid.floor = INT64_MAX;
	assert_false(grid_next(&grid, &start));
}

static void
assert_buffers(Buffers actual, int64_t before, int64_t after)
{
	assert_int_equal(actual.before, before);
	assert_int_equal(actual.after, after);
}

static void
buffers_are_those_of_the_grid_or_else_of_the_hours(void **state)
{
	/* a rule from 0, one from 5, and an added override from 42, which has none of its own */
	const StartRun runs[] = { { 0, 100, 0, { 1, 5 } },
							  { 5, 60, 5, { 4, 2 } },
							  { 42, 62, 42, { 0, 0 } } };
	HostTime host = { 0 };

	(void) state;
	host_time_init(&host, runs, 3, 10, (Buffers) { 9, 9 });
	assert_buffers(host_buffers(&host, 0), 1, 5);
	assert_buffers(host_buffers(&host, 10), 1, 5); /* the second contains it, off its own grid */
	assert_buffers(host_buffers(&host, 15), 4, 2);
	assert_buffers(host_buffers(&host, 17), 4, 5); /* on no grid */
	assert_buffers(host_buffers(&host, 52), 0, 0);
	assert_buffers(host_buffers(&host, 61), 1, 5);
	assert_buffers(host_buffers(&host, 99), 1, 5);
	host_time_init(&host, runs, 0, 10, (Buffers) { 9, 8 });
	assert_buffers(host_buffers(&host, 0), 9, 8);
}

static uint64_t random_state;

static int64_t
random_below(int64_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (int64_t) (random_state >> 33) % n;
}

static size_t
random_set(TimeRange *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		v[i].start = random_below(400);
		v[i].end = v[i].start + random_below(40);
	}
	return interval_merge(v, n);
}

/* Free by the definition, asked without a sweep. */
static bool
is_free(const HostTime *host, TimeRange slot, Buffers buffers)
{
	TimeRange widened = { slot.start - buffers.before, slot.end + buffers.after };
	bool fits = false;

	for (size_t i = 0; i < host->nopen; i++)
		fits |= host->open[i].start <= slot.start && slot.end <= host->open[i].end;
	for (size_t i = 0; i < host->nbusy; i++)
		fits &= !intervals_overlap(host->busy[i], widened);
	return fits;
}

/* Two runs of one step, as if of a rule from anywhere. */
static void
random_runs(StartRun *runs, int64_t step)
{
	for (int i = 0; i < 2; i++)
	{
		int64_t start = (i == 0 ? 0 : 20) + random_below(60);

		runs[i] = (StartRun) { .start = start,
							   .end = start + random_below(400),
							   .first = start + random_below(step),
							   .buffers = { random_below(12), random_below(12) } };
		if (i == 1 && random_below(2) == 0)
			runs[1].buffers = runs[0].buffers;
	}
	if (runs[1].start < runs[0].start)
		runs[1].start = runs[0].start;
	if (runs[1].first < runs[1].start)
		runs[1].first += (runs[1].start - runs[1].first + step - 1) / step * step;
}

static void
the_sweep_finds_what_a_search_finds(void **state)
{
	size_t found = 0;

	(void) state;
	for (int try = 0; try < 20000; try++)
	{
		TimeRange open[6];
		TimeRange busy[12];
		StartRun runs[2];
		GridRun grid_runs[4];
		size_t active[4];
		int64_t step = 1 + random_below(9);
		int64_t length = 1 + random_below(20);
		HostTime host = {
			.open = open, .nopen = random_set(open, 6), .busy = busy, .nbusy = random_set(busy, 12)
		};
		HostTime searched = host;
		int64_t until = INT64_MIN;
		bool answer = false;
		Grid every;
		Grid swept;
		TimeRange slot;
		TimeRange hit;

		random_runs(runs, step);
		host_time_init(&host, runs, 2, step, (Buffers) { 0, 0 });
		host_time_init(&searched, runs, 2, step, (Buffers) { 0, 0 });
		grid_init(&every, grid_runs, grid_add(grid_runs, 0, runs, 2, step), active, step);
		grid_init(&swept, grid_runs + 2, grid_add(grid_runs + 2, 0, runs, 2, step), active + 2,
				  step);
		while (grid_next(&every, &slot.start))
		{
			bool is_hit = false;

			slot.end = slot.start + length;
			if (!is_free(&host, slot, host_buffers(&searched, slot.start)))
				continue;
			while (!is_hit && grid_next(&swept, &hit.start))
			{
				const Meeting *joined;

				hit.end = hit.start + length;
				if (hit.start >= until)
					answer =
						host_is_free(&host, hit, host_buffers(&host, hit.start), &joined, &until);
				is_hit = answer;
				if (!is_hit)
					swept.floor = max_instant(swept.floor, until);
			}
			assert_true(is_hit);
			assert_int_equal(hit.start, slot.start);
			found++;
		}
	}
	assert_true(found > 20000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skipped_minutes_do_not_exist),
		cmocka_unit_test(repeated_minutes_are_there_twice),
		cmocka_unit_test(a_start_is_given_once_however_many_hosts_have_it),
		cmocka_unit_test(a_run_whose_grid_has_no_start_gives_none),
		cmocka_unit_test(buffers_are_those_of_the_grid_or_else_of_the_hours),
		cmocka_unit_test(a_floor_beyond_the_end_ends_the_grid),
		cmocka_unit_test(the_sweep_finds_what_a_search_finds),
	};

	random_state = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
