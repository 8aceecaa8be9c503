/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/big.h"
#include "test-spec.h"

static void check_mark(const char *text, const char *expected)
{
	cleanup_free char *marked = NULL;
	size_t size = 0;

	assert_int_equal(ins_big_mark(text, strlen(text), &marked, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(marked, expected, size);
}

static void mark(void **state)
{
	(void)state;
	check_mark("", "");
	check_mark("[1]", "[1]");
	check_mark("9223372036854775807", "9223372036854775807");
	check_mark("9223372036854775808", "\"\\u0001u64:9223372036854775808\"");
	check_mark("[18446744073709551615,1]", "[\"\\u0001u64:18446744073709551615\",1]");
	check_mark("18446744073709551616", "18446744073709551616");
	check_mark("-9223372036854775809", "-9223372036854775809");
	check_mark("9223372036854775808.0", "9223372036854775808.0");
	check_mark("9223372036854775808e1", "9223372036854775808e1");
	check_mark("\"18446744073709551615\"", "\"18446744073709551615\"");
	check_mark("\"\\\"18446744073709551615\"", "\"\\\"18446744073709551615\"");
	check_mark("\"\\\\\"18446744073709551615", "\"\\\\\"\"\\u0001u64:18446744073709551615\"");
	/* What is not closed. */
	check_mark("\"18446744073709551615", "\"18446744073709551615");
	check_mark("\"\\", "\"\\");
}

static void check_unmark(const char *text, const char *expected)
{
	cleanup_free char *copy = strdup(text);

	assert_non_null(copy);
	ins_big_unmark(copy);
	assert_string_equal(copy, expected);
}

static void unmark(void **state)
{
	(void)state;
	check_unmark("{\"a\":\"b\"}", "{\"a\":\"b\"}");
	check_unmark("[\"\\u0001u64:18446744073709551615\",1]", "[18446744073709551615,1]");
	check_unmark("{\"\\u0001u64:18446744073709551615\":1}",
		"{\"\\u0001u64:18446744073709551615\":1}");
	check_unmark("[\"\\u0001u64:5\"]", "[\"\\u0001u64:5\"]");
	check_unmark("[\"\\u0001u64:\"]", "[\"\\u0001u64:\"]");
	check_unmark(
		"[\"\\u0001u64:1844674407370955161x\"]", "[\"\\u0001u64:1844674407370955161x\"]");
}

static void exact(void **state)
{
	struct ins_spec *spec = parse_process(
		PROCESS(",'rlimits':[{'type':'RLIMIT_NOFILE','soft':9223372036854775808,"
			"'hard':18446744073709551615}]"));

	(void)state;
	assert_true(spec->process.rlimits[0].soft == UINT64_C(9223372036854775808));
	assert_true(spec->process.rlimits[0].hard == UINT64_MAX);
	assert_string_equal(spec->process_json,
		"{\"cwd\":\"/\",\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
		"\"soft\":9223372036854775808,\"hard\":18446744073709551615}]}");
	ins_spec_free(spec);
}

/* A large number where none, or a smaller one, belongs; and what looks like one of ours. */
static void misplaced(void **state)
{
	(void)state;
	refuse_process(PROCESS(",'user':{'uid':18446744073709551615,'gid':0}"),
		"process.user.uid: 18446744073709551615 is not in the range 0 to 4294967294");
	refuse_process("{'cwd':18446744073709551615,'args':['a']}",
		"process.cwd: expected a string, not an integer");
	refuse_process(PROCESS(",'terminal':18446744073709551615"),
		"process.terminal: expected a boolean, not an integer");
	refuse_process("{'cwd':'/','args':['\\u0001u64:18446744073709551615']}",
		"process.args[0]: expected a string, not an integer");
	refuse(RESOURCES("'memory':{'limit':18446744073709551615}"),
		"linux.resources.memory.limit: 18446744073709551615 is not in the range "
		"-1 to 9223372036854775807");
	refuse_process(PROCESS(",'rlimits':[{'type':'RLIMIT_AS','soft':18446744073709551616,"
			       "'hard':0}]"),
		"line 1, column 82: too big integer near '18446744073709551616'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mark),
		cmocka_unit_test(unmark),
		cmocka_unit_test(exact),
		cmocka_unit_test(misplaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
