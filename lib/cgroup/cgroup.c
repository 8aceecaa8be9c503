/* SPDX-License-Identifier: Apache-2.0 */
/* cgroups as the verbs see them: opened, frozen, thawed, killed, awaited. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cgroup/directory.h"
#include "cgroup/stats.h"

/* How long a process may need to reach a point where it can be stopped. */
#define FREEZE_TIMEOUT_MS 10000

/* Killed processes are mostly gone after this time; if not, each of them is killed once more, so
 * often. */
#define KILL_ROUND_MS 50
#define KILL_ROUNDS   8

/* Paths of cgroups are at most 4096 bytes long, and a process has one in each hierarchy. */
#define LARGEST_MEMBERSHIP ((size_t)1 << 20)

int ins_cgroup_open(const char *mount, const char *path, int *ret_fd, struct ins_error *err)
{
	cleanup_fd int top = ins_cgroup_open_mount(mount, err);
	int fd;

	if (top < 0)
		return top;
	fd = ins_cgroup_open_own(top, path);
	if (fd < 0)
		return ins_error_set(err, -fd, "open the cgroup %s", path);
	*ret_fd = fd;
	return 0;
}

int ins_cgroup_open_sub(int *fd, const char *sub, struct ins_error *err)
{
	int below = ins_cgroup_open_beneath(*fd, sub, O_RDONLY);

	if (below == -EXDEV || below == -ELOOP)
		return ins_error_text(err, EINVAL, "%s leads out of the container's cgroup", sub);
	if (below < 0)
		return ins_error_set(err, -below, "open %s below the cgroup of the container", sub);
	ins_close(*fd);
	*fd = below;
	return 0;
}

int ins_cgroup_open_leaf(int *fd, const char *path, pid_t pid, struct ins_error *err)
{
	cleanup_free char *controllers = NULL, *text = NULL;
	size_t length = strlen(path);
	char proc[32], *line;
	int r = ins_cgroup_read(*fd, "cgroup.subtree_control", 4096, &controllers);

	if (r < 0)
		return ins_error_set(
			err, -r, "read cgroup.subtree_control of the container's cgroup");
	if (controllers[strspn(controllers, " \n")] == '\0')
		return 0;
	snprintf(proc, sizeof(proc), "/proc/%d/cgroup", (int)pid);
	r = ins_file_read(AT_FDCWD, proc, LARGEST_MEMBERSHIP, &text, NULL, err);
	if (r < 0)
		return r;
	/* The line "0::/path" is cgroup2's, and the last (cgroups(7)). */
	line = strstr(text, "0::");
	while (line && line != text && line[-1] != '\n')
		line = strstr(line + 1, "0::");
	if (!line || strncmp(line + 3, path, length) != 0 || line[3 + length] != '/')
		return 0;
	line += 3 + length;
	line[strcspn(line, "\n")] = '\0';
	return ins_cgroup_open_sub(fd, line, err);
}

/* One value of an open cgroup.events: lines "populated 1", "frozen 0". */
static int read_event(int fd, const char *name, bool *ret_value)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t value;

	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (!ins_stat_find(text, name, &value))
		return -ENODATA;
	*ret_value = value;
	return 0;
}

static int read_cgroup_event(int cgroup, const char *name, bool *ret_value)
{
	cleanup_fd int fd = ins_cgroup_open_entry(cgroup, "cgroup.events", O_RDONLY);

	return fd < 0 ? fd : read_event(fd, name, ret_value);
}

/* Sleep until an event has the wanted value: a change is told by poll(2). −ETIMEDOUT. */
static int wait_event(int cgroup, const char *name, bool wanted, int timeout)
{
	cleanup_fd int fd = ins_cgroup_open_entry(cgroup, "cgroup.events", O_RDONLY);
	uint64_t end = ins_clock_now() + (uint64_t)timeout * INS_MILLISECOND;

	if (fd < 0)
		return fd;
	for (;;) {
		struct pollfd events = { .fd = fd, .events = POLLPRI };
		bool value = false;
		int left, r = read_event(fd, name, &value);

		if (r < 0 || value == wanted)
			return r;
		left = ins_clock_left(end);
		if (left == 0)
			return -ETIMEDOUT;
		if (poll(&events, 1, left) < 0 && errno != EINTR)
			return -errno;
	}
}

int ins_cgroup_freeze(int cgroup, bool frozen, struct ins_error *err)
{
	int r = ins_cgroup_command(cgroup, "cgroup.freeze", frozen ? "1" : "0");

	/* Nothing else would wake what is left frozen: what failed for want of memory is tried again. */
	if (r < 0 && !frozen)
		r = ins_cgroup_command(cgroup, "cgroup.freeze", "0");
	if (r == 0)
		r = wait_event(cgroup, "frozen", frozen, FREEZE_TIMEOUT_MS);
	if (r == 0)
		return 0;
	/* Half a freeze is none. */
	if (frozen)
		(void)ins_cgroup_command(cgroup, "cgroup.freeze", "0");
	return ins_error_set(err, -r, "%s the container's cgroup", frozen ? "freeze" : "thaw");
}

int ins_cgroup_is_frozen(int cgroup, bool *ret_frozen, struct ins_error *err)
{
	int r = read_cgroup_event(cgroup, "frozen", ret_frozen);

	return r < 0 ? ins_error_set(err, -r, "read cgroup.events of the container's cgroup") : 0;
}

/* Return: 1 if this cgroup has itself been told to freeze, 0, −ENOENT at the top, or −errno. */
static int wants_frozen(int cgroup)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.freeze", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char state = '0';

	if (fd < 0 || read(fd, &state, 1) < 0)
		return -errno;
	return state == '1';
}

int ins_cgroup_is_freezing(int cgroup, bool *ret_freezing, struct ins_error *err)
{
	cleanup_fd int here = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = here < 0 ? -errno : wants_frozen(here);
	bool is_first = true;

	/* Each holds for all below it, and says so in its own file only. */
	while (r == 0) {
		int above = openat(here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (above < 0)
			r = -errno;
		else
			r = wants_frozen(above);
		is_first = false;
		ins_close(here);
		here = above;
	}
	if (r < 0 && (is_first || r != -ENOENT))
		return ins_error_set(err, -r, "read cgroup.freeze of the container's cgroup");
	*ret_freezing = r > 0;
	return 0;
}

int ins_cgroup_is_populated(int cgroup, bool *ret_populated, struct ins_error *err)
{
	int r = read_cgroup_event(cgroup, "populated", ret_populated);

	return r < 0 ? ins_error_set(err, -r, "read cgroup.events of the container's cgroup") : 0;
}

/*
 * cgroup.kill speaks to the first thread of a process. One whose first thread has ended while
 * others live does not hear it (seen on Linux 6.18), so whoever is still there is killed one by
 * one; what such a process has forked meanwhile hears the next round.
 */
static int kill_all(int cgroup)
{
	int r = ins_cgroup_command(cgroup, "cgroup.kill", "1");

	for (int round = 0; r == 0 && round < KILL_ROUNDS; round++) {
		size_t n;

		r = wait_event(cgroup, "populated", false, KILL_ROUND_MS);
		if (r != -ETIMEDOUT)
			return r;
		r = ins_cgroup_signal(cgroup, SIGKILL, &n, NULL);
		if (r == 0)
			r = ins_cgroup_command(cgroup, "cgroup.kill", "1");
	}
	return r;
}

int ins_cgroup_kill(int cgroup, struct ins_error *err)
{
	bool populated = false;
	int r = read_cgroup_event(cgroup, "populated", &populated);

	/* Not without need: clone3(CLONE_INTO_CGROUP) into a cgroup that has seen another number of
	 * kills than the caller's own gives a child that is killed at birth (seen on Linux 6.18).
	 */
	if (r == 0 && populated)
		r = kill_all(cgroup);
	return r < 0 && !ins_cgroup_is_gone(r)
		       ? ins_error_set(err, -r, "kill the processes of the container's cgroup")
		       : 0;
}

int ins_cgroup_wait_empty(int cgroup, int timeout, struct ins_error *err)
{
	int r = wait_event(cgroup, "populated", false, timeout);

	return r < 0 && !ins_cgroup_is_gone(r)
		       ? ins_error_set(err, -r, "wait for the end of the container's processes")
		       : 0;
}
