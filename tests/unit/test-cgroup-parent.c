/* SPDX-License-Identifier: Apache-2.0 */
/* Making the container's cgroup, and taking it back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <cmocka.h>

#include "cgroup-fixture.h"
#include "cgroup/limits.h"
#include "plan/run.h"

static int announced, announce_result;

static int note_made(struct ins_run *run, unsigned int made, struct ins_error *err)
{
	(void)run;
	(void)err;
	announced = (int)made;
	return announce_result;
}

struct made {
	struct ins_plan plan;
	struct ins_run run;
	struct ins_op op;
	char path[512];
};

static void prepare(struct made *made, const struct fixture *fixture, const char *sub)
{
	memset(made, 0, sizeof(*made));
	snprintf(made->path, sizeof(made->path), "%s/%s", fixture->path, sub);
	made->plan.cgroup = made->path;
	made->plan.id = "box";
	made->run = (struct ins_run){ .plan = &made->plan,
		.state_root = "/nowhere",
		.host = &fixture->host,
		.cgroup_fd = -1,
		.cgroup_will_be_made = note_made };
	made->op = (struct ins_op){ .path = made->path };
	announced = -1;
	announce_result = 0;
}

static void finish(struct made *made)
{
	made->run.cgroup_fd = ins_close(made->run.cgroup_fd);
	ins_undo_forget(&made->run.undo);
	if (made->run.limits_before)
		ins_limits_forget(made->run.limits_before);
	free(made->run.limits_before);
	made->run.limits_before = NULL;
}

static void test_create(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;

	NEEDS_CGROUP(fixture);
	prepare(&made, fixture, "a/b/c");
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), 0);
	assert_int_equal(announced, 3);
	assert_true(cgroup_exists(fixture, "a/b/c"));
	assert_int_equal(faccessat(made.run.cgroup_fd, "cgroup.procs", F_OK, 0), 0);
	/* a hook, or the container itself, is still in it */
	start_sleeper(made.run.cgroup_fd);
	ins_undo_run(&made.run.undo);
	assert_false(cgroup_exists(fixture, "a"));
	assert_int_equal(access(fixture->full, F_OK), 0);
	assert_true(waitpid(-1, NULL, 0) > 0);
	finish(&made);
}

static void test_create_below_existing(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "a");
	prepare(&made, fixture, "a/b");
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), 0);
	assert_int_equal(announced, 1);
	ins_undo_run(&made.run.undo);
	assert_true(cgroup_exists(fixture, "a"));
	assert_false(cgroup_exists(fixture, "a/b"));
	finish(&made);
}

/* One that the caller has made is used, and stays. */
static void test_create_existing(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "a");
	prepare(&made, fixture, "a");
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), 0);
	assert_int_equal(announced, 0);
	start_sleeper(made.run.cgroup_fd);
	ins_undo_run(&made.run.undo);
	assert_true(cgroup_exists(fixture, "a"));
	assert_true(waitpid(-1, NULL, 0) > 0);
	finish(&made);
}

static void test_not_empty(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;
	int status;
	pid_t pid;

	NEEDS_CGROUP(fixture);
	prepare(&made, fixture, "");
	pid = start_sleeper(fixture->fd);
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), -EBUSY);
	assert_string_equal(err.text, "container's cgroup is not empty: 1 process(es) found");
	/* nothing of it is ours: not announced, not killed */
	assert_int_equal(announced, -1);
	assert_int_equal(made.run.undo.n, 0);
	ins_undo_run(&made.run.undo);
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	finish(&made);
}

static void test_frozen(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;

	NEEDS_CGROUP(fixture);
	assert_int_equal(ins_cgroup_freeze(fixture->fd, true, &err), 0);
	for (int i = 0; i < 2; i++) {
		/* itself, or one above it */
		prepare(&made, fixture, i == 0 ? "" : "a");
		memset(&err, 0, sizeof(err));
		assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), -EBUSY);
		assert_non_null(
			strstr(err.text, "container's cgroup unexpectedly frozen: somebody"));
		ins_undo_run(&made.run.undo);
		assert_false(cgroup_exists(fixture, "a"));
		finish(&made);
	}
}

/* Part of the way is made when it goes wrong. */
static void test_create_fails(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;

	NEEDS_CGROUP(fixture);
	prepare(&made, fixture, "a/cgroup.procs/c");
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), -ENOTDIR);
	assert_string_equal(err.text, "make the cgroup cgroup.procs: Not a directory");
	assert_false(cgroup_exists(fixture, "a"));
	assert_int_equal(made.run.undo.n, 0);
	finish(&made);

	prepare(&made, fixture, "a/b");
	announce_result = -ENOSPC;
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), -ENOSPC);
	assert_false(cgroup_exists(fixture, "a"));
	finish(&made);
}

static void test_limit_on_descendants(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;
	int fd;

	NEEDS_CGROUP(fixture);
	fd = openat(fixture->fd, "cgroup.max.descendants", O_WRONLY);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
	prepare(&made, fixture, "a/b");
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), -EAGAIN);
	assert_string_equal(err.text, "make the cgroup b: Resource temporarily unavailable");
	assert_false(cgroup_exists(fixture, "a"));
	finish(&made);
}

static void test_delegate(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;
	struct stat st;

	NEEDS_CGROUP(fixture);
	prepare(&made, fixture, "a");
	made.op.cgroup.delegate = true;
	made.op.cgroup.uid = 12345;
	made.op.cgroup.gid = 6789;
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), 0);
	assert_int_equal(fstat(made.run.cgroup_fd, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(st.st_gid, 0);
	assert_int_equal(fstatat(made.run.cgroup_fd, "cgroup.procs", &st, 0), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(fstatat(made.run.cgroup_fd, "cgroup.freeze", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
	ins_undo_run(&made.run.undo);
	finish(&made);
}

static void test_open_for_mount(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	struct made made;
	struct stat here, there;
	struct statfs s;
	int slot = -1;

	NEEDS_CGROUP(fixture);
	prepare(&made, fixture, "a");
	made.run.slots = &slot;
	made.op.slot = 0;
	assert_int_equal(ins_cgroup_create_op(&made.run, &made.op, &err), 0);
	assert_int_equal(ins_cgroup_open_op(&made.run, &made.op, &err), 0);
	assert_int_equal(fstatfs(slot, &s), 0);
	assert_int_equal(s.f_type, CGROUP2_SUPER_MAGIC);
	assert_int_equal(fstat(slot, &there), 0);
	assert_int_equal(fstat(made.run.cgroup_fd, &here), 0);
	assert_int_equal(here.st_ino, there.st_ino);
	close(slot);
	ins_undo_run(&made.run.undo);
	finish(&made);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_cgroup, tear_down_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_create),
		TEST(test_create_below_existing),
		TEST(test_create_existing),
		TEST(test_not_empty),
		TEST(test_frozen),
		TEST(test_create_fails),
		TEST(test_limit_on_descendants),
		TEST(test_delegate),
		TEST(test_open_for_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
