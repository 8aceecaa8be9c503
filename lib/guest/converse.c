/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation with init: what the parent answers at each stage, and how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "guest/launch.h"
#include "sys/memfd.h"

#define INIT_PROGRAM "/memfd:" INS_INIT_NAME

/* A process whose files are closed is all but ended. */
#define END_TIMEOUT_MS 1000

/* By a signal: whoever is in its pid namespace can send it one. */
static bool is_stopped(const struct ins_run *run)
{
	siginfo_t info = { 0 };

	return waitid(P_PIDFD, (id_t)run->pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_code == CLD_STOPPED;
}

int ins_run_check_silence(const struct ins_run *run, struct ins_error *err)
{
	bool freezing = false;
	int r;

	if (ins_run_is_interrupted())
		return ins_error_text(err, EINTR, "interrupted by a signal");
	if (is_stopped(run))
		return ins_error_text(err, EBUSY, "the process was stopped on its way in");
	r = run->cgroup_fd < 0 || run->waits_frozen
		    ? 0
		    : ins_cgroup_is_freezing(run->cgroup_fd, &freezing, err);
	if (r < 0 || !freezing)
		return r;
	return ins_error_text(err, EBUSY, "the container's cgroup was frozen meanwhile");
}

/* Slots that were filled since the last time, in runs of consecutive numbers. */
static int send_slots(struct ins_run *run, struct ins_error *err)
{
	uint32_t i = 0;

	while (i < run->plan->n_slots) {
		struct ins_message message = { .type = INS_MESSAGE_SLOTS, .value = i };
		size_t n = 0;
		int r;

		while (i + n < run->plan->n_slots && n < INS_MESSAGE_FDS && run->slots[i + n] >= 0)
			n++;
		if (n == 0) {
			i++;
			continue;
		}
		r = ins_message_send(run->socket, &message, run->slots + i, n, err);
		if (r < 0)
			return r;
		for (; n > 0; n--, i++) {
			ins_close(run->slots[i]);
			run->slots[i] = INS_SLOT_SENT;
		}
	}
	return 0;
}

/* The child goes on alone until parent and child meet again, or until it waits for `start`. */
static enum ins_stage last_alone(const struct ins_plan *plan, enum ins_stage stage)
{
	if (stage == INS_STAGE_CREATED && plan->waits_for_start)
		return stage;
	while (stage < INS_STAGE_EXEC && !ins_plan_meets(plan, stage + 1))
		stage++;
	return stage;
}

int ins_run_go(struct ins_run *run, enum ins_stage stage, int fd, struct ins_error *err)
{
	struct ins_message message = { .type = INS_MESSAGE_GO, .value = stage };
	enum ins_stage last = last_alone(run->plan, stage);
	int r = send_slots(run, err);

	/* From the execve on we must not end without the process, and it would not wait for us. */
	if (r == 0 && last == INS_STAGE_EXEC)
		r = ins_run_hold_signals(run, err);
	ins_run_tell(run, last);
	if (r == 0)
		r = ins_message_send(run->socket, &message, &fd, fd >= 0, err);
	/* The child is gone. What it said last is still to be read, and says why. */
	return r == -EPIPE ? 0 : r;
}

/* What goes along with GO: the state object for the child's hooks, or the socket to wait on. */
static int go_fd(
	struct ins_run *run, enum ins_stage stage, int listener, int *ret_fd, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	bool hooks = false;
	int r;

	if (stage == INS_STAGE_CREATED && listener >= 0) {
		*ret_fd = fcntl(listener, F_DUPFD_CLOEXEC, 3);
		return *ret_fd < 0
			       ? ins_error_set(err, errno, "duplicate the container's start socket")
			       : 0;
	}
	if (stage == INS_STAGE_HOOKS || stage == INS_STAGE_CREATED) {
		enum ins_stage where = stage == INS_STAGE_HOOKS ? stage : INS_STAGE_START;

		INS_FOR_EACH_OP(op, run->plan, where)
			hooks = hooks || op->kind == INS_OP_HOOK_CHILD;
	}
	if (!hooks)
		return 0;
	r = run->state_json(run, stage == INS_STAGE_HOOKS ? "creating" : "created", &text, err);
	if (r < 0)
		return r;
	*ret_fd = ins_memfd_text("insula-state", text, err);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int enter_stage(struct ins_run *run, int64_t stage, int listener, struct ins_error *err)
{
	cleanup_fd int fd = -1;
	int r;

	/* Each once, in their order; and `start` begins behind CREATED. */
	if (stage <= (int64_t)run->stage || stage >= INS_STAGE_STARTED ||
		!ins_plan_meets(run->plan, (enum ins_stage)stage))
		return ins_error_text(err, EPROTO, "the container process asked for a wrong stage");
	run->stage = (enum ins_stage)stage;
	r = ins_run_stage(run, (enum ins_stage)stage, err);
	if (r < 0)
		return r;
	r = go_fd(run, (enum ins_stage)stage, listener, &fd, err);
	return r < 0 ? r : ins_run_go(run, (enum ins_stage)stage, fd, err);
}

/* One message of the child. Return: 1 if @until is reached. */
static int answer(struct ins_run *run, const struct ins_message *message, int fd,
	enum ins_converse until, int listener, struct ins_error *err)
{
	int r;

	switch ((enum ins_message_type)message->type) {
	case INS_MESSAGE_ENTER:
		r = enter_stage(run, message->value, listener, err);
		if (r < 0)
			return r;
		return message->value == INS_STAGE_CREATED && until == INS_CONVERSE_CREATED;
	case INS_MESSAGE_CONSOLE:
		ins_close(run->console);
		run->console = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return run->console < 0 ? ins_error_set(err, errno, "keep the terminal") : 0;
	case INS_MESSAGE_LISTENER:
		return ins_run_take_listener(run, err);
	case INS_MESSAGE_EXECVE:
		ins_close(run->page);
		run->page = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return run->page < 0 ? ins_error_set(err, errno, "keep the page of errors") : 0;
	case INS_MESSAGE_ERROR:
	case INS_MESSAGE_SLOTS:
	case INS_MESSAGE_PID:
	case INS_MESSAGE_GO:
	case INS_MESSAGE_START:
	case INS_MESSAGE_TYPES:
		break;
	}
	return ins_run_child_failed(run, message, err);
}

/* Whether the kernel has got as far as the arguments of the execve: see struct ins_exec_page. */
static bool has_read_arguments(int page)
{
	off_t end = lseek(page, 0, SEEK_END);

	return lseek(page, end - INS_EXEC_WITNESS, SEEK_DATA) >= 0;
}

/* An execve changes this before it closes the socket; a process that ends has none any more by then. */
static bool has_another_program(const struct ins_run *run)
{
	char path[32], program[sizeof(INIT_PROGRAM)];
	struct pollfd ended = { run->pidfd, POLLIN, 0 };
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)run->pid);
	n = readlink(path, program, sizeof(program) - 1);
	/* Only as long as the process has not ended the pid is its own. */
	if (n < 0 || poll(&ended, 1, 0) != 0)
		return false;
	program[n] = '\0';
	return strcmp(program, INIT_PROGRAM) != 0;
}

/* Init would have told why; what does not end at all is not at its end. */
static bool goes_on_or_has_exited(const struct ins_run *run)
{
	struct pollfd ended = { run->pidfd, POLLIN, 0 };
	siginfo_t info = { 0 };

	/* How a sibling has ended is for its parent to see. */
	if (poll(&ended, 1, END_TIMEOUT_MS) == 0 || run->is_sibling)
		return true;
	return waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED | WNOWAIT) == 0 &&
	       info.si_code == CLD_EXITED;
}

/* What the kernel has read is proof, but may be gone again: nobody has written to that page, so it is the
 * first to be dropped when memory is short or caches are. */
static bool has_executed(const struct ins_run *run)
{
	return has_read_arguments(run->page) || has_another_program(run) ||
	       goes_on_or_has_exited(run);
}

/* The stream has ended. After EXECVE that is the news of success, unless the page says otherwise. */
static int stream_ended(struct ins_run *run, struct ins_error *err)
{
	struct ins_exec_page page;

	if (run->page < 0)
		return ins_run_child_ended(run, err);
	if (pread(run->page, &page, sizeof(page), 0) != sizeof(page))
		return ins_error_set(err, EIO, "read the page of errors");
	/* The filter may have killed it on the way. */
	if (!page.failed)
		return has_executed(run) ? 0 : ins_run_child_ended(run, err);
	if (page.error.detail_size > sizeof(page.error.detail))
		page.error.detail_size = 0;
	return ins_run_child_failed(run, &page.error, err);
}

int ins_converse(struct ins_run *run, enum ins_converse until, int listener, struct ins_error *err)
{
	for (;;) {
		struct ins_message message;
		cleanup_fd int fd = -1;
		int r = ins_message_receive(run->socket, &message, &fd, err);

		if (r == -EPIPE)
			return stream_ended(run, err);
		if (r == -EAGAIN)
			r = ins_run_check_silence(run, err);
		else if (r == 0)
			r = answer(run, &message, fd, until, listener, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}
