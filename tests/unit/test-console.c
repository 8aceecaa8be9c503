/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "partition/console.h"

#define SECOND 1000000000ULL

static bool take(struct ins_escape *escape, const char *typed, uint64_t now)
{
	return ins_escape_take(escape, typed, strlen(typed), now);
}

static void three_times(void **state)
{
	struct ins_escape escape = {};

	(void)state;
	assert_false(take(&escape, "\x1d", 5 * SECOND));
	assert_false(take(&escape, "\x1d", 5 * SECOND + 1));
	assert_true(take(&escape, "\x1d", 6 * SECOND));
	escape = (struct ins_escape){};
	assert_true(take(&escape, "what comes before is not looked at\x1d\x1d\x1d", 0));
}

static void not_in_a_row(void **state)
{
	struct ins_escape escape = {};

	(void)state;
	assert_false(take(&escape, "\x1d\x1dx\x1d\x1d", 0));
	assert_false(take(&escape, "x", 1));
	assert_false(take(&escape, "\x1d\x1d", 2));
	assert_true(take(&escape, "\x1d", 3));
}

static void too_slow(void **state)
{
	struct ins_escape escape = {};

	(void)state;
	assert_false(take(&escape, "\x1d\x1d", 0));
	assert_false(take(&escape, "\x1d", SECOND + 1));
	/* That one counts as the first. */
	assert_false(take(&escape, "\x1d", SECOND + 2));
	assert_true(take(&escape, "\x1d", 2 * SECOND + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_times),
		cmocka_unit_test(not_in_a_row),
		cmocka_unit_test(too_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
