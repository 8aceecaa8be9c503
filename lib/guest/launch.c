/* SPDX-License-Identifier: Apache-2.0 */
/* Starting init: the memfds, the clone, and the second process of those who join namespaces. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/limits.h"
#include "cgroup/systemd.h"
#include "guest/context.h"
#include "guest/launch.h"
#include "sys/bare.h"
#include "sys/clone.h"
#include "sys/memfd.h"
#include "sys/owner.h"

/* So long init may say nothing before we look whether it is frozen or stopped. */
#define SILENCE_SECONDS 10

/* The program insula-init, embedded by image.S. */
extern const char ins_init_image[], ins_init_image_end[];

static ins_parent_op_fn *const parent_ops[INS_OP_KINDS] = {
#define PARENT_ENTRY_PARENT(function) function
#define PARENT_ENTRY_CHILD(function)  NULL
#define X(name, side, function)       [INS_OP_##name] = PARENT_ENTRY_##side(function),
	INS_OPS(X)
#undef X
};

int ins_run_init(struct ins_run *run, struct ins_context *context, const struct ins_plan *plan,
	const struct ins_host *host, struct ins_error *err)
{
	*run = (struct ins_run){ .plan = plan,
		.host = host,
		.context = context,
		.state_root = context->root,
		.cgroup_fd = -1,
		.pidfd = -1,
		.socket = -1,
		.console = -1,
		.listener = -1,
		.userns = -1,
		.net_socket = -1,
		.page = -1,
		.stage = INS_STAGE_CLONE,
		.failed_kind = -1 };
	run->slots = calloc(plan->n_slots + 1, sizeof(*run->slots));
	if (!run->slots)
		return ins_error_set(err, ENOMEM, "start the container");
	for (uint32_t i = 0; i < plan->n_slots; i++)
		run->slots[i] = -1;
	return 0;
}

void ins_run_release(struct ins_run *run)
{
	for (uint32_t i = 0; run->slots && i < run->plan->n_slots; i++)
		ins_close(run->slots[i]);
	free(TAKE_PTR(run->slots));
	if (run->limits_before)
		ins_limits_forget(run->limits_before);
	free(TAKE_PTR(run->limits_before));
	run->cgroup_fd = ins_close(run->cgroup_fd);
	run->pidfd = ins_close(run->pidfd);
	run->socket = ins_close(run->socket);
	run->console = ins_close(run->console);
	run->listener = ins_close(run->listener);
	run->userns = ins_close(run->userns);
	run->page = ins_close(run->page);
	ins_run_release_signals(run);
}

int ins_run_stage(struct ins_run *run, enum ins_stage stage, struct ins_error *err)
{
	ins_run_tell(run, stage);
	INS_FOR_EACH_OP(op, run->plan, stage) {
		int r;

		if (op->side != INS_SIDE_PARENT)
			continue;
		r = parent_ops[op->kind](run, op, err);
		if (r < 0) {
			if (op->key[0] && !run->record_failed)
				ins_error_prefix(err, "%s", op->key);
			return r;
		}
	}
	return 0;
}

/* What the child does between clone and execve. */
struct start {
	int image;
	const char *argv[5];
	sigset_t mask;
	bool keep_capabilities;
	/* A pipe, whose writing end the child has until it executes init or is gone. A byte comes first:
	 * the child has got as far as its own code. */
	int life[2];
	bool has_run;
};

/*
 * In a user namespace without maps nobody is root, so an execve would drop all capabilities; as
 * ambient ones they stay. A failure shows itself soon enough, in the first thing that needs one.
 */
static void make_capabilities_ambient(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (ins_sys(capget, &header, data) < 0)
		return;
	data[0].inheritable = data[0].permitted;
	data[1].inheritable = data[1].permitted;
	if (ins_sys(capset, &header, data) < 0)
		return;
	for (int i = 0; i < 64; i++) {
		if (data[i / 32].permitted >> (i % 32) & 1)
			(void)ins_sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0);
	}
}

static int execute_init(void *data)
{
	struct start *start = data;

	(void)ins_sys(write, start->life[1], "", 1);
	if (start->keep_capabilities)
		make_capabilities_ambient();
	if (ins_sys(rt_sigprocmask, SIG_SETMASK, &start->mask, NULL, 8) == 0)
		(void)ins_sys(
			execveat, start->image, "", start->argv, start->argv + 4, AT_EMPTY_PATH);
	return 127;
}

void ins_run_kill(struct ins_run *run)
{
	struct pollfd end = { run->pidfd, POLLIN, 0 };
	siginfo_t info;

	if (run->pidfd < 0)
		return;
	/* By its number too, which is nobody else's as long as nobody has reaped it: a wait for what
	 * was not killed has no end. */
	if (ins_sys(pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0) < 0 && run->pid > 0)
		(void)kill(run->pid, SIGKILL);
	while (run->is_sibling && poll(&end, 1, -1) < 0 && errno == EINTR)
		continue;
	while (!run->is_sibling && waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED) < 0 &&
		errno == EINTR)
		continue;
	run->pid = 0; /* from now on it may be anybody's */
}

static void kill_and_reap(void *data, long number)
{
	(void)number;
	ins_run_kill(data);
}

/* Until the child has executed init, or is gone. If we share our memory with it, our stack is not ours
 * again before that. */
static int await_execution(struct ins_run *run, struct start *start, struct ins_error *err)
{
	struct pollfd end = { start->life[0], POLLIN, 0 };
	ssize_t n = 1;
	int r = 0;
	char byte;

	while (r == 0 && n != 0) {
		if (poll(&end, 1, SILENCE_SECONDS * 1000) == 0) {
			r = ins_run_check_silence(run, err);
			continue;
		}
		n = read(start->life[0], &byte, 1);
		start->has_run |= n == 1;
		if (n < 0 && errno != EINTR)
			r = ins_error_set(err, errno, "wait for the container process");
	}
	if (r < 0)
		ins_run_kill(run);
	return r;
}

static int fail_clone(int code, const struct clone_args *args, struct ins_error *err)
{
	const char *why = "";

	if (code == EAGAIN)
		why = " (pids.max of the cgroup, or RLIMIT_NPROC, is reached)";
	else if (code == EPERM && args->flags & CLONE_NEWUSER)
		why = " (nobody in a chroot may make a user namespace, and some hosts forbid it)";
	else if (code == EPERM)
		why = " (takes CAP_SYS_ADMIN, or a user namespace in linux.namespaces)";
	return ins_error_set(err, code, "clone3 of the process%s%s",
		args->flags & CLONE_INTO_CGROUP ? " into its cgroup" : "", why);
}

/* The namespace's limits are its owner's: were that we, one guest could use up what all others have, and root. */
static int clone_owned(struct ins_run *run, struct clone_args *args, struct start *start,
	pid_t *ret_pid, struct ins_error *err)
{
	bool is_owned = run->owner > 0 && args->flags & CLONE_NEWUSER;
	struct ins_owner before;
	int r = is_owned ? ins_owner_take(run->owner, &before, err) : 0;

	if (r < 0)
		return r;
	*ret_pid = ins_clone(args, execute_init, start);
	return is_owned ? ins_owner_give_back(&before, err) : 0;
}

static int clone_once(struct ins_run *run, struct start *start, int cgroup, struct ins_error *err)
{
	const struct ins_plan *plan = run->plan;
	bool joins = plan->stage_start[INS_STAGE_JOIN] < plan->stage_start[INS_STAGE_JOIN + 1];
	char stack[16384] __attribute__((aligned(16)));
	struct clone_args args = {
		.flags = CLONE_PIDFD | (joins ? 0 : plan->clone_flags),
		.pidfd = (uintptr_t)&run->pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all;
	pid_t pid = 0;
	bool are_blocked;
	int r;

	if (run->is_sibling) {
		args.flags |= CLONE_PARENT;
		args.exit_signal = 0; /* the kernel takes ours, and insists */
	}
	if (cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup;
	}
	/* The OOM killer ends all who share their memory with its victim. Where others may have used up what
	 * their cgroup is given, that would be us. */
	if (!run->cgroup_is_shared) {
		args.flags |= CLONE_VM;
		args.stack = (uintptr_t)stack;
		args.stack_size = sizeof(stack);
	}
	start->keep_capabilities = args.flags & CLONE_NEWUSER;
	start->has_run = false;
	if (pipe2(start->life, O_CLOEXEC) < 0)
		return ins_error_set(err, errno, "make a pipe to the container process");
	/* No handler of the caller may run in the child while the memory is shared. */
	sigfillset(&all);
	are_blocked = sigprocmask(SIG_SETMASK, &all, &start->mask) == 0;
	r = are_blocked ? clone_owned(run, &args, start, &pid, err)
			: ins_error_set(err, errno, "block signals");
	ins_close(start->life[1]);
	if (pid > 0) {
		int end;

		run->pid = pid;
		end = await_execution(run, start, err);
		r = r < 0 ? r : end;
	}
	/* Should this fail, signals wait until we have done our work. */
	if (are_blocked)
		(void)sigprocmask(SIG_SETMASK, &start->mask, NULL);
	ins_close(start->life[0]);
	return pid < 0 ? fail_clone(-pid, &args, err) : r;
}

static int move_into_cgroup(const struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int fd = openat(run->cgroup_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", (int)run->pid);

	if (fd < 0 || write(fd, text, (size_t)n) != n)
		return ins_error_set(err, errno, "move the container process into its cgroup");
	return 0;
}

/* A process may be moved by who may write where the two ways part: for an ordinary user who is not in the
 * part of the hierarchy that systemd has given to theirs, only systemd may. */
static int attach_to_unit(struct ins_run *run, struct start *start, struct ins_error *err)
{
	const struct ins_systemd_unit unit = { .name = run->unit,
		.user_manager = run->user_manager };
	int r;

	ins_error_clear(err);
	r = clone_once(run, start, -1, err);
	return r < 0 ? r : ins_systemd_attach(&unit, run->pid, err);
}

/*
 * Straight into the cgroup, so that no work of the child is ever done outside. Where cgroup.kill was
 * used before in that cgroup, or in ours, Linux 6.14 to 6.18 take the child for one that has escaped
 * the killing and kill it at birth; then it is moved before it does anything.
 */
static int clone_init(struct ins_run *run, struct start *start, struct ins_error *err)
{
	int r;

	ins_undo_push(&run->undo, kill_and_reap, run, 0);
	r = clone_once(run, start, run->cgroup_fd, err);
	if (r == -EACCES && run->unit)
		return attach_to_unit(run, start, err);
	if (r < 0 || run->cgroup_fd < 0 || start->has_run)
		return r;
	kill_and_reap(run, 0);
	run->pidfd = ins_close(run->pidfd);
	r = clone_once(run, start, -1, err);
	return r < 0 ? r : move_into_cgroup(run, err);
}

/* A copy for the child above all fds that it is to inherit, and inheritable itself. */
static int inheritable_copy(const struct ins_plan *plan, int fd, struct ins_error *err)
{
	int copy = fcntl(fd, F_DUPFD, 3 + (int)plan->preserve_fds);

	return copy < 0 ? ins_error_set(err, errno, "duplicate an fd for the container process")
			: copy;
}

/* Until the first process has said something, or has died: the stream alone would not end then, for the
 * second has the same socket. */
static int await_first(struct ins_run *run, struct ins_error *err)
{
	struct pollfd waits[] = { { run->socket, POLLIN, 0 }, { run->pidfd, POLLIN, 0 } };
	int n, r = 0;

	do {
		n = poll(waits, 2, SILENCE_SECONDS * 1000);
		if (n < 0 && errno != EINTR)
			return ins_error_set(err, errno, "wait for the container process");
		if (n == 0)
			r = ins_run_check_silence(run, err);
	} while (n <= 0 && r == 0);
	if (r < 0)
		return r;
	/* It may have spoken, and ended, between poll's look at the one and at the other. */
	if (waits[0].revents || poll(waits, 1, 0) > 0)
		return 0;
	return ins_run_child_ended(run, err);
}

/* The first process has joined, cloned the real one, and left. */
static int adopt_second(struct ins_run *run, struct ins_error *err)
{
	struct ins_message message;
	int first = run->pidfd, pidfd = -1;
	siginfo_t info;
	int r = await_first(run, err);

	if (r == 0)
		r = ins_message_receive(run->socket, &message, &pidfd, err);
	if (r == -EPIPE)
		return ins_run_child_ended(run, err);
	if (r < 0)
		return r;
	if (message.type != INS_MESSAGE_PID || pidfd < 0) {
		ins_close(pidfd);
		return ins_run_child_failed(run, &message, err);
	}
	run->pidfd = pidfd;
	run->pid = (pid_t)message.value;
	/* It has nothing left to do but to end, and in a frozen cgroup it would not. */
	(void)ins_sys(pidfd_send_signal, first, SIGKILL, NULL, 0);
	while (waitid(P_PIDFD, (id_t)first, &info, WEXITED) < 0 && errno == EINTR)
		continue;
	ins_close(first);
	r = ins_run_stage(run, INS_STAGE_JOIN, err);
	return r < 0 ? r : ins_run_go(run, INS_STAGE_JOIN, -1, err);
}

int ins_launch(struct ins_run *run, const struct ins_arena *arena, struct ins_error *err)
{
	const struct ins_plan *plan = run->plan;
	bool joins = plan->stage_start[INS_STAGE_JOIN] < plan->stage_start[INS_STAGE_JOIN + 1];
	cleanup_fd int memory = -1, image = -1, theirs = -1, their_socket = -1, their_plan = -1;
	const struct timeval patience = { .tv_sec = SILENCE_SECONDS };
	char socket_text[12], plan_text[12];
	struct start start = { .argv = { INS_INIT_NAME, socket_text, plan_text, joins ? "1" : "0",
				       NULL } };
	int pair[2];
	int r;

	memory = ins_memfd_sealed(
		"insula-plan", false, ins_arena_base(arena), ins_arena_used(arena), err);
	if (memory < 0)
		return memory;
	image = ins_memfd_sealed(INS_INIT_NAME, true, ins_init_image,
		(size_t)(ins_init_image_end - ins_init_image), err);
	if (image < 0)
		return image;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return ins_error_set(err, errno, "make a socket pair for the container process");
	run->socket = pair[0];
	theirs = pair[1];
	if (setsockopt(run->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return ins_error_set(err, errno, "bound the waiting for the container process");
	their_socket = inheritable_copy(plan, theirs, err);
	if (their_socket < 0)
		return their_socket;
	their_plan = inheritable_copy(plan, memory, err);
	if (their_plan < 0)
		return their_plan;
	snprintf(socket_text, sizeof(socket_text), "%d", their_socket);
	snprintf(plan_text, sizeof(plan_text), "%d", their_plan);
	start.image = image;
	r = clone_init(run, &start, err);
	if (r == 0)
		r = ins_run_stage(run, INS_STAGE_CLONE, err);
	if (r < 0)
		return r;
	/* Only the child may hold its end, or its death would not end the stream. */
	theirs = ins_close(theirs);
	their_socket = ins_close(their_socket);
	r = ins_run_go(run, INS_STAGE_CLONE, -1, err);
	if (r == 0 && joins)
		r = adopt_second(run, err);
	return r;
}
