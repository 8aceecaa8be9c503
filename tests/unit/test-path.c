/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/path.h"

static void clean(void **state)
{
	static const struct {
		const char *path, *clean;
	} cases[] = {
		{ "", "/" },
		{ "/", "/" },
		{ "//", "/" },
		{ ".", "/" },
		{ "..", "/" },
		{ "/..", "/" },
		{ "/../..", "/" },
		{ "a", "/a" },
		{ "/a/", "/a" },
		{ "/a//b/./c", "/a/b/c" },
		{ "/a/b/..", "/a" },
		{ "/a/b/../..", "/" },
		{ "/a/b/../../..", "/" },
		{ "/proc/../proc/sys", "/proc/sys" },
		{ "/a/..b/...", "/a/..b/..." },
		{ "./a", "/a" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char buffer[64];
		int n = ins_path_clean(cases[i].path, buffer, sizeof(buffer));

		assert_string_equal(buffer, cases[i].clean);
		assert_int_equal(n, strlen(cases[i].clean));
	}
}

static void room(void **state)
{
	char buffer[4];

	(void)state;
	assert_int_equal(ins_path_clean("/ab", buffer, sizeof(buffer)), 3);
	assert_int_equal(ins_path_clean("/abc", buffer, sizeof(buffer)), -ENAMETOOLONG);
	assert_int_equal(ins_path_clean("/a/b", buffer, sizeof(buffer)), -ENAMETOOLONG);
	assert_int_equal(ins_path_clean("/a/..//b", buffer, sizeof(buffer)), 2);
	assert_int_equal(ins_path_clean("/", buffer, 1), -ENAMETOOLONG);
	assert_int_equal(ins_path_clean("/", buffer, 2), 1);
}

static void below(void **state)
{
	(void)state;
	assert_true(ins_path_is_below("/proc", "/proc"));
	assert_true(ins_path_is_below("/proc/sys", "/proc"));
	assert_false(ins_path_is_below("/process", "/proc"));
	assert_false(ins_path_is_below("/pro", "/proc"));
	assert_false(ins_path_is_below("/", "/proc"));
	assert_true(ins_path_is_below("/", "/"));
	assert_true(ins_path_is_below("/a", "/"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean),
		cmocka_unit_test(room),
		cmocka_unit_test(below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
