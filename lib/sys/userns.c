/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/bare.h"
#include "sys/userns.h"

/* The waiting child makes three system calls; its stack is for them and for a signal frame. */
#define WAITER_STACK 16384

int ins_map_text_add(struct ins_map_text *map, uint32_t container, uint32_t host, uint32_t size)
{
	char line[48];
	int n = snprintf(line, sizeof(line), "%u %u %u\n", container, host, size);

	if (map->n == INS_MAP_MAX || map->used + (size_t)n >= sizeof(map->text))
		return -E2BIG;
	memcpy(map->text + map->used, line, (size_t)n + 1);
	map->used += (size_t)n;
	map->n++;
	return 0;
}

int ins_proc_open(struct ins_error *err)
{
	cleanup_fd int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0)
		return ins_error_set(err, errno, "open /proc");
	if (fstatfs(fd, &fs) < 0)
		return ins_error_set(err, errno, "statfs of /proc");
	if (fs.f_type != PROC_SUPER_MAGIC)
		return ins_error_text(err, ENODEV, "/proc is not a proc filesystem");
	return TAKE_FD(fd);
}

int ins_proc_pid_write(int proc, pid_t pid, const char *file, const char *text, size_t size)
{
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	cleanup_fd int fd = -1;
	char path[64];
	long n;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	fd = (int)ins_sys(openat2, proc, path, &how, sizeof(how));
	if (fd < 0)
		return fd;
	n = ins_sys(write, fd, text, size);
	if (n < 0)
		return (int)n;
	return (size_t)n == size ? 0 : -EIO;
}

/* Shares the parent's memory: nothing here may touch it, errno included. */
static int wait_for_kill(void *data)
{
	pid_t parent = *(const pid_t *)data;

	/* The signal is only sent for a parent that dies from now on, so look whether it is there.
	 */
	if (ins_sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ins_sys(getppid) == parent) {
		for (;;)
			ins_sys(ppoll, NULL, 0, NULL, NULL, 0);
	}
	return 0;
}

/* Clones the waiter with all signals blocked, so that no handler of the caller runs in it. */
static pid_t clone_waiter(void *stack, pid_t *self, int *ret_pidfd)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return -errno;
	/* No exit signal: the caller's SIGCHLD handler must not see this child. */
	pid = clone(wait_for_kill, (char *)stack + WAITER_STACK,
		CLONE_NEWUSER | CLONE_VM | CLONE_PIDFD, self, ret_pidfd);
	if (pid < 0)
		pid = -errno;
	/* Should this fail, signals wait until we have done our work. */
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int write_maps(pid_t pid, const struct ins_map_text *uid, const struct ins_map_text *gid,
	int *ret_fd, struct ins_error *err)
{
	cleanup_fd int proc = ins_proc_open(err);
	char path[64];
	int r, fd;

	if (proc < 0)
		return proc;
	r = ins_proc_pid_write(proc, pid, "uid_map", uid->text, uid->used);
	if (r < 0)
		return ins_error_set(err, -r, "write the uid_map of a user namespace");
	r = ins_proc_pid_write(proc, pid, "gid_map", gid->text, gid->used);
	if (r < 0)
		return ins_error_set(err, -r, "write the gid_map of a user namespace");
	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ins_error_set(err, errno, "open /proc/%s", path);
	*ret_fd = fd;
	return 0;
}

int ins_userns_open(const struct ins_map_text *uid, const struct ins_map_text *gid, int *ret_fd,
	struct ins_error *err)
{
	cleanup_fd int pidfd = -1;
	pid_t self = getpid(), pid;
	void *stack;
	int r;

	stack = mmap(NULL, WAITER_STACK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return ins_error_set(err, errno, "memory for a user namespace");
	pid = clone_waiter(stack, &self, &pidfd);
	if (pid < 0) {
		munmap(stack, WAITER_STACK);
		return ins_error_set(err, -pid, "make a user namespace%s",
			pid == -ENOSPC ? " (user.max_user_namespaces bounds their number)" : "");
	}
	r = write_maps(pid, uid, gid, ret_fd, err);
	/* Its number is nobody else's as long as it is not reaped. A wait for what was not killed has no
	 * end. */
	if (ins_sys(pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
		(void)kill(pid, SIGKILL);
	/* Its memory is ours, so it has to be gone before the stack goes. */
	while (ins_sys(waitid, P_PIDFD, pidfd, NULL, WEXITED | __WALL, NULL) == -EINTR)
		continue;
	munmap(stack, WAITER_STACK);
	return r;
}
