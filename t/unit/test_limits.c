/* Promises of shim/limits.c: a limit is so many in a window, and no flood of other subjects gives a client a new one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../shim/limits.c" // NOLINT(bugprone-suspicious-include)

static void
test_so_many_in_a_window(void **state)
{
	for (int left = 29; left >= 0; left--)
	{
		LimitState taken = limit_take(LIMIT_MAGIC, "192.0.2.1", "");

		assert_true(taken.is_allowed);
		assert_int_equal(taken.remaining, left);
	}
	assert_false(limit_take(LIMIT_MAGIC, "192.0.2.1", "").is_allowed);
	assert_true(limit_take(LIMIT_MAGIC, "192.0.2.2", "").is_allowed);
}

static void
test_what_is_given_back_can_be_taken_again(void **state)
{
	for (int i = 0; i < 60; i++)
		assert_true(limit_take(LIMIT_BOOKED, "192.0.2.3", "").is_allowed);
	assert_false(limit_take(LIMIT_BOOKED, "192.0.2.3", "").is_allowed);
	limit_return(LIMIT_BOOKED, "192.0.2.3", "");
	assert_true(limit_take(LIMIT_BOOKED, "192.0.2.3", "").is_allowed);
	assert_false(limit_take(LIMIT_BOOKED, "192.0.2.3", "").is_allowed);
	limit_return(LIMIT_BOOKED, "192.0.2.4", "");
	assert_int_equal(limit_take(LIMIT_BOOKED, "192.0.2.4", "").remaining, 59);
}

/* Who asks for pages that are not there, by the hundred thousand, cannot make their longer windows be forgotten. */
static void
test_a_flood_of_pages_forgets_no_hour(void **state)
{
	char page[32];

	for (int i = 0; i < 60; i++)
		limit_take(LIMIT_BOOKED, "192.0.2.5", "");
	for (int i = 0; i < 30; i++)
		limit_take(LIMIT_MAGIC, "192.0.2.5", "");
	for (int i = 0; i < 500000; i++)
	{
		snprintf(page, sizeof(page), "1/nobody-%d", i);
		limit_take(LIMIT_PAGE, "192.0.2.5", page);
	}
	assert_false(limit_take(LIMIT_BOOKED, "192.0.2.5", "").is_allowed);
	assert_false(limit_take(LIMIT_MAGIC, "192.0.2.5", "").is_allowed);
}

static int
setup(void **state)
{
	limits_start();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_so_many_in_a_window),
		cmocka_unit_test(test_what_is_given_back_can_be_taken_again),
		cmocka_unit_test(test_a_flood_of_pages_forgets_no_hour),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
