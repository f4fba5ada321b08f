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

static size_t
collect(Out *out, int64_t *starts)
{
	Grid grid;
	GridStart at;
	size_t n = 0;

	grid_init(&grid, out->runs, out->hours.nruns, out->active);
	while (grid_next(&grid, &at))
		starts[n++] = at.start;
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
		.step = 15 * USECS_PER_MIN,
		.buffer_before = -1,
		.buffer_after = -1,
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
a_start_is_given_once_with_the_larger_buffers(void **state)
{
	StartRun runs[] = { { 0, 100, 10, 1, 5 }, { 5, 100, 15, 4, 2 }, { 20, 21, 10, 0, 9 } };
	size_t active[3];
	Grid grid;
	GridStart at;
	int64_t last = -1;
	size_t n = 0;

	(void) state;
	grid_init(&grid, runs, 3, active);
	while (grid_next(&grid, &at))
	{
		assert_true(at.start > last);
		last = at.start;
		n++;
		if (at.start == 20)
		{
			assert_int_equal(at.buffer_before, 4);
			assert_int_equal(at.buffer_after, 9);
		}
	}
	/* 0, 10, … 90 and 5, 20, 35, 50, 65, 80, 95 have 20, 50 and 80 in common */
	assert_int_equal(n, 10 + 7 - 3);
}

static void
a_floor_beyond_the_end_ends_the_grid(void **state)
{
	StartRun runs[] = { { 0, 100, 10, 0, 0 }, { 50, 200, 7, 0, 0 } };
	size_t active[2];
	Grid grid;
	GridStart at;

	(void) state;
	grid_init(&grid, runs, 2, active);
	assert_true(grid_next(&grid, &at));
	grid.floor = INT64_MAX;
	assert_false(grid_next(&grid, &at));
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
is_free(const TimeRange *open, size_t nopen, const TimeRange *busy, size_t nbusy,
		const GridStart *at, int64_t length)
{
	bool fits = false;

	for (size_t i = 0; i < nopen; i++)
		fits |= open[i].start <= at->start && at->start + length <= open[i].end;
	for (size_t i = 0; i < nbusy; i++)
		fits &= !intervals_overlap(busy[i], (TimeRange) { at->start - at->buffer_before,
														  at->start + length + at->buffer_after });
	return fits;
}

static void
the_sweep_finds_what_a_search_finds(void **state)
{
	(void) state;
	for (int try = 0; try < 20000; try++)
	{
		TimeRange open[6];
		TimeRange busy[12];
		StartRun runs[2] = {
			{ random_below(20), 400, 1 + random_below(9), random_below(12), random_below(12) },
			{ 20 + random_below(90), 300, 1 + random_below(9), random_below(12), random_below(12) }
		};
		StartRun copies[2] = { runs[0], runs[1] };
		size_t active[2];
		int64_t length = 1 + random_below(20);
		HostTime host = {
			.open = open, .nopen = random_set(open, 6), .busy = busy, .nbusy = random_set(busy, 12)
		};
		Grid every;
		Grid swept;
		GridStart at;
		GridStart hit;

		host_time_init(&host, runs, 2);
		grid_init(&every, copies, 2, active);
		{
			size_t swept_active[2];

			grid_init(&swept, runs, 2, swept_active);
			while (grid_next(&every, &at))
			{
				bool found = false;

				if (!is_free(open, host.nopen, busy, host.nbusy, &at, length))
					continue;
				while (!found && grid_next(&swept, &hit))
				{
					const Meeting *joined;
					int64_t again = 0;

					found = host_is_free(&host, &hit, length, &joined, &again);
					if (!found)
						swept.floor = max_instant(swept.floor, again);
				}
				assert_true(found);
				assert_int_equal(hit.start, at.start);
				assert_int_equal(hit.buffer_before, at.buffer_before);
			}
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skipped_minutes_do_not_exist),
		cmocka_unit_test(repeated_minutes_are_there_twice),
		cmocka_unit_test(a_start_is_given_once_with_the_larger_buffers),
		cmocka_unit_test(a_floor_beyond_the_end_ends_the_grid),
		cmocka_unit_test(the_sweep_finds_what_a_search_finds),
	};

	random_state = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
