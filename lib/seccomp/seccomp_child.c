/* SPDX-License-Identifier: Apache-2.0 */
/* Loading the filter. What comes after that is under it. */
#include <asm/errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "init/child.h"
#include "sys/bare.h"

/* include/linux/errno.h of the kernel; not among those that programs are given. */
#define ENOTSUPP 524

#if defined(__x86_64__)
/* No way to learn the counter's speed without system calls: 17 s at 1 GHz, 3.4 s at 5 GHz. */
#define MOST_TICKS ((uint64_t)1 << 34)

static uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static void relax(void)
{
	__builtin_ia32_pause();
}
#elif defined(__aarch64__)
/* 1 GHz by the architecture from version 8.6 on, 10 to 100 MHz before. */
#define MOST_TICKS ((uint64_t)1 << 32)

static uint64_t ticks(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
}

static void relax(void)
{
	__asm__ volatile("isb");
}
#elif defined(__riscv)
/* Mostly 10 MHz. */
#define MOST_TICKS ((uint64_t)1 << 27)

static uint64_t ticks(void)
{
	uint64_t value;

	__asm__ volatile("rdtime %0" : "=r"(value));
	return value;
}

static void relax(void)
{
	__asm__ volatile("" ::: "memory");
}
#endif

static long load(const struct ins_plan_filter *filter)
{
	const struct sock_fprog program = { .len = (unsigned short)filter->n,
		.filter = (struct sock_filter *)filter->instructions };

	return ins_sys(seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program);
}

/*
 * From here on any system call may wait for a listener that has no descriptor yet, the one that
 * would hand it over included. So there is none until the parent has it. If the parent never
 * answers, there is nothing that can be said, and nobody to say it to: the trap ends the process.
 */
static void wait_for_parent(struct ins_exec_page *page)
{
	uint64_t start = ticks();

	while (!__atomic_load_n(&page->listener_taken, __ATOMIC_ACQUIRE)) {
		if (ticks() - start > MOST_TICKS)
			__builtin_trap();
		relax();
	}
}

static int load_with_listener(struct ins_child *child, const struct ins_plan_filter *filter)
{
	struct ins_message message = { .type = INS_MESSAGE_LISTENER };
	long fd;
	int r = ins_child_send(child, &message, -1);

	if (r < 0)
		return ins_child_detail(child, "announce the notify descriptor", r);
	fd = load(filter);
	if (fd < 0)
		return (int)fd;
	__atomic_store_n(&child->page->listener, (uint32_t)fd + 1, __ATOMIC_RELEASE);
	wait_for_parent(child->page);
	/* With ours open the kernel would go on waiting when all who could answer are gone. The first
	 * call under the filter: whoever is to be asked about it listens by now. */
	(void)ins_sys(close, fd);
	return 0;
}

int ins_seccomp_load_op(struct ins_child *child, const struct ins_op *op)
{
	long result;

	if (op->seccomp.listener)
		return load_with_listener(child, &op->seccomp);
	result = load(&op->seccomp);
	/* The kernel's own word, which has no name for programs. */
	if (result == -ENOTSUPP)
		return ins_child_detail(child,
			"the host's store of compiled filters is used up (net.core.bpf_jit_limit)",
			-ENOMEM);
	/* With TSYNC a positive result is a thread that could not follow; there is none but this.
	 */
	return result > 0 ? -ESRCH : (int)result;
}
