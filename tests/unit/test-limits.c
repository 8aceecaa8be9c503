/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as files and as properties of a unit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/limits.h"
#include "cgroup/weight.h"

/* In the cgroup, for what depends on it. */
static struct ins_limits_now now;

static int set_up(void **data)
{
	(void)data;
	now = ins_limits_of_new;
	return 0;
}

static void print_property(FILE *out, const struct ins_limit_property *property)
{
	fprintf(out, " %s=", property->name);
	if (strcmp(property->type, "ay") == 0) {
		for (uint32_t i = 0; i < property->n_bytes; i++)
			fprintf(out, "%02x", property->bytes[i]);
		return;
	}
	if (strcmp(property->type, "a(st)") == 0)
		fprintf(out, "%s ", property->device);
	else
		assert_string_equal(property->type, "t");
	if (property->number == INS_LIMIT_NONE)
		fputs("infinity", out);
	else
		fprintf(out, "%llu", (unsigned long long)property->number);
}

/* Each element is a line "key file=text file=text | properties", without the beginning that all keys
 * have; "*" for what a new cgroup has. */
static void print_limit(FILE *out, const struct ins_limit *limit)
{
	static const char start[] = "linux.resources.";

	assert_memory_equal(limit->key, start, sizeof(start) - 1);
	fprintf(out, "%s%s", limit->holds_in_new ? "*" : "", limit->key + sizeof(start) - 1);
	assert_int_equal(limit->holds_in_new, limit->files.if_there);
	for (size_t i = 0; i < 2 && limit->files.v[i].name; i++)
		fprintf(out, " %s=%s", limit->files.v[i].name, limit->files.v[i].text);
	if (limit->files.usage)
		fprintf(out, " <%s", limit->files.usage);
	if (limit->properties[0].name)
		fputs(" |", out);
	for (size_t i = 0; i < INS_LIMIT_PROPERTIES && limit->properties[i].name; i++)
		print_property(out, &limit->properties[i]);
	fputc('\n', out);
}

static int convert(const char *resources, char **ret_text, struct ins_limits *ret_limits,
	struct ins_error *err)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_arena struct ins_arena *arena = NULL;
	cleanup_file FILE *out = NULL;
	size_t size;
	int r = ins_spec_resources_parse(resources, strlen(resources), &spec, err);

	if (r == 0)
		r = ins_arena_new(NULL, 1 << 20, &arena, err);
	if (r == 0)
		r = ins_limits_convert(&spec->resources, &now, arena, ret_limits, err);
	if (r < 0)
		return r;
	out = open_memstream(ret_text, &size);
	for (size_t i = 0; i < ret_limits->n; i++)
		print_limit(out, &ret_limits->v[i]);
	return 0;
}

static void expect(const char *resources, const char *lines)
{
	cleanup_free char *text = NULL;
	struct ins_limits limits;
	struct ins_error err = { 0 };

	if (convert(resources, &text, &limits, &err) < 0)
		fail_msg("%s: %s", resources, err.text);
	assert_string_equal(text, lines);
}

static void refuse(const char *resources, int code, const char *words)
{
	cleanup_free char *text = NULL;
	struct ins_limits limits;
	struct ins_error err = { 0 };

	assert_int_equal(convert(resources, &text, &limits, &err), -code);
	assert_string_equal(err.text, words);
}

static void test_nothing(void **data)
{
	(void)data;
	expect("{}", "");
	expect("{\"devices\": [{\"allow\": false}]}", "");
	/* Docker 20.10 updates with a whole structure of which one member is filled. */
	expect("{\"memory\": {\"limit\": 0, \"reservation\": 0, \"swap\": 0, \"kernel\": 0},"
	       "\"cpu\": {\"shares\": 0, \"quota\": 0, \"period\": 0, \"cpus\": \"\", \"mems\": "
	       "\"\","
	       "\"realtimePeriod\": 0, \"realtimeRuntime\": 0}, \"blockIO\": {\"weight\": 0}}",
		"");
	expect("{\"memory\": {\"kernel\": -1, \"kernelTCP\": -1, \"disableOOMKiller\": false,"
	       "\"useHierarchy\": true, \"checkBeforeUpdate\": true},"
	       "\"network\": {\"classID\": 0, \"priorities\": []}, \"hugepageLimits\": []}",
		"");
}

static void test_memory(void **data)
{
	(void)data;
	expect("{\"memory\": {\"limit\": 1000, \"reservation\": 500, \"swap\": 1500}}",
		"memory.limit memory.max=1000 | MemoryMax=1000\n"
		"memory.swap memory.swap.max=500 | MemorySwapMax=500\n"
		"memory.reservation memory.low=500 | MemoryLow=500\n");
	expect("{\"memory\": {\"limit\": 1000, \"swap\": 1000}}",
		"memory.limit memory.max=1000 | MemoryMax=1000\n"
		"memory.swap memory.swap.max=0 | MemorySwapMax=0\n");
	expect("{\"memory\": {\"limit\": 1000, \"swap\": 0}}",
		"memory.limit memory.max=1000 | MemoryMax=1000\n");
	expect("{\"memory\": {\"limit\": 1000, \"swap\": -1, \"checkBeforeUpdate\": true}}",
		"memory.limit memory.max=1000 <memory.current | MemoryMax=1000\n"
		"*memory.swap memory.swap.max=max | MemorySwapMax=infinity\n");
	expect("{\"memory\": {\"limit\": -1}}",
		"*memory.limit memory.max=max | MemoryMax=infinity\n"
		"*memory.swap memory.swap.max=max | MemorySwapMax=infinity\n");
	expect("{\"memory\": {\"reservation\": -1}}",
		"*memory.reservation memory.low=0 | MemoryLow=0\n");
}

static void test_wrong_memory(void **data)
{
	(void)data;
	refuse("{\"memory\": {\"swap\": 1000}}", EINVAL,
		"linux.resources.memory.swap: is the sum of memory and swap, so memory.limit is "
		"needed too");
	refuse("{\"memory\": {\"limit\": -1, \"swap\": 1000}}", EINVAL,
		"linux.resources.memory.swap: is the sum of memory and swap, so memory.limit is "
		"needed too");
	refuse("{\"memory\": {\"limit\": 1000, \"swap\": 999}}", EINVAL,
		"linux.resources.memory.swap: is the sum of memory and swap: it cannot be below "
		"memory.limit (1000)");
	refuse("{\"memory\": {\"kernel\": 1}}", EOPNOTSUPP,
		"linux.resources.memory.kernel: cgroup2 counts it in with all other memory");
	refuse("{\"memory\": {\"kernelTCP\": 1}}", EOPNOTSUPP,
		"linux.resources.memory.kernelTCP: cgroup2 counts it in with all other memory");
	refuse("{\"memory\": {\"swappiness\": 0}}", EOPNOTSUPP,
		"linux.resources.memory.swappiness: cgroup2 has one swappiness for the whole host");
	refuse("{\"memory\": {\"disableOOMKiller\": true}}", EOPNOTSUPP,
		"linux.resources.memory.disableOOMKiller: cgroup2 always has an OOM killer");
	refuse("{\"memory\": {\"useHierarchy\": false}}", EOPNOTSUPP,
		"linux.resources.memory.useHierarchy: cgroup2 always counts hierarchically");
}

static void test_cpu(void **data)
{
	(void)data;
	expect("{\"cpu\": {\"shares\": 512, \"quota\": 50000, \"period\": 200000, \"burst\": 1000,"
	       "\"cpus\": \"0-3,9\", \"mems\": \"0\"}}",
		"cpu.cpus cpuset.cpus=0-3,9 | AllowedCPUs=0f02\n"
		"cpu.mems cpuset.mems=0 | AllowedMemoryNodes=01\n"
		"cpu.shares cpu.weight=59 | CPUWeight=59\n"
		"cpu.quota cpu.max=50000 200000 | CPUQuotaPerSecUSec=250000 "
		"CPUQuotaPeriodUSec=200000\n"
		"cpu.burst cpu.max.burst=1000\n");
	expect("{\"cpu\": {\"shares\": 1024, \"quota\": -1, \"burst\": 0, \"idle\": 0}}",
		"*cpu.idle cpu.idle=0\n"
		"*cpu.shares cpu.weight=100 | CPUWeight=100\n"
		"*cpu.quota cpu.max=max 100000 | CPUQuotaPerSecUSec=infinity "
		"CPUQuotaPeriodUSec=100000\n"
		"*cpu.burst cpu.max.burst=0\n");
	expect("{\"cpu\": {\"period\": 50000}}",
		"*cpu.period cpu.max=max 50000 | CPUQuotaPerSecUSec=infinity "
		"CPUQuotaPeriodUSec=50000\n");
	/* The weight comes before what forbids one. */
	expect("{\"cpu\": {\"shares\": 2, \"idle\": 1}}", "cpu.shares cpu.weight=1 | CPUWeight=1\n"
							  "cpu.idle cpu.idle=1 | CPUWeight=0\n");
	/* Whole percents, and never less than asked for. */
	expect("{\"cpu\": {\"quota\": 33333}}",
		"cpu.quota cpu.max=33333 100000 | CPUQuotaPerSecUSec=340000 "
		"CPUQuotaPeriodUSec=100000\n");
	refuse("{\"cpu\": {\"realtimeRuntime\": 1}}", EOPNOTSUPP,
		"linux.resources.cpu.realtimeRuntime: cgroup2 cannot share out real-time "
		"scheduling");
	refuse("{\"cpu\": {\"realtimePeriod\": 1}}", EOPNOTSUPP,
		"linux.resources.cpu.realtimePeriod: cgroup2 cannot share out real-time "
		"scheduling");
}

/* An update that says half of it, or whose writes have to be done in another order. */
static void test_now(void **data)
{
	(void)data;
	now = (struct ins_limits_now){
		.memory = 700, .quota = 30000, .period = 60000, .burst = 20000
	};
	expect("{\"memory\": {\"swap\": 1000}}",
		"memory.swap memory.swap.max=300 | MemorySwapMax=300\n");
	refuse("{\"memory\": {\"swap\": 500}}", EINVAL,
		"linux.resources.memory.swap: is the sum of memory and swap: it cannot be below "
		"memory.limit (700)");
	expect("{\"cpu\": {\"quota\": 6000}}",
		"cpu.quota cpu.max=6000 60000 | CPUQuotaPerSecUSec=100000 "
		"CPUQuotaPeriodUSec=60000\n");
	expect("{\"cpu\": {\"period\": 300000}}",
		"cpu.period cpu.max=30000 300000 | CPUQuotaPerSecUSec=100000 "
		"CPUQuotaPeriodUSec=300000\n");
	expect("{\"cpu\": {\"quota\": 6000, \"burst\": 100}}",
		"cpu.burst cpu.max.burst=100\n"
		"cpu.quota cpu.max=6000 60000 | CPUQuotaPerSecUSec=100000 "
		"CPUQuotaPeriodUSec=60000\n");
	expect("{\"cpu\": {\"quota\": 90000, \"burst\": 80000}}",
		"cpu.quota cpu.max=90000 60000 | CPUQuotaPerSecUSec=1500000 "
		"CPUQuotaPeriodUSec=60000\n"
		"cpu.burst cpu.max.burst=80000\n");
}

static void test_shares(void **data)
{
	/* What runc 1.3.2 and crun 1.23 make of them. */
	static const struct {
		uint64_t shares, weight;
	} pairs[] = { { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 2 }, { 10, 4 }, { 100, 17 }, { 102, 17 },
		{ 512, 59 }, { 1000, 99 }, { 1023, 100 }, { 1024, 100 }, { 1025, 101 },
		{ 2048, 174 }, { 4096, 303 }, { 102400, 4429 }, { 262143, 10000 },
		{ 262144, 10000 }, { UINT64_MAX, 10000 } };
	uint64_t last = 0;

	(void)data;
	for (size_t i = 0; i < ARRAY_LENGTH(pairs); i++)
		assert_int_equal(ins_shares_to_weight(pairs[i].shares), pairs[i].weight);
	for (uint64_t shares = 2; shares <= 262144; shares += 997) {
		uint64_t weight = ins_shares_to_weight(shares);

		assert_in_range(weight, last, 10000);
		last = weight;
	}
}

static void test_io(void **data)
{
	(void)data;
	expect("{\"blockIO\": {\"weight\": 10, \"weightDevice\": ["
	       "{\"major\": 8, \"minor\": 16, \"weight\": 1000}, {\"major\": 8, \"minor\": 0, "
	       "\"leafWeight\": 0}],"
	       "\"throttleReadBpsDevice\": [{\"major\": 8, \"minor\": 0, \"rate\": 100}],"
	       "\"throttleWriteBpsDevice\": [{\"major\": 8, \"minor\": 1, \"rate\": 200}],"
	       "\"throttleReadIOPSDevice\": [{\"major\": 8, \"minor\": 2, \"rate\": 300}],"
	       "\"throttleWriteIOPSDevice\": [{\"major\": 8, \"minor\": 3, \"rate\": 0}]}}",
		"blockIO.weight io.weight=1 io.bfq.weight=10 | IOWeight=1\n"
		"blockIO.weightDevice[0] io.weight=8:16 10000 io.bfq.weight=8:16 1000 | "
		"IODeviceWeight=/dev/block/8:16 10000\n"
		"blockIO.throttleReadBpsDevice[0] io.max=8:0 rbps=100 | "
		"IOReadBandwidthMax=/dev/block/8:0 100\n"
		"blockIO.throttleWriteBpsDevice[0] io.max=8:1 wbps=200 | "
		"IOWriteBandwidthMax=/dev/block/8:1 200\n"
		"blockIO.throttleReadIOPSDevice[0] io.max=8:2 riops=300 | "
		"IOReadIOPSMax=/dev/block/8:2 300\n"
		"*blockIO.throttleWriteIOPSDevice[0] io.max=8:3 wiops=max | "
		"IOWriteIOPSMax=/dev/block/8:3 infinity\n");
	expect("{\"blockIO\": {\"weight\": 500}}",
		"blockIO.weight io.weight=4950 io.bfq.weight=500 | IOWeight=4950\n");
	refuse("{\"blockIO\": {\"weight\": 9}}", EINVAL,
		"linux.resources.blockIO.weight: 9 is not a weight from 10 to 1000");
	refuse("{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 0, \"weight\": "
	       "1001}]}}",
		EINVAL,
		"linux.resources.blockIO.weightDevice[0]: 1001 is not a weight from 10 to 1000");
	refuse("{\"blockIO\": {\"leafWeight\": 10}}", EOPNOTSUPP,
		"linux.resources.blockIO.leafWeight: cgroup2 has no leafWeight");
	refuse("{\"blockIO\": {\"weightDevice\": [{\"major\": 8, \"minor\": 0, \"leafWeight\": "
	       "10}]}}",
		EOPNOTSUPP, "linux.resources.blockIO.weightDevice[0]: cgroup2 has no leafWeight");
}

static void test_others(void **data)
{
	(void)data;
	expect("{\"pids\": {\"limit\": 7}}", "pids.limit pids.max=7 | TasksMax=7\n");
	expect("{\"pids\": {\"limit\": 0}}", "pids.limit pids.max=0\n");
	expect("{\"pids\": {\"limit\": -1}}", "*pids.limit pids.max=max | TasksMax=infinity\n");
	expect("{\"hugepageLimits\": [{\"pageSize\": \"2MB\", \"limit\": 0},"
	       "{\"pageSize\": \"1GB\", \"limit\": 9223372036854772000}]}",
		"hugepageLimits[0] hugetlb.2MB.max=0 hugetlb.2MB.rsvd.max=0\n"
		"hugepageLimits[1] hugetlb.1GB.max=9223372036854772000 "
		"hugetlb.1GB.rsvd.max=9223372036854772000\n");
	expect("{\"rdma\": {\"mlx5_1\": {\"hcaHandles\": 3, \"hcaObjects\": 100},"
	       "\"mlx4_0\": {\"hcaObjects\": 5}}}",
		"rdma[\"mlx5_1\"] rdma.max=mlx5_1 hca_handle=3 hca_object=100\n"
		"rdma[\"mlx4_0\"] rdma.max=mlx4_0 hca_object=5\n");
	refuse("{\"network\": {\"classID\": 1}}", EOPNOTSUPP,
		"linux.resources.network.classID: cgroup2 has no net_cls controller");
	refuse("{\"network\": {\"priorities\": [{\"name\": \"eth0\", \"priority\": 1}]}}",
		EOPNOTSUPP,
		"linux.resources.network.priorities: cgroup2 has no net_prio controller");
}

static void test_unified(void **data)
{
	(void)data;
	/* Last, whatever the order in the configuration; a line of a value is a write. */
	expect("{\"unified\": {\"memory.max\": \"2M\", \"io.max\": \"8:0 rbps=1\\n8:16 wbps=2\\n\","
	       "\"foo.bar\": \"x\", \"cgroup.max.depth\": \"3\", \"cpu.max\": \"max\"},"
	       "\"memory\": {\"limit\": 1000}}",
		"memory.limit memory.max=1000 | MemoryMax=1000\n"
		"unified[\"memory.max\"] memory.max=2M | MemoryMax=2097152\n"
		"unified[\"io.max\"] io.max=8:0 rbps=1\n"
		"unified[\"io.max\"] io.max=8:16 wbps=2\n"
		"unified[\"foo.bar\"] foo.bar=x\n"
		"unified[\"cgroup.max.depth\"] cgroup.max.depth=3\n"
		"unified[\"cpu.max\"] cpu.max=max | CPUQuotaPerSecUSec=infinity "
		"CPUQuotaPeriodUSec=100000\n");
	expect("{\"unified\": {\"memory.high\": \"max\", \"memory.low\": \"5x\", \"memory.min\": "
	       "\"1GB\", \"pids.max\": \"4\", \"cpu.weight\": \"50\", \"cpuset.cpus\": \"1\","
	       "\"cpuset.mems\": \"0:1/2\", \"memory.swap.max\": \"18446744073709551615\","
	       "\"cpu.max\": \"1000 2000\", \"cpuset.cpus.partition\": \"\", "
	       "\"memory.max\": \"3 \"}}",
		"unified[\"memory.high\"] memory.high=max | MemoryHigh=infinity\n"
		"unified[\"memory.low\"] memory.low=5x\n"
		"unified[\"memory.min\"] memory.min=1GB\n"
		"unified[\"pids.max\"] pids.max=4 | TasksMax=4\n"
		"unified[\"cpu.weight\"] cpu.weight=50 | CPUWeight=50\n"
		"unified[\"cpuset.cpus\"] cpuset.cpus=1 | AllowedCPUs=02\n"
		"unified[\"cpuset.mems\"] cpuset.mems=0:1/2\n"
		"unified[\"memory.swap.max\"] memory.swap.max=18446744073709551615 | "
		"MemorySwapMax=infinity\n"
		"unified[\"cpu.max\"] cpu.max=1000 2000 | CPUQuotaPerSecUSec=500000 "
		"CPUQuotaPeriodUSec=2000\n"
		"unified[\"cpuset.cpus.partition\"] cpuset.cpus.partition=\n"
		"unified[\"memory.max\"] memory.max=3 \n");
	refuse("{\"unified\": {\"cgroup.kill\": \"1\"}}", EINVAL,
		"linux.resources.unified[\"cgroup.kill\"]: is not a limit");
	refuse("{\"unified\": {\"cgroup.subtree_control\": \"+memory\"}}", EINVAL,
		"linux.resources.unified[\"cgroup.subtree_control\"]: is not a limit");
}

static uint32_t controllers_of(const char *resources)
{
	cleanup_free char *text = NULL;
	struct ins_limits limits = { 0 };
	struct ins_error err = { 0 };

	assert_int_equal(convert(resources, &text, &limits, &err), 0);
	return limits.controllers;
}

/* Only what limits something needs a controller. */
static void test_controllers(void **data)
{
	(void)data;
	assert_int_equal(controllers_of("{\"memory\": {\"limit\": -1}, \"pids\": {\"limit\": -1},"
					"\"cpu\": {\"shares\": 1024}}"),
		0);
	assert_int_equal(controllers_of("{\"memory\": {\"limit\": 1}, \"pids\": {\"limit\": 0},"
					"\"cpu\": {\"shares\": 512}}"),
		1U << INS_CONTROLLER_MEMORY | 1U << INS_CONTROLLER_PIDS | 1U << INS_CONTROLLER_CPU);
	assert_int_equal(controllers_of("{\"cpu\": {\"cpus\": \"0\"}, \"unified\": {\"io.latency\":"
					"\"x\", \"misc.max\": \"x\", \"memoryx.y\": \"\"}}"),
		1U << INS_CONTROLLER_CPUSET | 1U << INS_CONTROLLER_IO | 1U << INS_CONTROLLER_MISC);
	assert_int_equal(ins_controllers_parse("cpuset cpu unknown rdma\n"),
		1U << INS_CONTROLLER_CPUSET | 1U << INS_CONTROLLER_CPU | 1U << INS_CONTROLLER_RDMA);
	assert_int_equal(ins_controllers_parse(""), 0);
}

static void test_host(void **data)
{
	static const char resources[] = "{\"memory\": {\"limit\": 1}, \"pids\": {\"limit\": -1}}";
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_arena struct ins_arena *arena = NULL;
	struct ins_host host = { .controllers = 1U << INS_CONTROLLER_MEMORY };
	struct ins_limits limits;
	struct ins_error err = { 0 };

	(void)data;
	assert_int_equal(ins_spec_resources_parse(resources, strlen(resources), &spec, &err), 0);
	assert_int_equal(ins_arena_new(NULL, 1 << 20, &arena, &err), 0);
	assert_int_equal(ins_limits_convert(&spec->resources, &now, arena, &limits, &err), 0);
	assert_int_equal(ins_limits_check(&limits, &host, &err), 0);
	host = (struct ins_host){ .controllers_v1 = 1U << INS_CONTROLLER_MEMORY };
	assert_int_equal(ins_limits_check(&limits, &host, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "linux.resources.memory.limit: cgroup2 has no memory "
					 "controller here: it is on a cgroup1 hierarchy"));
	host.controllers_v1 = 0;
	err = (struct ins_error){ 0 };
	assert_int_equal(ins_limits_check(&limits, &host, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "the kernel lacks it"));
	err = (struct ins_error){ 0 };
	assert_int_equal(ins_limits_refuse(&limits, "no", &err), -EOPNOTSUPP);
	assert_string_equal(err.text, "linux.resources.memory.limit: no");
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),
		TEST(test_memory),
		TEST(test_wrong_memory),
		TEST(test_cpu),
		TEST(test_now),
		TEST(test_shares),
		TEST(test_io),
		TEST(test_others),
		TEST(test_unified),
		TEST(test_controllers),
		TEST(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
