/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A terminal hangs up when the last process that has its master open ends. So as long as there is one, a second
 * process shares our descriptors, and nothing else: it waits for our end, and becomes the next keeper. It has the
 * lock, too, so that no other one comes between.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "keeper.h"
#include "text.h"

/* Those alone that are terminals' masters. */
static void each_master(void (*visit)(int fd))
{
	struct directory own = {
		.fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};
	const char *name;
	unsigned int number;

	if (own.fd < 0)
		return;
	while ((name = directory_next(&own))) {
		int fd = atoi(name);

		if (ioctl(fd, TIOCGPTN, &number) == 0)
			visit(fd);
	}
	close(own.fd);
}

static void leave_open(int fd)
{
	(void)fcntl(fd, F_SETFD, 0);
}

static void close_unclaimed(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags >= 0 && !(flags & FD_CLOEXEC))
		close(fd);
}

static void await_end_of(pid_t keeper)
{
	sigset_t all, hangup;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&hangup);
	sigaddset(&hangup, SIGHUP);
	(void)prctl(PR_SET_PDEATHSIG, SIGHUP);
	while (getppid() == keeper)
		(void)sigwaitinfo(&hangup, NULL);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	/* What is pending still, and would be delivered to the next keeper: to ignore it is to forget it. */
	(void)signal(SIGHUP, SIG_IGN);
	(void)signal(SIGHUP, SIG_DFL);
}

static _Noreturn void guard(const struct keeper *keeper, pid_t pid)
{
	char lock[NUMBER_SIZE];
	char *argv[] = { (char *)keeper->own, (char *)keeper->root, (char *)keeper->library,
		(char *)keeper->program, (char *)text_number(lock, (uint64_t)keeper->lock), NULL };

	(void)prctl(PR_SET_NAME, "insula-guard");
	await_end_of(pid);
	each_master(leave_open);
	leave_open(keeper->lock);
	/* It may have been replaced by a newer one, or be gone. */
	execve(argv[0], argv, (char *const[]){ NULL });
	execve("/proc/self/exe", argv, (char *const[]){ NULL });
	_exit(1);
}

static bool is_there(const struct keeper *keeper)
{
	struct pollfd end = { keeper->guard, POLLIN, 0 };

	return keeper->guard >= 0 && poll(&end, 1, 0) == 0;
}

void guard_begin(struct keeper *keeper)
{
	pid_t own = getpid();
	int pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_FILES | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	if (keeper->is_alone || is_there(keeper))
		return;
	guard_end(keeper);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		guard(keeper, own);
	/* Without it terminals last as long as we do. */
	if (pid > 0)
		keeper->guard = pidfd;
}

void guard_end(struct keeper *keeper)
{
	if (keeper->guard < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, keeper->guard, SIGKILL, NULL, 0);
	close(keeper->guard);
	keeper->guard = -1;
}

int guard_claim(int fd)
{
	unsigned int number;

	if (fd < 0 || ioctl(fd, TIOCGPTN, &number) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	return fd;
}

void guard_close_unclaimed(void)
{
	each_master(close_unclaimed);
}
