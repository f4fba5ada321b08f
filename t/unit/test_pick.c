/*
 * Round robin without a database: the order of each rule, and the fairness that pick.h promises.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pure/pick.h"

#define MOST 12

static uint64_t random_state = 1;

static int
random_below(int n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1;
	return (int) ((random_state >> 33) % (uint64_t) n);
}

static size_t
make_pool(Candidate *pool, size_t n)
{
	for (size_t i = 0; i < n; i++)
		pool[i] = (Candidate) { .position = 10 * ((int) i + 1), .priority = 2, .weight = 100 };
	return n;
}

/* Picks once and keeps the books as the ledger does. */
static size_t
pick_and_pay(Assignment rule, Candidate *pool, size_t n, int64_t pick_no)
{
	int64_t deltas[MOST];
	size_t picked = candidate_pick(rule, pool, n, 0);

	candidate_credits(rule, pool, n, picked, deltas);
	for (size_t i = 0; i < n; i++)
		pool[i].credits += deltas[i];
	pool[picked].last_pick = pick_no;
	return picked;
}

static void
the_cursor_goes_round(void **state)
{
	Candidate pool[MOST];
	size_t n = make_pool(pool, 3);

	(void) state;
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 0), 0);
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 10), 1);
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 20), 2);
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 30), 0);
	/* the member of position 20 has left, or is not free */
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 15), 1);
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool + 2, 1, 10), 0);
	assert_int_equal(candidate_pick(ASSIGN_CURSOR, pool, n, 99), 0);
}

static void
the_longest_waiting_of_the_highest_level_comes_first(void **state)
{
	Candidate pool[MOST];
	size_t n = make_pool(pool, 4);

	(void) state;
	pool[0].last_pick = 7;
	pool[1].last_pick = 3;
	pool[2].last_pick = 5;
	assert_int_equal(candidate_pick(ASSIGN_LEAST_RECENT, pool, n, 0), 3); /* never picked */
	assert_int_equal(candidate_pick(ASSIGN_LEAST_RECENT, pool, 3, 0), 1);
	pool[0].priority = pool[2].priority = 4;
	assert_int_equal(candidate_pick(ASSIGN_LEAST_RECENT, pool, n, 0), 2);
}

static void
who_is_not_of_the_highest_level_neither_gains_nor_loses(void **state)
{
	Candidate pool[MOST];
	int64_t deltas[MOST];
	size_t n = make_pool(pool, 3);

	(void) state;
	pool[1].priority = pool[2].priority = 3;
	pool[0].credits = 5000;
	pool[2].weight = 300;
	assert_int_equal(candidate_pick(ASSIGN_WEIGHTED, pool, n, 0), 2);
	candidate_credits(ASSIGN_WEIGHTED, pool, n, 2, deltas);
	assert_int_equal(deltas[0], 0);
	assert_int_equal(deltas[1], 100);
	assert_int_equal(deltas[2], -100);
}

/* Picks 1,000 times among all of a random pool: no count is ever further than one from its exact share. */
static void
every_count_is_within_one_of_its_share(void **state)
{
	(void) state;
	for (int try = 0; try < 300; try++)
	{
		Candidate pool[MOST];
		int64_t counts[MOST] = { 0 };
		size_t n = make_pool(pool, 1 + (size_t) random_below(MOST));
		int64_t weights = 0;

		for (size_t i = 0; i < n; i++)
		{
			pool[i].weight = random_below(3) == 0 ? 1 + random_below(1000) : 1 + random_below(10);
			weights += pool[i].weight;
		}
		for (int64_t pick_no = 1; pick_no <= 1000; pick_no++)
		{
			counts[pick_and_pay(ASSIGN_WEIGHTED, pool, n, pick_no)]++;
			for (size_t i = 0; i < n; i++)
				assert_true(llabs(counts[i] * weights - pick_no * pool[i].weight) < weights);
		}
	}
}

static void
equal_members_differ_by_at_most_one(void **state)
{
	const Assignment rules[] = { ASSIGN_LEAST_RECENT, ASSIGN_WEIGHTED };

	(void) state;
	for (size_t r = 0; r < 2; r++)
		for (size_t n = 1; n <= MOST; n++)
		{
			Candidate pool[MOST];
			int counts[MOST] = { 0 };

			make_pool(pool, n);
			for (int64_t pick_no = 1; pick_no <= 200; pick_no++)
				counts[pick_and_pay(rules[r], pool, n, pick_no)]++;
			for (size_t i = 0; i < n; i++)
				assert_in_range(counts[i], 200 / n, (200 + n - 1) / n);
		}
}

/* Whoever comes back from a long absence, or is new, gets a share from then on, and no more. */
static void
absence_is_not_made_up_for(void **state)
{
	const Assignment rules[] = { ASSIGN_LEAST_RECENT, ASSIGN_WEIGHTED };

	(void) state;
	for (size_t r = 0; r < 2; r++)
	{
		Candidate pool[MOST];
		int since_back = 0;
		int64_t pick_no = 0;

		make_pool(pool, 4);
		while (pick_no < 10)
			pick_and_pay(rules[r], pool, 4, ++pick_no);
		while (pick_no < 500)
			pick_and_pay(rules[r], pool, 3, ++pick_no);
		for (int i = 0; i < 40; i++)
			since_back += pick_and_pay(rules[r], pool, 4, ++pick_no) == 3;
		assert_in_range(since_back, 9, 11);
	}
}

/* Members come and go at random for long: credits stay small, the sums stay where they were, and someone is always eligible. */
static void
credits_stay_small_whoever_is_free(void **state)
{
	Candidate pool[MOST];

	(void) state;
	make_pool(pool, MOST);
	for (size_t i = 0; i < MOST; i++)
	{
		pool[i].weight = 1 + random_below(1000);
		pool[i].priority = random_below(2);
	}
	for (int64_t pick_no = 1; pick_no <= 50000; pick_no++)
	{
		Candidate present[MOST];
		size_t where[MOST];
		size_t n = 0;
		int64_t sum = 0;

		for (size_t i = 0; i < MOST; i++)
			if (random_below(3) > 0)
			{
				where[n] = i;
				present[n++] = pool[i];
			}
		if (n == 0)
			continue;
		assert_true(pick_and_pay(ASSIGN_WEIGHTED, present, n, pick_no) < n);
		for (size_t i = 0; i < n; i++)
			pool[where[i]] = present[i];
		for (size_t i = 0; i < MOST; i++)
		{
			sum += pool[i].credits;
			assert_true(llabs(pool[i].credits) < INT64_C(1000) * 1000 * MOST);
		}
		assert_int_equal(sum, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cursor_goes_round),
		cmocka_unit_test(the_longest_waiting_of_the_highest_level_comes_first),
		cmocka_unit_test(who_is_not_of_the_highest_level_neither_gains_nor_loses),
		cmocka_unit_test(every_count_is_within_one_of_its_share),
		cmocka_unit_test(equal_members_differ_by_at_most_one),
		cmocka_unit_test(absence_is_not_made_up_for),
		cmocka_unit_test(credits_stay_small_whoever_is_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
