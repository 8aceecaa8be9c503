/* SPDX-License-Identifier: Apache-2.0 */
/* --cgroup-manager=systemd in the plan: the scope, its properties, and that all waits for it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/systemd_plan.h"
#include "planner-fixture.h"

static struct planned *by_systemd(void **data)
{
	struct planned *p = *data;

	strcpy(p->host.cgroup_mount, "/cg");
	p->host.controllers = UINT32_MAX;
	p->builder.cgroup_manager = INS_CGROUP_SYSTEMD;
	p->builder.state_root = "/run/insula";
	return p;
}

/* The last property of a name, as systemd takes it: "SIGNATURE word word". */
static void expect_property(const struct planned *p, const char *name, const char *value)
{
	const struct ins_op *op = get_op(p, INS_OP_CGROUP_SCOPE);
	char found[200] = "none";

	for (uint32_t i = 0; i < op->cgroup.n_properties; i++) {
		const struct ins_unit_property *property = &op->cgroup.properties[i];
		int n;

		assert_true(is_in_arena(p, property->values.v));
		if (strcmp(property->name, name) != 0)
			continue;
		n = sprintf(found, "%s", property->signature);
		for (uint32_t j = 0; j < property->values.n; j++)
			n += sprintf(found + n, " %s", property->values.v[j]);
	}
	assert_string_equal(found, value);
}

static void scope(void **data)
{
	struct planned *p = by_systemd(data);
	const struct ins_op *op;

	plan_with(p, ins_cgroup_plan, CONFIG(",'linux':{'cgroupsPath':'machine.slice:libpod:01'}"));
	assert_null(find_op(p, INS_OP_CGROUP_CREATE, 0));
	op = get_op(p, INS_OP_CGROUP_SCOPE);
	assert_int_equal(op->stage, INS_STAGE_CLONE);
	assert_string_equal(op->path, "/machine.slice/libpod-01.scope");
	assert_string_equal(p->plan.cgroup, op->path);
	assert_string_equal(p->plan.unit, "libpod-01.scope");
	assert_false(p->plan.user_manager);
	expect_property(p, "Slice", "s machine.slice");
	expect_property(p, "Delegate", "b true");
	expect_property(p, "CollectMode", "s inactive-or-failed");
	expect_property(p, "Description", "s insula container c1 of /run/insula");
	expect_property(p, "DevicePolicy", "none");
}

static void of_user(void **data)
{
	struct planned *p = by_systemd(data);

	p->host.euid = 1000;
	p->builder.user_manager = true;
	plan_with(p, ins_cgroup_plan, CONFIG(""));
	assert_string_equal(p->plan.unit, "insula-c1.scope");
	assert_string_equal(p->plan.cgroup,
		"/user.slice/user-1000.slice/user@1000.service/user.slice/insula-c1.scope");
	assert_true(p->plan.user_manager);
}

/* What works on the cgroup comes after it. */
static void waits_for_scope(void **data)
{
	struct planned *p = by_systemd(data);

	plan_with(p, ins_cgroup_plan,
		CONFIG(",'linux':{'resources':{'devices':[{'allow':false,'access':'rwm'}],"
		       "'cpu':{'shares':512}}}"));
	expect_ops(p, INS_STAGE_PREPARE, "");
	expect_ops(p, INS_STAGE_CLONE, "CGROUP_SCOPE CGROUP_LIMIT CGROUP_DEVICES");
}

static void limits(void **data)
{
	struct planned *p = by_systemd(data);

	plan_with(p, ins_cgroup_plan,
		CONFIG(",'linux':{'resources':{'memory':{'limit':4096,'reservation':1024},"
		       "'cpu':{'cpus':'0-2,9','quota':50000,'period':100000},'pids':{'limit':7},"
		       "'blockIO':{'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1000}]}}"
		       "}"));
	expect_property(p, "MemoryMax", "t 4096");
	expect_property(p, "MemoryLow", "t 1024");
	expect_property(p, "AllowedCPUs", "ay 2 7 2");
	expect_property(p, "CPUQuotaPerSecUSec", "t 500000");
	expect_property(p, "TasksMax", "t 7");
	expect_property(p, "IOReadBandwidthMax", "a(st) 1 /dev/block/8:0 1000");
}

#define ANNOTATION(name, value) \
	CONFIG(",'annotations':{'org.systemd.property." name "':'" value "'}")

static void annotations(void **data)
{
	struct planned *p = by_systemd(data);
	const struct ins_op *op;

	plan_with(p, ins_cgroup_plan, ANNOTATION("KillSignal", "37"));
	expect_property(p, "KillSignal", "i 37");
	op = get_op(p, INS_OP_CGROUP_SCOPE);
	assert_string_equal(op->cgroup.properties[op->cgroup.n_properties - 1].key,
		"annotations[\"org.systemd.property.KillSignal\"]");
	plan_with(p, ins_cgroup_plan, ANNOTATION("DefaultDependencies", "true"));
	expect_property(p, "DefaultDependencies", "b true");
	plan_with(p, ins_cgroup_plan, ANNOTATION("TimeoutStopSec", "3"));
	expect_property(p, "TimeoutStopUSec", "t 3000000");
	/* The other annotations are nothing to systemd. */
	plan_with(p, ins_cgroup_plan, CONFIG(",'annotations':{'a':'b'}"));
	expect_property(p, "a", "none");
}

/* linux.resources holds, whatever an annotation says. */
static void limits_win(void **data)
{
	struct planned *p = by_systemd(data);

	plan_with(p, ins_cgroup_plan,
		CONFIG(",'annotations':{'org.systemd.property.MemoryMax':'uint64 1'},"
		       "'linux':{'resources':{'memory':{'limit':4096}}}"));
	expect_property(p, "MemoryMax", "t 4096");
}

static void refused(void **data)
{
	static const char *const ours[] = { "PIDs", "Slice", "Delegate", "Description" };
	struct planned *p = by_systemd(data);

	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
		char config[200];

		snprintf(config, sizeof(config), ANNOTATION("%s", "1"), ours[i]);
		assert_int_equal(run_planner(p, ins_cgroup_plan, config), -EINVAL);
		assert_non_null(strstr(p->err.text, "this property is the runtime's to set"));
	}
	refuse_plan(p, ins_cgroup_plan, ANNOTATION("KillSignal", "nine"), EINVAL,
		"annotations[\"org.systemd.property.KillSignal\"]: expected a number, at \"nine\"");
	refuse_plan(p, ins_cgroup_plan, CONFIG(",'linux':{'cgroupsPath':'/a'}"), EINVAL,
		"linux.cgroupsPath: expected \"slice:prefix:name\" for systemd cgroups, got "
		"\"/a\"");
	p->host.cgroup_mount[0] = '\0';
	assert_int_equal(run_planner(p, ins_cgroup_plan, CONFIG("")), -EOPNOTSUPP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(scope),
		plan_test(of_user),
		plan_test(waits_for_scope),
		plan_test(limits),
		plan_test(annotations),
		plan_test(limits_win),
		plan_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
