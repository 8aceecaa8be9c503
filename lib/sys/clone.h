/* SPDX-License-Identifier: Apache-2.0 */
/* clone3(2) with a shared address space. */
#ifndef INSULA_SYS_CLONE_H
#define INSULA_SYS_CLONE_H

#include <linux/sched.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * ins_clone_vm - a child that shares the caller's memory until it executes something else
 * @args: CLONE_VM is added, stack and stack_size have to be set
 * @fn: run by the child on that stack with @data; its result is the exit status if it returns. It
 *      must make bare system calls only: the C library's state belongs to the parent.
 * @shares: not 0 as long as the child uses the memory
 *
 * The C library has no wrapper for clone3 (CLONE_INTO_CGROUP, Linux 5.7), and its clone() knows no
 * cgroup. Nothing is copied, so this costs the same however large the caller is. CLONE_VFORK would do
 * the waiting, but for ever: a child that is born into a frozen cgroup never executes anything.
 *
 * Return: the child's pid, or −errno. The caller does nothing but ins_clone_wait() then.
 */
pid_t ins_clone_vm(struct clone_args *args, int (*fn)(void *data), void *data, uint32_t *shares);

/**
 * ins_clone_wait - until the child has executed something or is gone
 * @seconds: not longer than that; 0: however long it takes
 *
 * Return: 0 or −ETIMEDOUT: the memory is still shared.
 */
int ins_clone_wait(const uint32_t *shares, unsigned int seconds);

#endif
