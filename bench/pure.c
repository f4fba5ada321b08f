/*
 * The pure part alone: a host-month in memory -> slots.
 *
 * One host, Europe/Berlin in winter (one offset), Monday to Friday 09:00 to 17:00, 31 days from a Monday, four busy
 * blocks of 30 minutes a day, slots of 30 minutes on a grid of 15. One run does what compute_slots does between its
 * reads and its rows: hours from rules, busy time sorted and merged, blocks taken out, the sweep over the grid. The
 * busy blocks come unsorted, as a table gives them.
 *
 * Prints "SCALED MEASURED CALIBRATION REFERENCE SLOTS": the median run's microseconds on the reference machine and here,
 * the calibration loop's milliseconds here and on the reference machine (bench/README.md), how many slots were found.
 * SCALED = MEASURED * REFERENCE / CALIBRATION. The calibration is timed in between the samples, and its median counts.
 */
#include "pure/hours.h"
#include "pure/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS 31
#define BLOCKS_A_DAY 4
#define NBUSY ((size_t) DAYS * BLOCKS_A_DAY)
#define CAPACITY 512
#define RUNS_A_SAMPLE 100
#define SAMPLES 1000
#define SAMPLES_A_CALIBRATION 20
#define CALIBRATIONS (SAMPLES / SAMPLES_A_CALIBRATION)

/* The median calibration on the reference machine while nothing else ran. */
#define REFERENCE_MS 3.60

static const int64_t minutes_30 = 30 * USECS_PER_MIN;

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e6 + (double) t.tv_nsec / 1e3;
}

/* Dependent integer arithmetic and loads from a table of 32 kB: work of the kind that the sweep does. */
static double
calibrate_ms(void)
{
	static uint32_t table[8192];
	double begin;
	uint32_t x = 2463534242u;
	volatile uint32_t result;

	for (uint32_t i = 0; i < 8192; i++)
		table[i] = i * 2654435761u;
	begin = now_us();
	for (int i = 0; i < 1000000; i++)
	{
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		x += table[x & 8191];
		if (x & 1)
			table[x >> 19] ^= x;
	}
	result = x;
	(void) result;
	return (now_us() - begin) / 1e3;
}

typedef struct Month
{
	ZoneSpan span;
	WeeklyRule rules[5];
	TimeRange busy[NBUSY];
	TimeRange range;
} Month;

static void
make_month(Month *month)
{
	int64_t first_day = 9872 * USECS_IN_DAY; /* Monday 2027-01-11 */

	month->range = (TimeRange) { first_day, first_day + DAYS * USECS_IN_DAY };
	month->span = (ZoneSpan) { month->range.start - HOURS_MARGIN,
							   month->range.end + minutes_30 + HOURS_MARGIN, 60 * USECS_PER_MIN };
	for (int d = 0; d < 5; d++)
		month->rules[d] = (WeeklyRule) { d + 1, 9 * 60, 17 * 60, { 0, 0 } };
	srand(42);
	for (size_t i = 0; i < NBUSY; i++)
	{
		int64_t day = first_day + (int64_t) (i / BLOCKS_A_DAY) * USECS_IN_DAY;
		int64_t half_hour = 16 + 4 * (int64_t) (i % BLOCKS_A_DAY) + rand() % 4;

		month->busy[i].start = day + half_hour * minutes_30;
		month->busy[i].end = month->busy[i].start + minutes_30;
	}
	for (size_t i = NBUSY - 1; i > 0; i--)
	{
		size_t j = (size_t) rand() % (i + 1);
		TimeRange swap = month->busy[i];

		month->busy[i] = month->busy[j];
		month->busy[j] = swap;
	}
}

/* Returns the number of slots; the starts go into out. */
static size_t
find_slots(const Month *month, int64_t *out)
{
	TimeRange arrays[4][CAPACITY];
	StartRun runs[CAPACITY];
	GridRun grid_runs[CAPACITY];
	size_t active[CAPACITY];
	unsigned char replaced[64];
	Hours hours = { .open = arrays[0], .blocked = arrays[1], .runs = runs };
	HoursInput in = { .spans = &month->span,
					  .nspans = 1,
					  .rules = month->rules,
					  .nrules = 5,
					  .range = month->range,
					  .open_until = month->range.end + minutes_30,
					  .step = 15 * USECS_PER_MIN,
					  .buffers = { -1, -1 } };
	HostTime host = { .open = arrays[2], .busy = arrays[3] };
	Grid grid;
	TimeRange slot;
	size_t n = 0;

	hours_expand(&in, replaced, &hours);
	host.nopen =
		interval_subtract(hours.open, hours.nopen, hours.blocked, hours.nblocked, arrays[2]);
	memcpy(arrays[3], month->busy, sizeof(month->busy));
	host.nbusy = interval_merge(arrays[3], NBUSY);
	host_time_init(&host, hours.runs, hours.nruns, in.step, (Buffers) { 0, 0 });
	grid_init(&grid, grid_runs, grid_add(grid_runs, 0, hours.runs, hours.nruns, in.step), active,
			  in.step);
	while (grid_next(&grid, &slot.start))
	{
		const Meeting *joined;
		int64_t until;

		slot.end = slot.start + minutes_30;
		if (host_is_free(&host, slot, host_buffers(&host, slot.start), &joined, &until))
			out[n++] = slot.start;
		else
			grid.floor = max_instant(grid.floor, until);
	}
	return n;
}

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(double), compare_doubles);
	return values[n / 2];
}

int
main(void)
{
	static Month month;
	static int64_t starts[4096];
	static double samples[SAMPLES];
	static double calibrations[CALIBRATIONS];
	double run_us;
	double calibration_ms;
	size_t n = 0;

	make_month(&month);
	for (int s = 0; s < SAMPLES; s++)
	{
		double begin;

		if (s % SAMPLES_A_CALIBRATION == 0)
			calibrations[s / SAMPLES_A_CALIBRATION] = calibrate_ms();
		begin = now_us();
		for (int i = 0; i < RUNS_A_SAMPLE; i++)
			n = find_slots(&month, starts);
		samples[s] = (now_us() - begin) / RUNS_A_SAMPLE;
	}
	run_us = median(samples, SAMPLES);
	calibration_ms = median(calibrations, CALIBRATIONS);
	printf("%.2f %.2f %.2f %.2f %zu\n", run_us * REFERENCE_MS / calibration_ms, run_us,
		   calibration_ms, REFERENCE_MS, n);
	return 0;
}
