/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath, linux.resources and the cgroup's owner, in the plan. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "plan/build.h"

struct planned {
	struct ins_spec spec;
	struct ins_host host;
	struct ins_create_args args;
	struct ins_plan plan;
	struct ins_plan_builder builder;
	struct ins_error err;
	char warning[256];
};

static void note_warning(void *data, const char *text)
{
	struct planned *planned = data;

	snprintf(planned->warning, sizeof(planned->warning), "%s", text);
}

static int set_up(void **data)
{
	struct planned *p = calloc(1, sizeof(*p));

	*data = p;
	p->host = (struct ins_host){ .kernel_major = 6, .cgroup_mount = "/cg" };
	p->args.id = "c1";
	p->builder = (struct ins_plan_builder){ .spec = &p->spec,
		.host = &p->host,
		.args = &p->args,
		.plan = &p->plan,
		.note = note_warning,
		.warn_data = p };
	return ins_arena_new(NULL, 1 << 20, &p->builder.arena, &p->err);
}

static int tear_down(void **data)
{
	struct planned *p = *data;

	ins_arena_free(p->builder.arena);
	free(p->builder.staged);
	free(p);
	return 0;
}

static int plan(struct planned *p)
{
	p->builder.n_staged = 0;
	p->plan.cgroup = NULL;
	memset(&p->err, 0, sizeof(p->err));
	return ins_cgroup_plan(&p->builder, &p->err);
}

static const struct ins_op *find_op(const struct planned *p, enum ins_op_kind kind)
{
	for (uint32_t i = 0; i < p->builder.n_staged; i++) {
		if (p->builder.staged[i].kind == kind)
			return &p->builder.staged[i];
	}
	return NULL;
}

static void test_paths(void **data)
{
	static const struct {
		const char *given, *path;
	} cases[] = {
		{ NULL, "/insula/c1" },
		{ "", "/insula/c1" },
		{ "/a/b", "/a/b" },
		{ "a/b", "/a/b" },
		{ "//a///b//", "/a/b" },
		{ "/a/..b/.c", "/a/..b/.c" },
		{ "machine.slice:libpod:0123", "/machine.slice:libpod:0123" },
	};
	struct planned *p = *data;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		p->spec.cgroups_path = cases[i].given;
		assert_int_equal(plan(p), 0);
		assert_string_equal(p->plan.cgroup, cases[i].path);
		assert_string_equal(find_op(p, INS_OP_CGROUP_CREATE)->path, cases[i].path);
	}
}

static void test_wrong_paths(void **data)
{
	struct planned *p = *data;
	char part[300], longest[5000];

	p->spec.cgroups_path = "/a/../b";
	assert_int_equal(plan(p), -EINVAL);
	assert_string_equal(p->err.text, "linux.cgroupsPath: must not contain \"..\"");
	p->spec.cgroups_path = "..";
	assert_int_equal(plan(p), -EINVAL);
	p->spec.cgroups_path = "/a/.";
	assert_int_equal(plan(p), -EINVAL);
	p->spec.cgroups_path = "/a\nb";
	assert_int_equal(plan(p), -EINVAL);
	assert_string_equal(p->err.text, "linux.cgroupsPath: has a control character in it");
	p->spec.cgroups_path = "///";
	assert_int_equal(plan(p), -EINVAL);
	assert_string_equal(p->err.text,
		"linux.cgroupsPath: the root of the hierarchy cannot be a container's cgroup");
	memset(part, 'x', sizeof(part));
	part[256] = '\0';
	p->spec.cgroups_path = part;
	assert_int_equal(plan(p), -ENAMETOOLONG);
	part[255] = '\0';
	assert_int_equal(plan(p), 0);
	memset(longest, '/', sizeof(longest));
	longest[4998] = 'a';
	longest[4999] = '\0';
	p->spec.cgroups_path = longest;
	assert_int_equal(plan(p), -ENAMETOOLONG);
}

static void test_managers(void **data)
{
	const struct ins_spec_device_rule deny = {
		.type = 'a', .major = -1, .minor = -1, .read = true, .write = true, .mknod = true
	};
	struct planned *p = *data;

	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	p->spec.cgroups_path = "/a";
	assert_int_equal(plan(p), 0);
	assert_null(p->plan.cgroup);
	assert_int_equal(p->builder.n_staged, 0);
	assert_string_equal(p->warning, "");
	p->spec.resources.devices = &deny;
	p->spec.resources.n_devices = 1;
	assert_int_equal(plan(p), 0);
	assert_int_equal(p->builder.n_staged, 0);
	assert_non_null(strstr(p->warning, "linux.resources.devices"));

	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	p->host.cgroup_mount[0] = '\0';
	assert_int_equal(plan(p), -EOPNOTSUPP);
}

static void test_devices(void **data)
{
	struct planned *p = *data;
	const struct ins_spec_device_rule allow = { .allow = true,
		.type = 'a',
		.major = -1,
		.minor = -1,
		.read = true,
		.write = true,
		.mknod = true };

	assert_int_equal(plan(p), 0);
	assert_true(find_op(p, INS_OP_CGROUP_DEVICES)->devices.n_instructions > 10);
	p->spec.resources.devices = &allow;
	p->spec.resources.n_devices = 1;
	assert_int_equal(plan(p), 0);
	assert_null(find_op(p, INS_OP_CGROUP_DEVICES));
}

static void test_owner(void **data)
{
	static const char *const rw[] = { "nosuid", "rw" }, *const ro[] = { "nosuid", "ro" };
	static const struct ins_id_map maps[] = { { 0, 100000, 10 }, { 10, 200000, 100 } };
	struct planned *p = *data;
	struct ins_spec_mount mount = { .destination = "/sys/fs/cgroup",
		.type = "cgroup",
		.source = "cgroup",
		.options = { 2, rw } };
	const struct ins_op *op;

	p->spec.mounts = &mount;
	p->spec.n_mounts = 1;
	p->spec.process.uid = 12;
	assert_int_equal(plan(p), 0);
	assert_false(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.delegate);

	p->spec.namespaces[INS_NS_CGROUP].present = true;
	assert_int_equal(plan(p), 0);
	op = find_op(p, INS_OP_CGROUP_CREATE);
	assert_true(op->cgroup.own_namespace);
	assert_true(op->cgroup.delegate);
	assert_int_equal(op->cgroup.uid, 12);

	p->spec.namespaces[INS_NS_USER].present = true;
	p->spec.uid_mappings = (struct ins_id_maps){ 2, maps };
	p->spec.gid_mappings = (struct ins_id_maps){ 2, maps };
	assert_int_equal(plan(p), 0);
	op = find_op(p, INS_OP_CGROUP_CREATE);
	assert_true(op->cgroup.delegate);
	assert_int_equal(op->cgroup.uid, 200002);
	assert_int_equal(op->cgroup.gid, 100000);

	mount.options.v = ro;
	assert_int_equal(plan(p), 0);
	assert_false(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.delegate);

	mount.options.v = rw;
	p->spec.uid_mappings.n = 0;
	assert_int_equal(plan(p), 0);
	assert_false(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.delegate);
}

static void test_nothing_asked(void **data)
{
	struct planned *p = *data;
	struct ins_spec_resources *r = &p->spec.resources;

	r->present = true;
	r->memory.has_limit = r->memory.has_reservation = r->memory.has_swap = true;
	r->memory.limit = r->memory.reservation = r->memory.swap = -1;
	r->memory.has_use_hierarchy = r->memory.use_hierarchy = true;
	r->memory.has_disable_oom_killer = r->memory.has_check_before_update = true;
	r->cpu.has_shares = r->cpu.has_quota = r->cpu.has_period = r->cpu.has_idle = true;
	r->cpu.shares = 1024;
	r->cpu.quota = -1;
	r->cpu.period = 100000;
	r->cpu.cpus = r->cpu.mems = "";
	r->has_pids_limit = true;
	r->pids_limit = -1;
	assert_int_equal(plan(p), 0);
}

static void test_limits(void **data)
{
	const uint32_t memory = 1U << INS_CONTROLLER_MEMORY, pids = 1U << INS_CONTROLLER_PIDS;
	struct planned *p = *data;
	struct ins_spec_resources *r = &p->spec.resources;
	const struct ins_op *op;

	p->host.controllers = memory | pids;
	r->memory.has_limit = r->memory.has_swap = r->has_pids_limit = true;
	r->memory.limit = 4096;
	r->memory.swap = -1;
	r->pids_limit = 5;
	assert_int_equal(plan(p), 0);
	op = find_op(p, INS_OP_CGROUP_CREATE);
	assert_int_equal(op->cgroup.controllers, memory | pids);
	assert_int_equal(op->cgroup.offered, 0);
	op = find_op(p, INS_OP_CGROUP_LIMIT);
	assert_ptr_equal(op, find_op(p, INS_OP_CGROUP_CREATE) + 1);
	assert_int_equal(op->stage, INS_STAGE_IDMAP);
	assert_string_equal(op->key, "linux.resources.memory.limit");
	assert_string_equal(op->limit.files.v[0].name, "memory.max");
	assert_string_equal(op->limit.files.v[0].text, "4096");
	assert_int_equal(op->limit.controller, memory);
	/* Written where the file is there: without the controller it holds anyway. */
	assert_string_equal(op[1].key, "linux.resources.memory.swap");
	assert_true(op[1].limit.files.if_there);
	/* The clone into the cgroup is not to count. */
	assert_string_equal(op[2].key, "linux.resources.pids.limit");
	assert_int_equal(op[2].stage, INS_STAGE_IDMAP);
	p->host.controllers = 1U << INS_CONTROLLER_CPU;
	memset(r, 0, sizeof(*r));
	r->cpu.has_quota = true;
	r->cpu.quota = 5000;
	assert_int_equal(plan(p), 0);
	assert_int_equal(find_op(p, INS_OP_CGROUP_LIMIT)->stage, INS_STAGE_PREPARE);
}

static void test_missing_controller(void **data)
{
	struct planned *p = *data;
	struct ins_spec_resources *r = &p->spec.resources;

	r->has_pids_limit = r->memory.has_limit = true;
	r->memory.limit = -1;
	p->host.controllers_v1 = 1U << INS_CONTROLLER_PIDS;
	assert_int_equal(plan(p), -EOPNOTSUPP);
	assert_non_null(strstr(p->err.text, "linux.resources.pids.limit: cgroup2 has no pids "
					    "controller here: it is on a cgroup1 hierarchy"));
	/* Without a cgroup it is not the controller that is missing first. */
	p->err = (struct ins_error){ 0 };
	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	assert_int_equal(plan(p), -EOPNOTSUPP);
	assert_non_null(strstr(p->err.text, "linux.resources.pids.limit: cannot be enforced"));
	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	/* A plan that is only printed goes on. */
	p->builder.dry = true;
	assert_int_equal(plan(p), 0);
	assert_string_equal(find_op(p, INS_OP_CGROUP_LIMIT)->key, "linux.resources.memory.limit");
	p->builder.dry = false;
	r->pids_limit = -1;
	assert_int_equal(plan(p), 0);
}

/* What limits nothing may be said to a container without a cgroup, a limit may not. */
static void test_limits_without_cgroup(void **data)
{
	struct planned *p = *data;
	struct ins_spec_resources *r = &p->spec.resources;

	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	p->host.controllers = 1U << INS_CONTROLLER_PIDS;
	r->has_pids_limit = true;
	r->pids_limit = -1;
	assert_int_equal(plan(p), 0);
	assert_null(find_op(p, INS_OP_CGROUP_LIMIT));
	r->pids_limit = 1;
	assert_int_equal(plan(p), -EOPNOTSUPP);
	assert_string_equal(p->err.text, "linux.resources.pids.limit: cannot be enforced without a "
					 "cgroup of the container's own (linux.cgroupsPath, "
					 "--cgroup-manager)");
	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	p->host.euid = 1000;
	assert_int_equal(plan(p), -EOPNOTSUPP);
}

/* Who owns its cgroup is offered whatever there is. */
static void test_offered(void **data)
{
	static const struct ins_spec_mount mount = { .destination = "/sys/fs/cgroup",
		.type = "cgroup" };
	struct planned *p = *data;

	p->host.controllers = 1U << INS_CONTROLLER_CPU | 1U << INS_CONTROLLER_IO;
	p->spec.n_mounts = 1;
	p->spec.mounts = &mount;
	assert_int_equal(plan(p), 0);
	assert_int_equal(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.offered, 0);
	p->spec.namespaces[INS_NS_CGROUP].present = true;
	assert_int_equal(plan(p), 0);
	assert_int_equal(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.offered, p->host.controllers);
	assert_int_equal(find_op(p, INS_OP_CGROUP_CREATE)->cgroup.controllers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_paths),
		TEST(test_wrong_paths),
		TEST(test_managers),
		TEST(test_devices),
		TEST(test_owner),
		TEST(test_nothing_asked),
		TEST(test_limits),
		TEST(test_missing_controller),
		TEST(test_limits_without_cgroup),
		TEST(test_offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
