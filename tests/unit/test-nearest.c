/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/nearest.h"

static const char *nearest_of(const char *word)
{
	static const char *const words[] = { "network", "mount", "CAP_SYS_ADMIN", "CAP_KILL",
		"CAP_CHOWN", "RLIMIT_AS", "RLIMIT_NOFILE", "mounts", "up" };
	struct ins_nearest nearest = { .word = word };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		ins_nearest_offer(&nearest, words[i]);
	return nearest.best;
}

static void alike(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("netwrok"), "network");
	assert_string_equal(nearest_of("mont"), "mount");
	/* One change, though it is two letters. */
	assert_string_equal(nearest_of("muont"), "mount");
	assert_string_equal(nearest_of("CAP_KLIL"), "CAP_KILL");
	assert_string_equal(nearest_of("mountss"), "mounts");
	assert_string_equal(nearest_of("MOUNTS"), "mounts");
	assert_string_equal(nearest_of("CAP_SYSADMIN"), "CAP_SYS_ADMIN");
	assert_string_equal(nearest_of("cap_kil"), "CAP_KILL");
}

/* What many words begin with makes none of them likely. */
static void not_alike(void **state)
{
	char longest[200] = { 0 };

	(void)state;
	assert_null(nearest_of(""));
	assert_null(nearest_of("x"));
	assert_null(nearest_of("ip"));
	assert_null(nearest_of("RLIMIT_X"));
	assert_null(nearest_of("CAP_FLY"));
	assert_null(nearest_of("cgroup"));
	memset(longest, 'm', sizeof(longest) - 1);
	assert_null(nearest_of(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike),
		cmocka_unit_test(not_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
