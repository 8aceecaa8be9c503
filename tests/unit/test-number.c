/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "insula.h"

static void decimal(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "010", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "\xd9\xa1", -EINVAL, 0 },
		{ NULL, -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t value = 77;

		assert_int_equal(ins_number_u64(cases[i].text, 0, UINT64_MAX, &value), cases[i].r);
		assert_int_equal(value, cases[i].r == 0 ? cases[i].value : 77);
	}
}

static void ranges(void **state)
{
	uint64_t u = 77;
	int64_t i = 77;

	(void)state;
	assert_int_equal(ins_number_u64("4", 5, 7, &u), -ERANGE);
	assert_int_equal(ins_number_u64("8", 5, 7, &u), -ERANGE);
	assert_int_equal(u, 77);
	assert_int_equal(ins_number_u64("5", 5, 7, &u), 0);
	assert_int_equal(ins_number_u64("7", 5, 7, &u), 0);
	assert_int_equal(ins_number_i64("-1001", -1000, 1000, &i), -ERANGE);
	assert_int_equal(i, 77);
	assert_int_equal(ins_number_i64("-1000", -1000, 1000, &i), 0);
	assert_int_equal(i, -1000);
	assert_int_equal(ins_number_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(ins_number_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &i), -ERANGE);
	assert_int_equal(ins_number_i64("9223372036854775807", INT64_MIN, INT64_MAX, &i), 0);
	assert_int_equal(ins_number_i64("9223372036854775808", INT64_MIN, INT64_MAX, &i), -ERANGE);
	assert_int_equal(ins_number_i64("-", INT64_MIN, INT64_MAX, &i), -EINVAL);
	assert_int_equal(ins_number_i64("--1", INT64_MIN, INT64_MAX, &i), -EINVAL);
	assert_int_equal(ins_number_i64(NULL, INT64_MIN, INT64_MAX, &i), -EINVAL);
}

static void users(void **state)
{
	static const char *const refused[] = {
		"",
		":",
		"1:",
		":1",
		"-1",
		"root",
		"1:root",
		"1:2:3",
		"1 :2",
		"1: 2",
		"4294967296",
		"4294967295",
		"1:4294967295",
		"1:-1",
		"0x1",
		"1;2",
		"01",
	};
	uint32_t uid = 77, gid = 77;
	bool has_gid = false;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
		assert_true(ins_user_parse(refused[i], &uid, &has_gid, &gid) < 0);
	assert_true(ins_user_parse(NULL, &uid, &has_gid, &gid) < 0);
	assert_int_equal(uid, 77);
	assert_int_equal(ins_user_parse("1", &uid, &has_gid, &gid), 0);
	assert_int_equal(uid, 1);
	assert_false(has_gid);
	assert_int_equal(ins_user_parse("3000000000:4294967294", &uid, &has_gid, &gid), 0);
	assert_true(has_gid);
	assert_true(uid == 3000000000U && gid == 4294967294U);
	assert_int_equal(ins_id_parse("0", &uid), 0);
	assert_int_equal(uid, 0);
	assert_int_equal(ins_id_parse("4294967295", &uid), -ERANGE);
	assert_int_equal(ins_id_parse(NULL, &uid), -EINVAL);
}

static void signals(void **state)
{
	static const struct {
		const char *text;
		int number;
	} cases[] = {
		{ "TERM", SIGTERM },
		{ "SIGTERM", SIGTERM },
		{ "sigterm", SIGTERM },
		{ "Kill", SIGKILL },
		{ "9", SIGKILL },
		{ "0", 0 },
		{ "64", 64 },
		{ "65", -EINVAL },
		{ "-9", -EINVAL },
		{ "09", -EINVAL },
		{ "RTMIN", 34 },
		{ "SIGRTMIN+3", 37 },
		{ "rtmin+30", 64 },
		{ "RTMIN+31", -EINVAL },
		{ "RTMIN-1", -EINVAL },
		{ "RTMIN+", -EINVAL },
		{ "RTMIN+-1", -EINVAL },
		{ "RTMIN3", -EINVAL },
		{ "RTMAX", 64 },
		{ "SIGRTMAX-30", 34 },
		{ "RTMAX+1", -EINVAL },
		{ "IO", SIGIO },
		{ "POLL", SIGPOLL },
		{ "CLD", SIGCHLD },
		{ "SIG", -EINVAL },
		{ "SIGSIGTERM", -EINVAL },
		{ "SIG15", -EINVAL },
		{ "TERMX", -EINVAL },
		{ " TERM", -EINVAL },
		{ "", -EINVAL },
		{ NULL, -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(ins_signal_parse(cases[i].text), cases[i].number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimal),
		cmocka_unit_test(ranges),
		cmocka_unit_test(users),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
