/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics as JSON: the names and the nesting that callers of runc decode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "guest/stats.h"

static void expect(const struct ins_cgroup_stats *stats, const struct ins_net_counters *interfaces,
	size_t n, const char *data)
{
	struct ins_error err = { 0 };
	char expected[4096], *text = NULL;

	assert_int_equal(ins_stats_emit("c1", stats, interfaces, n, &text, &err), 0);
	snprintf(expected, sizeof(expected), "{\"type\":\"stats\",\"id\":\"c1\",\"data\":{%s}}",
		data);
	assert_string_equal(text, expected);
	free(text);
}

static void test_nothing(void **data)
{
	const struct ins_cgroup_stats stats = { .n_huge = 0 };

	(void)data;
	expect(&stats, NULL, 0, "");
}

static void test_cpu(void **data)
{
	struct ins_cgroup_stats stats = {
		.cpu = { .present = true, .usage = 3, .user = 1, .system = 2 },
	};

	(void)data;
	expect(&stats, NULL, 0,
		"\"cpu\":{\"usage\":{\"total\":3000,\"kernel\":2000,\"user\":1000}}");
	stats.cpu.has_throttling = true;
	stats.cpu.periods = 7;
	stats.cpu.throttled_periods = 6;
	stats.cpu.throttled = 5;
	stats.cpu.pressure.some = (struct ins_pressure_line){
		.present = true, .average = { 5, 1234, 10000 }, .total = 9
	};
	expect(&stats, NULL, 0,
		"\"cpu\":{\"usage\":{\"total\":3000,\"kernel\":2000,\"user\":1000},"
		"\"throttling\":{\"periods\":7,\"throttledPeriods\":6,\"throttledTime\":5000},"
		"\"psi\":{\"some\":{\"avg10\":0.05,\"avg60\":12.34,\"avg300\":100.00,\"total\":9}}"
		"}");
}

static void test_memory(void **data)
{
	const struct ins_stat_value values[] = { { "anon", 1 }, { "file", 2 } };
	struct ins_cgroup_stats stats = {
		.memory = { .present = true,
			.usage = 10,
			.limit = INS_STAT_UNLIMITED,
			.max = 3,
			.oom_kill = 1,
			.n_values = 2,
			.values = values },
	};

	(void)data;
	expect(&stats, NULL, 0,
		"\"memory\":{\"cache\":2,"
		"\"usage\":{\"limit\":18446744073709551615,\"usage\":10,\"failcnt\":3},"
		"\"raw\":{\"anon\":1,\"file\":2},"
		"\"event_count\":{\"low\":0,\"high\":0,\"max\":3,\"oom\":0,\"oom_kill\":1}}");
	stats.memory.n_values = 0;
	stats.memory.peak = 11;
	stats.memory.limit = 20;
	stats.memory.has_swap = true;
	stats.memory.swap_usage = 5;
	stats.memory.swap_limit = 6;
	expect(&stats, NULL, 0,
		"\"memory\":{\"usage\":{\"limit\":20,\"usage\":10,\"max\":11,\"failcnt\":3},"
		"\"swap\":{\"limit\":26,\"usage\":15,\"failcnt\":0},\"raw\":{},"
		"\"event_count\":{\"low\":0,\"high\":0,\"max\":3,\"oom\":0,\"oom_kill\":1}}");
}

static void test_lists(void **data)
{
	const struct ins_io_stat devices[] = {
		{ .major = 8, .read_bytes = 1, .write_bytes = 2, .discard_bytes = 3, .reads = 4 },
	};
	const struct ins_cgroup_stats stats = {
		.cpuset = { .present = true, .cpus = "0-2,7", .mems = "" },
		.pids = { .present = true, .current = 2, .limit = INS_STAT_UNLIMITED },
		.io = { .present = true, .n = 1, .v = devices },
		.n_huge = 2,
		.huge = { { .size = "2MB", .usage = 1 }, { .size = "1GB", .failures = 2 } },
	};

	(void)data;
	expect(&stats, NULL, 0,
		"\"cpuset\":{\"cpus\":[0,1,2,7],\"mems\":[]},\"pids\":{\"current\":2},"
		"\"blkio\":{\"ioServiceBytesRecursive\":["
		"{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":1},"
		"{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":2},"
		"{\"major\":8,\"minor\":0,\"op\":\"Discard\",\"value\":3}],"
		"\"ioServicedRecursive\":["
		"{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":4},"
		"{\"major\":8,\"minor\":0,\"op\":\"Write\",\"value\":0},"
		"{\"major\":8,\"minor\":0,\"op\":\"Discard\",\"value\":0}]},"
		"\"hugetlb\":{\"2MB\":{\"usage\":1,\"failcnt\":0},\"1GB\":{\"usage\":0,\"failcnt\":"
		"2}}");
}

/* The names are the guest's, and may hold what JSON does not. */
static void test_interfaces(void **data)
{
	const struct ins_cgroup_stats stats = { .n_huge = 0 };
	const struct ins_net_counters interfaces[] = {
		{ .name = "a\"\\\x01\xff", .received = { 1, 2, 3, 4 }, .sent = { 5, 6, 7, 8 } },
	};

	(void)data;
	expect(&stats, interfaces, 1,
		"\"network_interfaces\":[{\"Name\":\"a\\\"\\\\??\","
		"\"RxBytes\":1,\"RxPackets\":2,\"RxErrors\":3,\"RxDropped\":4,"
		"\"TxBytes\":5,\"TxPackets\":6,\"TxErrors\":7,\"TxDropped\":8}]");
	expect(&stats, interfaces, 0, "\"network_interfaces\":[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_interfaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
