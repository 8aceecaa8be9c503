/* SPDX-License-Identifier: Apache-2.0 */
#include "test-spec.h"

static void device_rules(void **state)
{
	struct ins_spec *spec =
		parse(RESOURCES("'devices':[{'allow':false},{'allow':true,'type':'c','major':10,"
				"'minor':-1,'access':'rm'},{'allow':true,'type':'','access':''}]"));
	const struct ins_spec_device_rule *rule = spec->resources.devices;

	(void)state;
	assert_true(spec->resources.present);
	assert_int_equal(spec->resources.n_devices, 3);
	assert_int_equal(rule[0].type, 'a');
	assert_int_equal(rule[0].major, -1);
	assert_int_equal(rule[0].minor, -1);
	assert_true(!rule[0].allow && rule[0].read && rule[0].write && rule[0].mknod);
	assert_int_equal(rule[1].type, 'c');
	assert_int_equal(rule[1].major, 10);
	assert_true(rule[1].allow && rule[1].read && !rule[1].write && rule[1].mknod);
	assert_true(rule[2].type == 'a' && rule[2].read && rule[2].write && rule[2].mknod);
	ins_spec_free(spec);
	refuse(RESOURCES("'devices':[{'type':'c'}]"),
		"linux.resources.devices[0].allow: is required");
	refuse(RESOURCES("'devices':[{'allow':true,'type':'p'}]"),
		"linux.resources.devices[0].type: unknown value 'p'");
	refuse(RESOURCES("'devices':[{'allow':true,'access':'rx'}]"),
		"linux.resources.devices[0].access: 'rx' is not made of 'r', 'w' and 'm'");
	refuse(RESOURCES("'devices':[{'allow':true,'major':-2}]"),
		"linux.resources.devices[0].major: -2 is not in the range -1 to 4095");
}

static void memory(void **state)
{
	struct ins_spec *spec = parse(
		RESOURCES("'memory':{'limit':-1,'reservation':1,'swap':2,'kernel':3,'kernelTCP':4,"
			  "'swappiness':100,'disableOOMKiller':true,'useHierarchy':false,"
			  "'checkBeforeUpdate':true}"));
	const struct ins_spec_resources *resources = &spec->resources;

	(void)state;
	assert_true(resources->memory.has_limit && resources->memory.limit == -1);
	assert_true(resources->memory.has_reservation && resources->memory.reservation == 1);
	assert_true(resources->memory.has_swap && resources->memory.swap == 2);
	assert_true(resources->memory.has_kernel && resources->memory.kernel == 3);
	assert_true(resources->memory.has_kernel_tcp && resources->memory.kernel_tcp == 4);
	assert_true(resources->memory.has_swappiness && resources->memory.swappiness == 100);
	assert_true(
		resources->memory.has_disable_oom_killer && resources->memory.disable_oom_killer);
	assert_true(resources->memory.has_use_hierarchy && !resources->memory.use_hierarchy);
	assert_true(
		resources->memory.has_check_before_update && resources->memory.check_before_update);
	assert_false(resources->cpu.has_shares || resources->has_pids_limit);
	ins_spec_free(spec);
	refuse(RESOURCES("'memory':{'swappiness':101}"),
		"linux.resources.memory.swappiness: 101 is not in the range 0 to 100");
	refuse(RESOURCES("'memory':{'limit':-2}"),
		"linux.resources.memory.limit: -2 is not in the range -1 to 9223372036854775807");
}

static void cpu(void **state)
{
	struct ins_spec *spec = parse(RESOURCES(
		"'cpu':{'shares':18446744073709551615,'quota':5,'burst':5,'period':6,"
		"'realtimeRuntime':7,'realtimePeriod':8,'idle':1,'cpus':'0-3','mems':''}"));
	const struct ins_spec_resources *resources = &spec->resources;

	(void)state;
	assert_true(resources->cpu.has_shares && resources->cpu.shares == UINT64_MAX);
	assert_true(resources->cpu.has_quota && resources->cpu.quota == 5);
	assert_true(resources->cpu.has_burst && resources->cpu.burst == 5);
	assert_true(resources->cpu.has_period && resources->cpu.period == 6);
	assert_true(resources->cpu.has_realtime_runtime && resources->cpu.realtime_runtime == 7);
	assert_true(resources->cpu.has_realtime_period && resources->cpu.realtime_period == 8);
	assert_true(resources->cpu.has_idle && resources->cpu.idle == 1);
	assert_string_equal(resources->cpu.cpus, "0-3");
	assert_null(resources->cpu.mems);
	ins_spec_free(spec);
	accept(RESOURCES("'cpu':{'quota':-1,'burst':5}"));
	refuse(RESOURCES("'cpu':{'quota':4,'burst':5}"),
		"linux.resources.cpu: burst is larger than quota");
	refuse(RESOURCES("'cpu':{'idle':2}"),
		"linux.resources.cpu.idle: 2 is not in the range 0 to 1");
	refuse(RESOURCES("'cpu':{'cpus':'a'}"),
		"linux.resources.cpu.cpus: 'a' is not a list like '0-3,7'");
	refuse(RESOURCES("'cpu':{'shares':-1}"), "linux.resources.cpu.shares: -1 is negative");
}

static void block_io(void **state)
{
	struct ins_spec *spec =
		parse(RESOURCES("'blockIO':{'weight':10,'leafWeight':20,"
				"'weightDevice':[{'major':8,'minor':1,'leafWeight':3}],"
				"'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1}],"
				"'throttleWriteBpsDevice':[{'major':8,'minor':0,'rate':2}],"
				"'throttleReadIOPSDevice':[{'major':8,'minor':0,'rate':3}],"
				"'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':4}]}"));
	const struct ins_spec_resources *resources = &spec->resources;

	(void)state;
	assert_true(resources->block_io.has_weight && resources->block_io.weight == 10);
	assert_true(resources->block_io.has_leaf_weight && resources->block_io.leaf_weight == 20);
	assert_int_equal(resources->block_io.n_weight_devices, 1);
	assert_false(resources->block_io.weight_devices[0].has_weight);
	assert_int_equal(resources->block_io.weight_devices[0].leaf_weight, 3);
	assert_int_equal(resources->block_io.read_bps.v[0].rate, 1);
	assert_int_equal(resources->block_io.write_bps.v[0].rate, 2);
	assert_int_equal(resources->block_io.read_iops.v[0].rate, 3);
	assert_int_equal(resources->block_io.write_iops.v[0].rate, 4);
	ins_spec_free(spec);
	refuse(RESOURCES("'blockIO':{'weight':65536}"),
		"linux.resources.blockIO.weight: 65536 is not in the range 0 to 65535");
	refuse(RESOURCES("'blockIO':{'weightDevice':[{'major':8,'minor':1}]}"),
		"linux.resources.blockIO.weightDevice[0]: weight or leafWeight is required");
	refuse(RESOURCES("'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':1}]}"),
		"linux.resources.blockIO.throttleReadBpsDevice[0].rate: is required");
}

static void others(void **state)
{
	struct ins_spec *spec =
		parse(RESOURCES("'hugepageLimits':[{'pageSize':'64KB','limit':9}],"
				"'network':{'classID':7,'priorities':[{'name':'e','priority':3}]},"
				"'pids':{'limit':0},'rdma':{'m':{'hcaObjects':4}},"
				"'unified':{'io.max':'8:0 rbps=1\\n'},'oomScoreAdj':'unknown'"));
	const struct ins_spec_resources *resources = &spec->resources;

	(void)state;
	assert_string_equal(resources->hugepage_limits[0].page_size, "64KB");
	assert_int_equal(resources->hugepage_limits[0].limit, 9);
	assert_true(resources->network.has_class_id && resources->network.class_id == 7);
	assert_string_equal(resources->network.priorities[0].name, "e");
	assert_true(resources->has_pids_limit && resources->pids_limit == 0);
	assert_string_equal(resources->rdma[0].device, "m");
	assert_true(resources->rdma[0].has_objects && !resources->rdma[0].has_handles);
	assert_string_equal(resources->unified.v[0].value, "8:0 rbps=1\n");
	ins_spec_free(spec);
	refuse(RESOURCES("'pids':{}"), "linux.resources.pids.limit: is required");
	refuse(RESOURCES("'rdma':{'m':{}}"),
		"linux.resources.rdma.m: hcaHandles or hcaObjects is required");
	refuse(RESOURCES("'rdma':{'m x':{'hcaObjects':1}}"),
		"linux.resources.rdma.m x: a blank in the name of a device");
	refuse(RESOURCES("'unified':{'../cgroup.procs':'1'}"),
		"linux.resources.unified: '../cgroup.procs' is no name of a file in a cgroup");
	refuse(RESOURCES("'unified':{'..':'1'}"),
		"linux.resources.unified: '..' is no name of a file in a cgroup");
}

static void page_sizes(void **state)
{
	static const char *const bad[] = { "", "MB", "0MB", "2", "2M", "64kB", "2MBx", "-2MB",
		"2 MB" };
	char text[200], words[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		snprintf(text, sizeof(text),
			RESOURCES("'hugepageLimits':[{'pageSize':'%s','limit':1}]"), bad[i]);
		snprintf(words, sizeof(words),
			"linux.resources.hugepageLimits[0].pageSize: '%s' is not a size like "
			"'64KB', '2MB', '1GB'",
			bad[i]);
		refuse(text, words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_rules),
		cmocka_unit_test(memory),
		cmocka_unit_test(cpu),
		cmocka_unit_test(block_io),
		cmocka_unit_test(others),
		cmocka_unit_test(page_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
