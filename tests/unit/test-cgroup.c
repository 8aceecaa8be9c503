/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs' side of cgroups, on real ones. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cgroup-fixture.h"

static void test_open(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	int fd = -1;

	NEEDS_CGROUP(fixture);
	assert_int_equal(
		ins_cgroup_open(fixture->host.cgroup_mount, "/insula-none/x", &fd, &err), -ENOENT);
	assert_string_equal(err.text, "open the cgroup /insula-none/x: No such file or directory");
	assert_int_equal(fd, -1);
	memset(&err, 0, sizeof(err));
	assert_int_equal(ins_cgroup_open("/tmp", "/", &fd, &err), -EINVAL);
	assert_string_equal(err.text, "/tmp is not a cgroup2 hierarchy");
	memset(&err, 0, sizeof(err));
	assert_int_equal(
		ins_cgroup_open(fixture->host.cgroup_mount, "/../../../tmp", &fd, &err), -EXDEV);
}

static void test_sub(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	int fd;

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "a");
	make_cgroup(fixture, "a/b");
	fd = fcntl(fixture->fd, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(ins_cgroup_open_sub(&fd, "/a/b", &err), 0);
	assert_int_equal(faccessat(fd, "cgroup.procs", F_OK, 0), 0);
	assert_int_equal(ins_cgroup_open_sub(&fd, "../../..", &err), -EINVAL);
	assert_string_equal(err.text, "../../.. leads out of the container's cgroup");
	memset(&err, 0, sizeof(err));
	assert_int_equal(ins_cgroup_open_sub(&fd, "none", &err), -ENOENT);
	assert_int_equal(faccessat(fd, "cgroup.procs", F_OK, 0), 0);
	close(fd);
}

static void test_freeze(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	bool frozen;
	int status;
	pid_t pid;

	NEEDS_CGROUP(fixture);
	pid = start_sleeper(fixture->fd);
	assert_int_equal(ins_cgroup_is_frozen(fixture->fd, &frozen, &err), 0);
	assert_false(frozen);
	assert_int_equal(ins_cgroup_freeze(fixture->fd, true, &err), 0);
	assert_int_equal(ins_cgroup_is_frozen(fixture->fd, &frozen, &err), 0);
	assert_true(frozen);
	assert_int_equal(ins_cgroup_wait_empty(fixture->fd, 20, &err), -ETIMEDOUT);
	assert_string_equal(
		err.text, "wait for the end of the container's processes: Connection timed out");
	memset(&err, 0, sizeof(err));
	assert_int_equal(ins_cgroup_freeze(fixture->fd, false, &err), 0);
	assert_int_equal(ins_cgroup_is_frozen(fixture->fd, &frozen, &err), 0);
	assert_false(frozen);
	/* A frozen process can be killed. */
	assert_int_equal(ins_cgroup_freeze(fixture->fd, true, &err), 0);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(ins_cgroup_wait_empty(fixture->fd, 5000, &err), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void test_pids(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	pid_t started[3], *pids;
	size_t n;
	int child;

	NEEDS_CGROUP(fixture);
	assert_int_equal(ins_cgroup_pids(fixture->fd, &pids, &n, &err), 0);
	assert_int_equal(n, 0);
	free(pids);
	make_cgroup(fixture, "a");
	make_cgroup(fixture, "a/b");
	child = fcntl(fixture->fd, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(ins_cgroup_open_sub(&child, "a/b", &err), 0);
	started[0] = start_sleeper(child);
	started[1] = start_sleeper(fixture->fd);
	started[2] = start_sleeper(child);
	assert_int_equal(ins_cgroup_pids(fixture->fd, &pids, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_memory_equal(pids, started, sizeof(started));
	free(pids);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(waitpid(started[i], NULL, 0), started[i]);
	assert_int_equal(ins_cgroup_wait_empty(fixture->fd, 5000, &err), 0);
	close(child);
}

static void test_remove(void **data)
{
	struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	char path[256];

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "parent");
	make_cgroup(fixture, "parent/own");
	make_cgroup(fixture, "parent/own/guest");
	make_cgroup(fixture, "parent/own/guest/more");
	make_cgroup(fixture, "parent/own/other");
	make_cgroup(fixture, "sibling");
	snprintf(path, sizeof(path), "%s/parent/own", fixture->path);
	/* made by somebody else: only what the guest made goes */
	assert_int_equal(ins_cgroup_remove(fixture->host.cgroup_mount, path, 0, &err), 0);
	assert_false(cgroup_exists(fixture, "parent/own/guest"));
	assert_true(cgroup_exists(fixture, "parent/own"));
	/* all three are ours, but the uppermost is not empty */
	assert_int_equal(ins_cgroup_remove(fixture->host.cgroup_mount, path, 3, &err), 0);
	assert_false(cgroup_exists(fixture, "parent"));
	assert_true(cgroup_exists(fixture, "sibling"));
	/* gone is gone */
	assert_int_equal(ins_cgroup_remove(fixture->host.cgroup_mount, path, 2, &err), 0);
	/* more than there is */
	snprintf(path, sizeof(path), "%s/sibling", fixture->path);
	assert_int_equal(ins_cgroup_remove(fixture->host.cgroup_mount, path, 9, &err), 0);
	assert_int_equal(access(fixture->full, F_OK), -1);
	assert_int_equal(access(fixture->host.cgroup_mount, F_OK), 0);
}

static void test_remove_busy(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	char expected[256];
	pid_t pid;

	NEEDS_CGROUP(fixture);
	pid = start_sleeper(fixture->fd);
	assert_int_equal(
		ins_cgroup_remove(fixture->host.cgroup_mount, fixture->path, 1, &err), -EBUSY);
	snprintf(expected, sizeof(expected), "remove the cgroup %s: Device or resource busy",
		fixture->path);
	assert_string_equal(err.text, expected);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_remove_empty(void **data)
{
	const struct fixture *fixture = *data;
	const char *mount = fixture->host.cgroup_mount;
	char path[256];
	pid_t pid;

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "parent");
	make_cgroup(fixture, "parent/own");
	make_cgroup(fixture, "parent/own/guest");
	make_cgroup(fixture, "sibling");
	snprintf(path, sizeof(path), "%s/parent/own", fixture->path);
	assert_false(ins_cgroup_remove_empty(mount, path, 2));
	assert_true(cgroup_exists(fixture, "parent/own/guest"));
	snprintf(path, sizeof(path), "%s/parent/own/guest", fixture->path);
	assert_false(ins_cgroup_remove_empty(mount, path, 0));
	assert_true(cgroup_exists(fixture, "parent/own/guest"));
	/* all four are ours, but the uppermost is not empty */
	assert_true(ins_cgroup_remove_empty(mount, path, 4));
	assert_false(cgroup_exists(fixture, "parent"));
	assert_true(cgroup_exists(fixture, "sibling"));
	assert_true(ins_cgroup_remove_empty(mount, path, 4));
	pid = start_sleeper(fixture->fd);
	assert_false(ins_cgroup_remove_empty(mount, fixture->path, 1));
	assert_int_equal(ins_cgroup_kill(fixture->fd, NULL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A guest with a cgroup of its own may dig deep. */
static void test_remove_deep(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	pid_t pid, *pids;
	size_t n;
	int fd;

	NEEDS_CGROUP(fixture);
	fd = fcntl(fixture->fd, F_DUPFD_CLOEXEC, 3);
	for (int i = 0; i < 1100; i++) {
		if (mkdirat(fd, "deeper", 0755) < 0)
			break; /* cgroup.max.depth of the host */
		assert_int_equal(ins_cgroup_open_sub(&fd, "deeper", &err), 0);
	}
	pid = start_sleeper(fd);
	close(fd);
	assert_int_equal(ins_cgroup_pids(fixture->fd, &pids, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(pids[0], pid);
	free(pids);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(ins_cgroup_remove(fixture->host.cgroup_mount, fixture->path, 1, &err), 0);
	assert_int_equal(access(fixture->full, F_OK), -1);
}

/* What is removed while it is open is gone for each verb. */
static void test_gone(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	bool frozen;

	NEEDS_CGROUP(fixture);
	assert_int_equal(rmdir(fixture->full), 0);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(ins_cgroup_wait_empty(fixture->fd, 100, &err), 0);
	assert_true(ins_cgroup_is_frozen(fixture->fd, &frozen, &err) < 0);
	memset(&err, 0, sizeof(err));
	assert_true(ins_cgroup_freeze(fixture->fd, true, &err) < 0);
	assert_int_equal(strncmp(err.text, "freeze the container's cgroup: ", 31), 0);
}

/* A number that has passed to another process: here it is that of one outside of the cgroup. */
static void test_signal(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };
	pid_t pids[3];
	size_t n;
	int status, inside = -1;

	NEEDS_CGROUP(fixture);
	make_cgroup(fixture, "inside");
	inside = fcntl(fixture->fd, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(ins_cgroup_open_sub(&inside, "inside", &err), 0);
	pids[0] = start_sleeper(inside);
	pids[1] = start_sleeper(fixture->fd);
	pids[2] = start_sleeper(inside);
	assert_int_equal(ins_cgroup_signal_members(inside, pids, 3, SIGUSR1, &err), 0);
	for (int i = 0; i < 3; i += 2) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(WTERMSIG(status), SIGUSR1);
	}
	assert_int_equal(waitpid(pids[1], NULL, WNOHANG), 0);
	assert_int_equal(ins_cgroup_signal_members(inside, pids, 3, SIGUSR1, &err), 0);
	assert_int_equal(ins_cgroup_signal(fixture->fd, SIGTERM, &n, &err), 0);
	assert_int_equal(n, 1);
	assert_int_equal(waitpid(pids[1], &status, 0), pids[1]);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(ins_cgroup_wait_empty(fixture->fd, 5000, &err), 0);
	assert_int_equal(ins_cgroup_signal(fixture->fd, SIGTERM, &n, &err), 0);
	assert_int_equal(n, 0);
	close(inside);
}

static void test_claim(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_error err = { 0 };

	NEEDS_CGROUP(fixture);
	assert_int_equal(ins_cgroup_claim(fixture->fd, "/proc", "sys", &err), 0);
	assert_int_equal(ins_cgroup_claim(fixture->fd, "/sys", "kernel", &err), -EBUSY);
	assert_string_equal(
		err.text, "it is the cgroup of the container with the state directory /proc/sys");
	memset(&err, 0, sizeof(err));
	ins_cgroup_disclaim(fixture->fd);
	/* A container that is not there is none. */
	assert_int_equal(ins_cgroup_claim(fixture->fd, "/nowhere", "box", &err), 0);
	assert_int_equal(ins_cgroup_claim(fixture->fd, "/sys", "kernel", &err), 0);
	assert_int_equal(ins_cgroup_claim(fixture->fd, "/proc", "sys", NULL), -EBUSY);
	assert_true(ins_cgroup_is_claimed_by(fixture->fd, "/sys", "kernel"));
	assert_false(ins_cgroup_is_claimed_by(fixture->fd, "/proc", "sys"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_cgroup, tear_down_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_open),
		TEST(test_sub),
		TEST(test_freeze),
		TEST(test_pids),
		TEST(test_signal),
		TEST(test_claim),
		TEST(test_remove),
		TEST(test_remove_busy),
		TEST(test_remove_empty),
		TEST(test_remove_deep),
		TEST(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
