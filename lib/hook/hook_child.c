/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a hook inside: createContainer before the change of the root, so that its path is looked
 * up as the runtime sees it, startContainer after, with no more rights than the program. A hook is a
 * process of its own, forked from init.
 */
#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

#define SEEK_SET_ 0

/* In the fork: become the hook, or say through the pipe why not. */
__attribute__((noreturn)) static void execute(
	struct ins_child *child, const struct ins_op *op, int pipe)
{
	const struct ins_plan_hook *hook = &op->hook;
	long result;
	int code;

	/* A process group of its own, so that a timeout ends what the hook has started too. */
	result = ins_sys(setpgid, 0, 0);
	if (result >= 0)
		result = ins_sys(dup3, child->state_fd, 0, 0);
	if (result >= 0)
		result = ins_sys(lseek, 0, 0, SEEK_SET_);
	/* Nor do hooks get the fds that are kept for the program. */
	if (result >= 0)
		result = ins_sys(close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	/* The guest may have made or changed the file of a startContainer hook. */
	if (result >= 0 && op->stage == INS_STAGE_START)
		result = ins_child_confine(child);
	if (result >= 0)
		result = ins_sys(execve, hook->path, hook->args.v, hook->env.v);
	code = (int)result;
	(void)ins_sys(write, pipe, &code, sizeof(code));
	for (;;)
		(void)ins_sys(exit_group, 127);
}

/* Return: 1 if the process has ended, 0 if @seconds are over, or −errno. */
static int await_end(int pidfd, int seconds)
{
	struct {
		int fd;
		short events, revents;
	} wait = { pidfd, POLLIN, 0 };
	struct __kernel_timespec left = { .tv_sec = seconds };
	long n;

	/* The kernel writes back how much is left, so an interruption does not prolong it. */
	do {
		n = ins_sys(ppoll, &wait, 1, seconds ? &left : NULL, NULL, 0);
	} while (n == -EINTR);
	return (int)n;
}

/* The words are complete: an errno's text would only confuse. */
static int fail_with(struct ins_child *child, const char *what, uint64_t number, const char *unit)
{
	char text[64];

	(void)ins_text_copy(text, sizeof(text), what);
	(void)ins_text_number(text + ins_text_length(text), number);
	(void)ins_text_append(text, sizeof(text), unit);
	(void)ins_child_detail(child, text, 0);
	child->detail_kind = INS_DETAIL_SENTENCE;
	return -ECANCELED;
}

static int wait_for(struct ins_child *child, const struct ins_plan_hook *hook, int pid, int pidfd)
{
	int status = 0;
	int ended = await_end(pidfd, hook->timeout);
	long result;

	if (ended <= 0)
		(void)ins_sys(kill, -pid, SIGKILL);
	do {
		result = ins_sys(wait4, pid, &status, __WALL, NULL);
	} while (result == -EINTR);
	if (ended < 0 || result < 0)
		return ins_child_detail(child, "wait for it", ended < 0 ? ended : (int)result);
	if (ended == 0)
		return fail_with(child, "timed out after ", (uint64_t)hook->timeout, " s");
	if (status & 0x7f)
		return fail_with(child, "was killed by signal ", status & 0x7f, "");
	if (status >> 8 & 0xff)
		return fail_with(child, "exited with status ", status >> 8 & 0xff, "");
	return 0;
}

int ins_hook_child_op(struct ins_child *child, const struct ins_op *op)
{
	int pidfd = -1, pipe[2], code = 0, result;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid, n;

	if (child->state_fd < 0)
		return ins_child_detail(child, "the state object", -EBADF);
	result = (int)ins_sys(pipe2, pipe, O_CLOEXEC);
	if (result < 0)
		return ins_child_detail(child, "pipe", result);
	pid = ins_sys(clone3, &args, sizeof(args));
	if (pid == 0)
		execute(child, op, pipe[1]);
	(void)ins_sys(close, pipe[1]);
	if (pid < 0) {
		(void)ins_sys(close, pipe[0]);
		return ins_child_detail(child, "clone3", (int)pid);
	}
	/* Ends without a word when the execve has closed the other end. */
	do {
		n = ins_sys(read, pipe[0], &code, sizeof(code));
	} while (n == -EINTR);
	(void)ins_sys(close, pipe[0]);
	result = wait_for(child, &op->hook, (int)pid, pidfd);
	(void)ins_sys(close, pidfd);
	if (n == (long)sizeof(code))
		return ins_child_detail(child, "execute it", code);
	return result;
}
