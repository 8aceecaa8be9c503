/* SPDX-License-Identifier: Apache-2.0 */
/* linux.intelRdt: the plan, and what is written, in a directory that stands for a mounted resctrl. No
 * machine that is not a server has the real one. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cgroup/rdt.h"
#include "planner-fixture.h"
#include "plan/run.h"

#define RDT(text) CONFIG(",'linux':{'intelRdt':{" text "}}")

int __wrap_mkdirat(int directory, const char *name, mode_t mode);

static void make_file(const char *directory, const char *name, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* A new group has its files at once. */
static void make_group(const char *path, const char *schemata)
{
	char below[512];

	assert_int_equal(mkdir(path, 0755), 0);
	make_file(path, "schemata", schemata);
	make_file(path, "tasks", "");
	snprintf(below, sizeof(below), "%s/mon_groups", path);
	assert_int_equal(mkdir(below, 0755), 0);
}

int __wrap_mkdirat(int directory, const char *name, mode_t mode)
{
	char path[512];

	(void)mode;
	if (faccessat(directory, name, F_OK, 0) == 0) {
		errno = EEXIST;
		return -1;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, name);
	make_group(path, "");
	return 0;
}

struct rdt {
	struct planned *planned;
	struct ins_run run;
	char announced[256]; /* what the record would say was made */
	unsigned int n_announced;
};

static int set_up(void **data)
{
	struct rdt *rdt = calloc(1, sizeof(*rdt));

	if (set_up_planner((void **)&rdt->planned) < 0)
		return -1;
	strcpy(rdt->planned->host.resctrl_mount, "/tmp/insula-test-rdt-XXXXXX");
	if (!mkdtemp(rdt->planned->host.resctrl_mount))
		return -1;
	rdt->run.pid = 4711;
	*data = rdt;
	return 0;
}

static int tear_down(void **data)
{
	struct rdt *rdt = *data;
	char command[320];
	int r;

	snprintf(command, sizeof(command), "rm -r %s", rdt->planned->host.resctrl_mount);
	r = system(command);
	tear_down_planner((void **)&rdt->planned);
	free(rdt);
	return r;
}

static struct rdt *announcing;

static int announce(struct ins_run *run, struct ins_error *err)
{
	(void)err;
	assert_int_equal(access(run->rdt_made, F_OK), -1);
	snprintf(announcing->announced, sizeof(announcing->announced), "%s", run->rdt_made);
	announcing->n_announced++;
	return 0;
}

static int assign(struct rdt *rdt, const char *config)
{
	struct planned *p = rdt->planned;

	plan_with(p, ins_rdt_plan, config);
	announcing = rdt;
	rdt->run.rdt_will_be_used = announce;
	return ins_rdt_assign_op(&rdt->run, get_op(p, INS_OP_RDT_ASSIGN), &p->err);
}

static const char *in_mount(const struct rdt *rdt, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", rdt->planned->host.resctrl_mount, name);
	return path;
}

/* The last thing that was written: a file of resctrl takes each write by itself. */
static void expect_file(const struct rdt *rdt, const char *name, const char *expected)
{
	struct ins_error err = { 0 };
	char *text;

	assert_int_equal(ins_file_read(AT_FDCWD, in_mount(rdt, name), 4096, &text, NULL, &err), 0);
	assert_string_equal(text, expected);
	free(text);
}

static void test_plan(void **data)
{
	const struct rdt *rdt = *data;
	struct planned *p = rdt->planned;
	const struct ins_op *op;

	plan_with(p, ins_rdt_plan, CONFIG(""));
	assert_int_equal(p->builder.n_staged, 0);
	plan_with(p, ins_rdt_plan,
		RDT("'closID':'gold','l3CacheSchema':'L3:0=f\\nMB:0=1\\nL3:1=3','memBwSchema':'MB:"
		    "0=20',"
		    "'schemata':['L2:0=f'],'enableMonitoring':true"));
	expect_ops(p, INS_STAGE_CREATED, "RDT_ASSIGN");
	op = get_op(p, INS_OP_RDT_ASSIGN);
	assert_string_equal(op->path, in_mount(rdt, "gold"));
	assert_string_equal(op->rdt.schema, "L3:0=f\nL3:1=3\nMB:0=20\n");
	assert_string_equal(op->rdt.schemata.v[0], "L2:0=f");
	assert_string_equal(op->rdt.monitor, in_mount(rdt, "gold/mon_groups/c1"));
	assert_true(op->rdt.may_make && !op->rdt.is_own);
	assert_true(is_in_arena(p, op->rdt.schema) && is_in_arena(p, op->rdt.monitor));
	plan_with(p, ins_rdt_plan, RDT("'l3CacheSchema':''"));
	op = get_op(p, INS_OP_RDT_ASSIGN);
	assert_string_equal(op->path, in_mount(rdt, "c1"));
	assert_null(op->rdt.schema);
	assert_null(op->rdt.monitor);
	assert_true(op->rdt.may_make && op->rdt.is_own);
	plan_with(p, ins_rdt_plan, RDT("'closID':'/'"));
	assert_string_equal(get_op(p, INS_OP_RDT_ASSIGN)->path, p->host.resctrl_mount);
	plan_with(p, ins_rdt_plan, RDT("'closID':'gold'"));
	assert_false(get_op(p, INS_OP_RDT_ASSIGN)->rdt.may_make);
}

static void test_no_mount(void **data)
{
	const struct rdt *rdt = *data;
	struct planned *p = rdt->planned;
	char mount[sizeof(p->host.resctrl_mount)];

	memcpy(mount, p->host.resctrl_mount, sizeof(mount));
	p->host.resctrl_mount[0] = '\0';
	refuse_plan(p, ins_rdt_plan, RDT("'closID':'gold'"), EOPNOTSUPP,
		"linux.intelRdt: no resctrl file system is mounted, or the processor has no such "
		"thing");
	p->builder.dry = true;
	plan_with(p, ins_rdt_plan, RDT("'closID':'gold'"));
	assert_string_equal(get_op(p, INS_OP_RDT_ASSIGN)->path, "/sys/fs/resctrl/gold");
	memcpy(p->host.resctrl_mount, mount, sizeof(mount));
}

/* A group of the container's own is made, named in the record before, and taken back on failure. */
static void test_own_group(void **data)
{
	struct rdt *rdt = *data;

	assert_int_equal(
		assign(rdt, RDT("'schemata':['L3:0=f','MB:0=20'],'enableMonitoring':true")), 0);
	assert_string_equal(rdt->announced, in_mount(rdt, "c1"));
	assert_int_equal(rdt->n_announced, 1);
	assert_string_equal(rdt->run.rdt_group, in_mount(rdt, "c1"));
	expect_file(rdt, "c1/schemata", "MB:0=20\n");
	expect_file(rdt, "c1/tasks", "4711\n");
	expect_file(rdt, "c1/mon_groups/c1/tasks", "4711\n");
	assert_int_equal(rdt->run.undo.n, 1);
	ins_undo_forget(&rdt->run.undo);
	/* The name is taken: whose it is cannot be known. */
	rdt->run.rdt_made = NULL;
	assert_int_equal(assign(rdt, RDT("")), -EEXIST);
	assert_int_equal(rdt->run.undo.n, 0);
}

static void test_new_named_group(void **data)
{
	struct rdt *rdt = *data;

	assert_int_equal(assign(rdt, RDT("'closID':'gold','memBwSchema':'MB:0=20'")), 0);
	assert_string_equal(rdt->announced, in_mount(rdt, "gold"));
	expect_file(rdt, "gold/schemata", "MB:0=20\n");
	expect_file(rdt, "gold/tasks", "4711\n");
	ins_undo_forget(&rdt->run.undo);
}

static void test_existing_group(void **data)
{
	struct rdt *rdt = *data;
	struct ins_error *err = &rdt->planned->err;

	assert_int_equal(assign(rdt, RDT("'closID':'gold'")), -ENOENT);
	make_group(in_mount(rdt, "gold"), "    MB:0=100\n    L3:0=fff;1=f\n");
	assert_int_equal(assign(rdt, RDT("'closID':'gold'")), 0);
	expect_file(rdt, "gold/tasks", "4711\n");
	assert_int_equal(rdt->n_announced, 0);
	assert_int_equal(rdt->run.undo.n, 0);
	assert_int_equal(assign(rdt, RDT("'closID':'gold','l3CacheSchema':'L3:0=fff;1=f'")), 0);
	expect_file(rdt, "gold/schemata", "    MB:0=100\n    L3:0=fff;1=f\n");
	assert_int_equal(
		assign(rdt, RDT("'closID':'gold','l3CacheSchema':'L3:0=ff;1=f'")), -EINVAL);
	assert_string_equal(
		err->text, "the group is there, and \"L3:0=ff;1=f\" is no line of its schemata");
	/* Only what is made goes when the container does: here the group that counts. */
	assert_int_equal(assign(rdt, RDT("'closID':'gold','enableMonitoring':true")), 0);
	assert_string_equal(rdt->announced, in_mount(rdt, "gold/mon_groups/c1"));
	expect_file(rdt, "gold/mon_groups/c1/tasks", "4711\n");
	assert_int_equal(rdt->run.undo.n, 1);
	ins_undo_forget(&rdt->run.undo);
}

static void test_root_group(void **data)
{
	struct rdt *rdt = *data;

	make_file(rdt->planned->host.resctrl_mount, "tasks", "");
	assert_int_equal(assign(rdt, RDT("'closID':'/'")), 0);
	expect_file(rdt, "tasks", "4711\n");
	assert_int_equal(rdt->n_announced, 0);
}

/* The kernel's reason is part of ours. */
static void test_refused_line(void **data)
{
	struct rdt *rdt = *data;

	make_group(in_mount(rdt, "gold"), "");
	assert_int_equal(mkdir(in_mount(rdt, "info"), 0755), 0);
	make_file(in_mount(rdt, "info"), "last_cmd_status", "no such cache\n");
	assert_int_equal(unlink(in_mount(rdt, "gold/schemata")), 0);
	assert_int_equal(assign(rdt, RDT("'closID':'gold','schemata':['L9:0=f']")), -ENOENT);
	assert_string_equal(rdt->planned->err.text,
		"write \"L9:0=f\" to schemata: no such cache: No such file or directory");
}

static void test_update(void **data)
{
	struct rdt *rdt = *data;
	struct ins_error err = { 0 };
	char *text;

	assert_int_equal(ins_rdt_schema(NULL, NULL, &text, &err), 0);
	assert_null(text);
	assert_int_equal(ins_rdt_schema("L3:0=f\n", "MB:0=20", &text, &err), 0);
	assert_string_equal(text, "L3:0=f\nMB:0=20\n");
	make_group(in_mount(rdt, "gold"), "");
	assert_int_equal(ins_rdt_write(in_mount(rdt, "gold"), text, &err), 0);
	/* Two writes; a file keeps what the longer one left. */
	expect_file(rdt, "gold/schemata", "MB:0=20\n");
	free(text);
	assert_int_equal(ins_rdt_write(in_mount(rdt, "none"), "L3:0=f\n", &err), -ENOENT);
	assert_int_equal(ins_rdt_remove(in_mount(rdt, "none"), &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plan),
		TEST(test_no_mount),
		TEST(test_own_group),
		TEST(test_new_named_group),
		TEST(test_existing_group),
		TEST(test_root_group),
		TEST(test_refused_line),
		TEST(test_update),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
