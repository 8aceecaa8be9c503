/* SPDX-License-Identifier: Apache-2.0 */
/*
 * init: the process that becomes the container's program. It is executed from a sealed memfd with
 * three arguments, all numbers: the fd of its socket to the parent, the fd of the plan, and 1 if
 * there are namespaces to join first. The parent has already put it into the new namespaces, unless
 * there is something to join: then the first process joins, clones the second into what is new
 * with CLONE_PARENT, and leaves.
 *
 * Capabilities: in a new user namespace init is executed before its ids are mapped, so it keeps its
 * capabilities through that execve as ambient ones (capabilities(7)).
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/signalfd.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* As INS_PLAN_ADDRESS of base/arena.h; the build checks that they agree. */
#define PLAN_ADDRESS 0x300000000000UL

#define SEEK_END_ 2

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

typedef int op_fn(struct ins_child *child, const struct ins_op *op);

#define OP_OF_PARENT(function)         NULL
#define OP_OF_CHILD(function)          function
#define OP_ENTRY(name, side, function) [INS_OP_##name] = OP_OF_##side(function),

/* PIE-free and static: the table needs no relocation. */
static op_fn *const op_table[INS_OP_KINDS] = { INS_OPS(OP_ENTRY) };

__attribute__((noreturn)) static void leave(int status)
{
	(void)ins_sys(exit_group, status);
	/* A seccomp filter may refuse even that; no filter stands before an illegal instruction. */
	__builtin_trap();
}

/* Tell the parent why, and end. The parent may be gone: then nobody is left to tell. */
__attribute__((noreturn)) static void fail(
	struct ins_child *child, const struct ins_op *op, int code)
{
	struct ins_message message = { .type = INS_MESSAGE_ERROR,
		.op = op ? (uint32_t)(op - child->plan->ops) : UINT32_MAX,
		.err = -code,
		.step = child->step,
		.detail_kind = child->detail_kind,
		.detail_size = child->detail_size };

	memcpy(message.detail, child->detail, sizeof(message.detail));
	if (child->page) {
		child->page->error = message;
		child->page->failed = 1;
	} else {
		(void)ins_child_send(child, &message, -1);
	}
	leave(1);
}

/* The same for what no operation has asked for. */
__attribute__((noreturn)) static void fail_at(struct ins_child *child, const char *what, int code)
{
	(void)ins_child_detail(child, what, code);
	fail(child, NULL, code);
}

/* Where the witness begins: behind the structure and the arguments. */
static uint64_t witness_offset(const struct ins_plan *plan)
{
	uint64_t size = sizeof(struct ins_exec_page);

	INS_FOR_EACH_OP(op, plan, INS_STAGE_EXEC) {
		if (op->kind == INS_OP_EXECVE)
			size += op->exec.args.n * sizeof(char *);
	}
	return (size + INS_EXEC_WITNESS - 1) / INS_EXEC_WITNESS * INS_EXEC_WITNESS;
}

/* From here on errors are told through a shared page: see struct ins_exec_page. */
static int open_page(struct ins_child *child)
{
	struct ins_message message = { .type = INS_MESSAGE_EXECVE };
	uint64_t witness = witness_offset(child->plan), size = witness + INS_EXEC_WITNESS;
	long fd = ins_sys(memfd_create, "insula-page", MFD_CLOEXEC);
	long memory;
	int result;

	if (fd < 0)
		return (int)fd;
	result = (int)ins_sys(ftruncate, fd, size);
	if (result < 0)
		return result;
	memory = ins_sys(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory < 0 && memory > -4096)
		return (int)memory;
	/* A huge page would cover the witness, too. EINVAL: this kernel has none. */
	(void)ins_sys(madvise, memory, size, MADV_NOHUGEPAGE);
	result = ins_child_send(child, &message, (int)fd);
	if (result < 0)
		return result;
	child->page_fd = (int)fd;
	child->page = (struct ins_exec_page *)memory;
	child->argv_end = (const char **)(memory + (long)witness);
	return 0;
}

static const struct ins_plan *map_plan(int fd)
{
	long size = ins_sys(lseek, fd, 0, SEEK_END_);
	long address;

	if (size < (long)sizeof(struct ins_plan))
		return NULL;
	address = ins_sys(
		mmap, PLAN_ADDRESS, size, PROT_READ, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd, 0);
	return address == (long)PLAN_ADDRESS ? (const struct ins_plan *)address : NULL;
}

/* Nothing that the caller of the runtime left open is inherited: only stdio, the fds that were
 * asked for, and our socket. */
static int close_others(const struct ins_plan *plan, int keep)
{
	unsigned int first = 3 + plan->preserve_fds;
	long result = 0;

	if ((unsigned int)keep > first)
		result = ins_sys(close_range, first, keep - 1, 0);
	if (result == 0)
		result = ins_sys(close_range, keep + 1, ~0U, 0);
	return (int)result;
}

static int allocate_slots(struct ins_child *child)
{
	uint32_t n = child->plan->n_slots;
	long memory = ins_sys(mmap, 0, (n + 1) * sizeof(int), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory < 0 && memory > -4096)
		return (int)memory;
	child->slots = (int *)memory;
	for (uint32_t i = 0; i < n; i++)
		child->slots[i] = -1;
	return 0;
}

/* Take what the parent sends until it says GO for @stage. Return: the fd that came along, or −1. */
static int await_go(struct ins_child *child, enum ins_stage stage, int *ret_fd)
{
	struct ins_message message;
	int fds[INS_MESSAGE_FDS];

	for (;;) {
		int n = ins_child_receive(child, &message, fds, INS_MESSAGE_FDS);

		if (n == -EPIPE)
			leave(1);
		if (n < 0)
			return n;
		if (message.type == INS_MESSAGE_SLOTS) {
			for (int i = 0; i < n; i++) {
				uint64_t slot = (uint64_t)message.value + (uint64_t)i;

				if (slot >= child->plan->n_slots)
					return -EPROTO;
				child->slots[slot] = fds[i];
			}
			continue;
		}
		if (message.type != INS_MESSAGE_GO || message.value != (int64_t)stage)
			return -EPROTO;
		*ret_fd = n > 0 ? fds[0] : -1;
		return 0;
	}
}

/* Runs the child's operations of one stage. */
static void run_stage(struct ins_child *child, enum ins_stage stage)
{
	INS_FOR_EACH_OP(op, child->plan, stage) {
		int result;

		if (op->side != INS_SIDE_CHILD)
			continue;
		child->step = 0;
		child->detail_kind = INS_DETAIL_NONE;
		child->detail_size = 0;
		result = op_table[op->kind](child, op);
		if (result < 0)
			fail(child, op, result);
	}
}

int ins_child_confine(struct ins_child *child)
{
	INS_FOR_EACH_OP(op, child->plan, INS_STAGE_EXEC) {
		struct ins_op own = *op;
		int result;

		/* These are about the program itself. */
		if (op->kind == INS_OP_CWD || op->kind == INS_OP_PREPARE_EXEC ||
			op->kind == INS_OP_EXECVE)
			continue;
		/* There is one listener, the program's: a call that is for it fails with ENOSYS. */
		if (op->kind == INS_OP_SECCOMP || op->kind == INS_OP_SECCOMP_EARLY) {
			own.seccomp.listener = false;
			own.seccomp.flags &= ~(uint32_t)(SECCOMP_FILTER_FLAG_NEW_LISTENER |
							 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
		}
		result = op_table[op->kind](child, &own);
		if (result < 0)
			return result;
	}
	return 0;
}

/* Enter the namespaces that are there; what is new comes into being in a second process, which is a
 * child of our parent and inherits all that we are. Returns in that process only. */
static void join(struct ins_child *child)
{
	struct ins_message message = { .type = INS_MESSAGE_PID };
	int pidfd = -1, unused = -1;
	struct clone_args args = {
		/* With CLONE_PARENT the exit signal is our own, and must be 0 here. */
		.flags = CLONE_PARENT | CLONE_PIDFD | child->plan->clone_flags,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
	};
	long pid;

	run_stage(child, INS_STAGE_JOIN);
	pid = ins_sys(clone3, &args, sizeof(args));
	if (pid == 0) {
		/* Not a word before the parent knows who is speaking. */
		int result = await_go(child, INS_STAGE_JOIN, &unused);

		if (result < 0)
			fail_at(child, "wait for the parent", result);
		return;
	}
	if (pid < 0)
		fail_at(child,
			pid == -EAGAIN
				? "clone3 (pids.max of the cgroup, or RLIMIT_NPROC, is reached)"
				: "clone3",
			(int)pid);
	message.value = pid;
	if (ins_child_send(child, &message, pidfd) < 0) {
		(void)ins_sys(pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		leave(1);
	}
	leave(0);
}

#define SIGNAL_BIT(number) (1UL << ((number)-1))

/* What waiting for `start` needs, made while there is a parent that can be told of a failure. */
struct waiting {
	uint64_t mask; /* the signals that were blocked before */
	int signals;
};

/*
 * In a pid namespace of its own init is pid 1, to which the kernel delivers no signal without a
 * handler; so that `kill` works on a created container, the signals that end a process by default are
 * read from a signalfd and obeyed.
 */
static void prepare_to_wait(struct ins_child *child, struct waiting *waiting)
{
	uint64_t all = ~0UL, deadly = SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(SIGINT) |
				      SIGNAL_BIT(SIGHUP) | SIGNAL_BIT(SIGQUIT) |
				      SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2) |
				      SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGALRM);
	long result = ins_sys(rt_sigprocmask, 0 /* SIG_BLOCK */, &all, &waiting->mask, sizeof(all));

	if (result == 0)
		result = ins_sys(signalfd4, -1, &deadly, sizeof(deadly), O_CLOEXEC);
	if (result < 0)
		fail_at(child, "make a signalfd", (int)result);
	waiting->signals = (int)result;
}

/* Wait on the listening socket for `start`. */
static void await_start(struct ins_child *child, const struct waiting *waiting, int listener)
{
	struct signalfd_siginfo info;
	struct ins_message message;
	int signals = waiting->signals, fd = -1, n;
	long result;

	(void)ins_sys(close, child->socket);
	child->socket = -1;
	for (;;) {
		struct {
			int fd;
			short events, revents;
		} waits[2] = { { listener, POLLIN, 0 }, { signals, POLLIN, 0 } };

		result = ins_sys(ppoll, waits, 2, NULL, NULL, 0);
		if (result < 0 && result != -EINTR)
			leave(1);
		if (waits[1].revents &&
			ins_sys(read, signals, &info, sizeof(info)) == (long)sizeof(info))
			leave(128 + (int)info.ssi_signo);
		if (!waits[0].revents)
			continue;
		child->socket = (int)ins_sys(accept4, listener, NULL, NULL, O_CLOEXEC);
		if (child->socket < 0)
			continue;
		n = ins_child_receive(child, &message, &fd, 1);
		if (n >= 0 && message.type == INS_MESSAGE_START)
			break;
		if (n < 0 && n != -EPIPE)
			fail_at(child, "hear what `start` says", n);
		/* Whoever connected left again without a word: go on waiting. */
		(void)ins_sys(close, child->socket);
	}
	child->state_fd = n == 1 ? fd : -1;
	(void)ins_sys(close, signals);
	(void)ins_sys(close, listener);
	result = ins_sys(
		rt_sigprocmask, 2 /* SIG_SETMASK */, &waiting->mask, NULL, sizeof(waiting->mask));
	if (result < 0)
		fail_at(child, "unblock the signals", (int)result);
}

/*
 * Nothing of the guest may look at us: no ptrace, no /proc/PID/fd (CVE-2016-9962). But an unprivileged
 * parent can only write the maps of a process that is not hidden (proc(5), "dumpable"); nobody else is
 * in the new user namespace then.
 */
static int hide(void)
{
	return (int)ins_sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Meet the parent, who has work in this stage. */
static void meet(struct ins_child *child, enum ins_stage stage)
{
	struct ins_message message = { .type = INS_MESSAGE_ENTER, .value = stage };
	bool waits = stage == INS_STAGE_CREATED && child->plan->waits_for_start;
	struct waiting waiting;
	int fd = -1, result;

	if (waits)
		prepare_to_wait(child, &waiting);
	result = ins_child_send(child, &message, -1);
	if (result == 0)
		result = await_go(child, stage, &fd);
	if (result < 0)
		fail_at(child, "speak with the parent", result);
	if (stage == INS_STAGE_IDMAP) {
		result = hide();
		if (result < 0)
			fail_at(child, "hide from the guest", result);
	}
	if (waits)
		await_start(child, &waiting, fd);
	else if (stage == INS_STAGE_HOOKS || stage == INS_STAGE_CREATED)
		child->state_fd = fd;
}

/* umask(2) cannot fail; but a seccomp filter around us can. */
static long set_umask(struct ins_child *child, long mask)
{
	long result = ins_sys(umask, mask);

	if (result < 0)
		fail_at(child, "umask", (int)result);
	return result;
}

static void walk(struct ins_child *child)
{
	for (int stage = INS_STAGE_IDMAP; stage < INS_STAGE_STARTED; stage++) {
		/* What is made gets the modes that the plan says; hooks and the program get the
		 * caller's umask, unless process.user.umask sets one. */
		bool makes_files = stage == INS_STAGE_MOUNT || stage == INS_STAGE_ROOT;
		long caller_umask = 0;

		if (ins_plan_meets(child->plan, (enum ins_stage)stage))
			meet(child, (enum ins_stage)stage);
		if (stage == INS_STAGE_EXEC) {
			int result = open_page(child);

			if (result < 0)
				fail_at(child, "make the page of errors", result);
		}
		if (makes_files)
			caller_umask = set_umask(child, 0);
		run_stage(child, (enum ins_stage)stage);
		if (makes_files)
			(void)set_umask(child, caller_umask);
	}
}

/* An exec finds its root in the mount namespace that it joined. */
static int open_root(struct ins_child *child)
{
	long fd = ins_sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);

	child->root_fd = (int)fd;
	return fd < 0 ? (int)fd : 0;
}

__attribute__((noreturn)) void ins_init_main(const long *stack);

void ins_init_main(const long *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	struct ins_child child = {
		.root_fd = -1, .state_fd = -1, .console_fd = -1, .mask_fd = -1, .page_fd = -1
	};
	uint64_t socket, plan, joins;
	int fd = -1, result;

	if (stack[0] != 4 || ins_text_parse(argv[1], &socket) < 0 ||
		ins_text_parse(argv[2], &plan) < 0 || ins_text_parse(argv[3], &joins) < 0)
		leave(2);
	child.socket = (int)socket;
	child.plan = map_plan((int)plan);
	if (!child.plan)
		leave(2);
	result = joins || !(child.plan->clone_flags & CLONE_NEWUSER) ? hide() : 0;
	if (result == 0)
		result = close_others(child.plan, child.socket);
	if (result == 0)
		result = (int)ins_sys(fcntl, child.socket, F_SETFD, FD_CLOEXEC);
	if (result == 0)
		result = allocate_slots(&child);
	if (result == 0)
		result = await_go(&child, INS_STAGE_CLONE, &fd);
	if (result < 0)
		fail_at(&child, "prepare itself", result);
	if (joins)
		join(&child);
	if (child.plan->is_exec) {
		result = open_root(&child);
		if (result < 0)
			fail_at(&child, "open the container's root", result);
	}
	walk(&child);
	leave(1);
}

/* The kernel starts a program with argc at the top of the stack. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp,%ebp\n\tmov %rsp,%rdi\n\tand $-16,%rsp\n"
	"\tcall ins_init_main\n\thlt\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29,#0\n\tmov x30,#0\n\tmov x0,sp\n\tbl ins_init_main\n");
#elif defined(__riscv)
__asm__(".globl _start\n_start:\n\tmv a0,sp\n\tandi sp,sp,-16\n\ttail ins_init_main\n");
#endif
