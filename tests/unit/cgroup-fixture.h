/* SPDX-License-Identifier: Apache-2.0 */
/* A cgroup of the test's own, and processes in it. */
#ifndef INSULA_TESTS_CGROUP_FIXTURE_H
#define INSULA_TESTS_CGROUP_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/cgroup.h"
#include "plan/host.h"

struct fixture {
	struct ins_host host;
	char path[128]; /* of the cgroup below the mount; "": there is no way to have one */
	char full[512];
	int fd;
};

/* make_cgroup - "<full>/<sub>", also nested; the test's own is there. */
static inline void make_cgroup(const struct fixture *fixture, const char *sub)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", fixture->full, sub);
	assert_int_equal(mkdir(path, 0755), 0);
}

static inline bool cgroup_exists(const struct fixture *fixture, const char *sub)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", fixture->full, sub);
	return access(path, F_OK) == 0;
}

static inline int set_up_cgroup(void **data)
{
	static unsigned int count;
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct ins_error err = { 0 };

	*data = fixture;
	fixture->fd = -1;
	if (geteuid() != 0 || ins_host_probe(&fixture->host, false, &err) < 0 ||
		!fixture->host.cgroup_mount[0])
		return 0;
	snprintf(fixture->path, sizeof(fixture->path), "/insula-test-%d-%u", getpid(), count++);
	snprintf(fixture->full, sizeof(fixture->full), "%s%s", fixture->host.cgroup_mount,
		fixture->path);
	if (mkdir(fixture->full, 0755) < 0) {
		fixture->path[0] = '\0';
		return 0;
	}
	return ins_cgroup_open(fixture->host.cgroup_mount, fixture->path, &fixture->fd, &err);
}

static inline int tear_down_cgroup(void **data)
{
	struct fixture *fixture = *data;

	if (fixture->fd >= 0 && ins_cgroup_kill(fixture->fd, NULL) == 0)
		(void)ins_cgroup_wait_empty(fixture->fd, 5000, NULL);
	if (fixture->path[0])
		(void)ins_cgroup_remove(fixture->host.cgroup_mount, fixture->path, 1, NULL);
	ins_close(fixture->fd);
	free(fixture);
	return 0;
}

#define NEEDS_CGROUP(fixture)                                      \
	do {                                                       \
		if (!(fixture)->path[0]) {                         \
			print_message("needs root and cgroup2\n"); \
			skip();                                    \
		}                                                  \
	} while (0)

/* start_sleeper - a process in the cgroup that only waits to be killed */
static inline pid_t start_sleeper(int cgroup)
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		int procs = openat(cgroup, "cgroup.procs", O_WRONLY);

		if (write(procs, "0", 1) != 1 || write(fds[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

#endif
