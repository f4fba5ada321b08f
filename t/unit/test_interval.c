/*
 * Sets of time ranges: every operation against a bitmap of small instants, and the edges by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/interval.h"

#define SPACE 64
#define TRIES 20000

static uint64_t random_state;

static int
random_below(int n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (int) ((random_state >> 33) % (uint64_t) n);
}

static void
paint(const TimeRange *v, size_t n, bool *bits)
{
	memset(bits, 0, SPACE * sizeof(bool));
	for (size_t i = 0; i < n; i++)
		for (int64_t t = v[i].start; t < v[i].end; t++)
			bits[t] = true;
}

/* Ranges in any order, overlapping, touching, empty and reversed ones among them. */
static size_t
random_ranges(TimeRange *v)
{
	size_t n = (size_t) random_below(8);

	for (size_t i = 0; i < n; i++)
	{
		v[i].start = random_below(SPACE);
		v[i].end = v[i].start + random_below(12) - 1;
		if (v[i].end > SPACE)
			v[i].end = SPACE;
	}
	return n;
}

static void
assert_is_set(const TimeRange *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		assert_true(v[i].start < v[i].end);
		if (i > 0)
			assert_true(v[i - 1].end < v[i].start);
	}
}

static void
merge_keeps_the_instants(void **state)
{
	(void) state;
	for (int try = 0; try < TRIES; try++)
	{
		TimeRange v[8];
		bool before[SPACE];
		bool after[SPACE];
		size_t n = random_ranges(v);

		paint(v, n, before);
		n = interval_merge(v, n);
		assert_is_set(v, n);
		paint(v, n, after);
		assert_memory_equal(before, after, sizeof(before));
	}
}

static void
union_is_the_merge_of_both(void **state)
{
	(void) state;
	for (int try = 0; try < TRIES; try++)
	{
		TimeRange a[8];
		TimeRange b[8];
		TimeRange both[16];
		TimeRange out[16];
		size_t na = random_ranges(a);
		size_t nb = random_ranges(b);
		size_t n;

		interval_sort(a, na);
		interval_sort(b, nb);
		memcpy(both, a, na * sizeof(TimeRange));
		memcpy(both + na, b, nb * sizeof(TimeRange));
		n = interval_union(a, na, b, nb, out);
		assert_int_equal(n, interval_merge(both, na + nb));
		for (size_t i = 0; i < n; i++)
			assert_true(out[i].start == both[i].start && out[i].end == both[i].end);
	}
}

static void
subtract_and_intersect_are_those_of_sets(void **state)
{
	(void) state;
	for (int try = 0; try < TRIES; try++)
	{
		TimeRange a[8];
		TimeRange b[8];
		TimeRange out[16];
		bool in_a[SPACE];
		bool in_b[SPACE];
		bool in_out[SPACE];
		size_t na = interval_merge(a, random_ranges(a));
		size_t nb = interval_merge(b, random_ranges(b));
		size_t n = interval_subtract(a, na, b, nb, out);

		paint(a, na, in_a);
		paint(b, nb, in_b);
		paint(out, n, in_out);
		assert_is_set(out, n);
		for (int t = 0; t < SPACE; t++)
			assert_int_equal(in_out[t], in_a[t] && !in_b[t]);
		n = interval_intersect(a, na, b, nb, out);
		paint(out, n, in_out);
		for (int t = 0; t < SPACE; t++)
			assert_int_equal(in_out[t], in_a[t] && in_b[t]);
	}
}

static void
touching_ranges_join(void **state)
{
	TimeRange v[] = { { 5, 9 }, { 0, 5 }, { 20, 20 }, { 9, 10 } };

	(void) state;
	assert_int_equal(interval_merge(v, 4), 1);
	assert_int_equal(v[0].start, 0);
	assert_int_equal(v[0].end, 10);
}

static void
empty_sets_are_taken(void **state)
{
	TimeRange one[] = { { 1, 2 } };
	TimeRange out[2];

	(void) state;
	assert_int_equal(interval_merge(NULL, 0), 0);
	assert_int_equal(interval_subtract(one, 1, NULL, 0, out), 1);
	assert_int_equal(interval_subtract(NULL, 0, one, 1, out), 0);
	assert_int_equal(interval_intersect(one, 1, NULL, 0, out), 0);
}

static void
half_open_ranges_that_touch_do_not_overlap(void **state)
{
	(void) state;
	assert_false(intervals_overlap((TimeRange) { 0, 5 }, (TimeRange) { 5, 9 }));
	assert_true(intervals_overlap((TimeRange) { 0, 6 }, (TimeRange) { 5, 9 }));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merge_keeps_the_instants),
		cmocka_unit_test(union_is_the_merge_of_both),
		cmocka_unit_test(subtract_and_intersect_are_those_of_sets),
		cmocka_unit_test(touching_ranges_join),
		cmocka_unit_test(empty_sets_are_taken),
		cmocka_unit_test(half_open_ranges_that_touch_do_not_overlap),
	};

	random_state = 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
