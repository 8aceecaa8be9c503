/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath, linux.resources and the cgroup's owner, in the plan. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "planner-fixture.h"

#define AT(path) LINUX("'cgroupsPath':'" path "'")

/* On a host with cgroup2, which has no controllers. */
static struct planned *with_cgroups(void **data)
{
	struct planned *p = *data;

	strcpy(p->host.cgroup_mount, "/cg");
	return p;
}

static void paths(void **data)
{
	static const char *const cases[][2] = {
		{ CONFIG(""), "/insula/c1" },
		{ AT(""), "/insula/c1" },
		{ AT("/a/b"), "/a/b" },
		{ AT("a/b"), "/a/b" },
		{ AT("//a///b//"), "/a/b" },
		{ AT("/a/..b/.c"), "/a/..b/.c" },
		{ AT("machine.slice:libpod:0123"), "/machine.slice:libpod:0123" },
	};
	struct planned *p = with_cgroups(data);

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		plan_with(p, ins_cgroup_plan, cases[i][0]);
		assert_string_equal(p->plan.cgroup, cases[i][1]);
		assert_string_equal(get_op(p, INS_OP_CGROUP_CREATE)->path, cases[i][1]);
	}
}

/* check_path - plan one that has not come through the parser, which would refuse some itself */
static void check_path(struct planned *p, const char *path, int code, const char *words)
{
	ins_spec_free(p->spec);
	p->spec = parse(CONFIG(""));
	p->spec->cgroups_path = path;
	p->builder.spec = p->spec;
	p->err = (struct ins_error){ 0 };
	assert_int_equal(ins_cgroup_plan(&p->builder, &p->err), -code);
	assert_string_equal(p->err.text, words);
}

static void wrong_paths(void **data)
{
	struct planned *p = with_cgroups(data);
	char longest[5000];

	check_path(p, "/a/../b", EINVAL, "linux.cgroupsPath: must not contain \"..\"");
	check_path(p, "..", EINVAL, "linux.cgroupsPath: must not contain \"..\"");
	check_path(p, "/a/.", EINVAL, "linux.cgroupsPath: must not contain \".\"");
	check_path(p, "/a\nb", EINVAL, "linux.cgroupsPath: has a control character in it");
	check_path(p, "///", EINVAL,
		"linux.cgroupsPath: the root of the hierarchy cannot be a container's cgroup");
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	check_path(p, longest, 0, "");
	longest[255] = 'x';
	longest[256] = '\0';
	check_path(p, longest, ENAMETOOLONG, "linux.cgroupsPath: a part is longer than 255 bytes");
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	check_path(p, longest, ENAMETOOLONG, "linux.cgroupsPath: longer than 4095 bytes");
}

#define DEVICES(rules) LINUX("'cgroupsPath':'/a','resources':{'devices':[" rules "]}")

static void managers(void **data)
{
	struct planned *p = with_cgroups(data);

	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	plan_with(p, ins_cgroup_plan, AT("/a"));
	assert_null(p->plan.cgroup);
	assert_int_equal(p->builder.n_staged, 0);
	assert_string_equal(p->note, "");
	plan_with(p, ins_cgroup_plan, DEVICES("{'allow':false,'access':'rwm'}"));
	assert_int_equal(p->builder.n_staged, 0);
	assert_non_null(strstr(p->note, "linux.resources.devices"));

	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	p->host.cgroup_mount[0] = '\0';
	assert_int_equal(run_planner(p, ins_cgroup_plan, AT("/a")), -EOPNOTSUPP);
}

static void devices(void **data)
{
	struct planned *p = with_cgroups(data);

	plan_with(p, ins_cgroup_plan, CONFIG(""));
	assert_true(get_op(p, INS_OP_CGROUP_DEVICES)->devices.n_instructions > 10);
	plan_with(p, ins_cgroup_plan, DEVICES("{'allow':true,'access':'rwm'}"));
	assert_null(find_op(p, INS_OP_CGROUP_DEVICES, 0));
}

/* A program of uid 12, to which a cgroup file system is mounted. */
#define MOUNTED(option, linux)                                                                \
	CONFIG(",'process':{'cwd':'/','args':['a'],'user':{'uid':12,'gid':0}},"               \
	       "'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup'," \
	       "'options':['nosuid','" option "']}],'linux':{" linux "}")
#define OWN_USERNS "'namespaces':[{'type':'cgroup'},{'type':'user'}]"
#define MAP                                             \
	"[{'containerID':0,'hostID':100000,'size':10}," \
	"{'containerID':10,'hostID':200000,'size':100}]"

static const struct ins_op *plan_create(struct planned *p, const char *config)
{
	plan_with(p, ins_cgroup_plan, config);
	return get_op(p, INS_OP_CGROUP_CREATE);
}

static void owner(void **data)
{
	struct planned *p = with_cgroups(data);
	const struct ins_op *op;

	assert_false(plan_create(p, MOUNTED("rw", ""))->cgroup.delegate);
	op = plan_create(p, MOUNTED("rw", "'namespaces':[{'type':'cgroup'}]"));
	assert_true(op->cgroup.own_namespace);
	assert_true(op->cgroup.delegate);
	assert_int_equal(op->cgroup.uid, 12);

	op = plan_create(p, MOUNTED("rw", OWN_USERNS ",'uidMappings':" MAP ",'gidMappings':" MAP));
	assert_true(op->cgroup.delegate);
	assert_int_equal(op->cgroup.uid, 200002);
	assert_int_equal(op->cgroup.gid, 100000);
	op = plan_create(p, MOUNTED("ro", OWN_USERNS ",'uidMappings':" MAP ",'gidMappings':" MAP));
	assert_false(op->cgroup.delegate);
	/* Nobody outside is uid 12 inside. */
	op = plan_create(p, MOUNTED("rw", OWN_USERNS ",'gidMappings':" MAP));
	assert_false(op->cgroup.delegate);
}

static void nothing_asked(void **data)
{
	plan_with(with_cgroups(data), ins_cgroup_plan,
		RESOURCES("'memory':{'limit':-1,'reservation':-1,'swap':-1,'useHierarchy':true,"
			  "'disableOOMKiller':false,'checkBeforeUpdate':false},"
			  "'cpu':{'shares':1024,'quota':-1,'period':100000,'idle':0,'cpus':'',"
			  "'mems':''},'pids':{'limit':-1}"));
}

static void limits(void **data)
{
	const uint32_t memory = 1U << INS_CONTROLLER_MEMORY, pids = 1U << INS_CONTROLLER_PIDS;
	struct planned *p = with_cgroups(data);
	const struct ins_op *op;

	p->host.controllers = memory | pids;
	op = plan_create(p, RESOURCES("'memory':{'limit':4096,'swap':-1},'pids':{'limit':5}"));
	assert_int_equal(op->cgroup.controllers, memory | pids);
	assert_int_equal(op->cgroup.offered, 0);
	assert_ptr_equal(op + 1, get_op(p, INS_OP_CGROUP_LIMIT));
	op++;
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
	plan_with(p, ins_cgroup_plan, RESOURCES("'cpu':{'quota':5000}"));
	assert_int_equal(get_op(p, INS_OP_CGROUP_LIMIT)->stage, INS_STAGE_PREPARE);
}

static void missing_controller(void **data)
{
	static const char config[] = RESOURCES("'memory':{'limit':-1},'pids':{'limit':0}");
	struct planned *p = with_cgroups(data);

	p->host.controllers_v1 = 1U << INS_CONTROLLER_PIDS;
	assert_int_equal(run_planner(p, ins_cgroup_plan, config), -EOPNOTSUPP);
	assert_non_null(strstr(p->err.text, "linux.resources.pids.limit: cgroup2 has no pids "
					    "controller here: it is on a cgroup1 hierarchy"));
	/* Without a cgroup it is not the controller that is missing first. */
	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	assert_int_equal(run_planner(p, ins_cgroup_plan, config), -EOPNOTSUPP);
	assert_non_null(strstr(p->err.text, "linux.resources.pids.limit: cannot be enforced"));
	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	/* A plan that is only printed goes on. */
	p->builder.dry = true;
	plan_with(p, ins_cgroup_plan, config);
	assert_string_equal(get_op(p, INS_OP_CGROUP_LIMIT)->key, "linux.resources.memory.limit");
	p->builder.dry = false;
	plan_with(p, ins_cgroup_plan, RESOURCES("'memory':{'limit':-1},'pids':{'limit':-1}"));
}

/* What limits nothing may be said to a container without a cgroup, a limit may not. */
static void limits_without_cgroup(void **data)
{
	struct planned *p = with_cgroups(data);

	p->builder.cgroup_manager = INS_CGROUP_DISABLED;
	p->host.controllers = 1U << INS_CONTROLLER_PIDS;
	plan_with(p, ins_cgroup_plan, RESOURCES("'pids':{'limit':-1}"));
	assert_null(find_op(p, INS_OP_CGROUP_LIMIT, 0));
	refuse_plan(p, ins_cgroup_plan, RESOURCES("'pids':{'limit':1}"), EOPNOTSUPP,
		"linux.resources.pids.limit: cannot be enforced without a cgroup of the "
		"container's own (linux.cgroupsPath, --cgroup-manager)");
	p->builder.cgroup_manager = INS_CGROUP_CGROUPFS;
	p->host.euid = 1000;
	assert_int_equal(
		run_planner(p, ins_cgroup_plan, RESOURCES("'pids':{'limit':1}")), -EOPNOTSUPP);
}

/* Who owns its cgroup is offered whatever there is. */
static void offered(void **data)
{
	struct planned *p = with_cgroups(data);
	const struct ins_op *op;

	p->host.controllers = 1U << INS_CONTROLLER_CPU | 1U << INS_CONTROLLER_IO;
	assert_int_equal(plan_create(p, MOUNTED("rw", ""))->cgroup.offered, 0);
	op = plan_create(p, MOUNTED("rw", "'namespaces':[{'type':'cgroup'}]"));
	assert_int_equal(op->cgroup.offered, p->host.controllers);
	assert_int_equal(op->cgroup.controllers, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(paths),
		plan_test(wrong_paths),
		plan_test(managers),
		plan_test(devices),
		plan_test(owner),
		plan_test(nothing_asked),
		plan_test(limits),
		plan_test(missing_controller),
		plan_test(limits_without_cgroup),
		plan_test(offered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
