/* SPDX-License-Identifier: Apache-2.0 */
/* clone3(2) with a shared address space. */
#ifndef INSULA_SYS_CLONE_H
#define INSULA_SYS_CLONE_H

#include <linux/sched.h>
#include <sys/types.h>

/**
 * ins_clone_vm - a child that shares the caller's memory until it executes something else
 * @args: CLONE_VM and CLONE_VFORK are added, stack and stack_size have to be set
 * @fn: run by the child on that stack with @data; its result is the exit status if it returns. It
 *      must make bare system calls only: the C library's state belongs to the parent.
 *
 * The C library has no wrapper for clone3 (CLONE_INTO_CGROUP, Linux 5.7), and its clone() knows no
 * cgroup. Nothing is copied, so this costs the same however large the caller is.
 *
 * Return: the child's pid once it has executed something or is gone, or −errno.
 */
pid_t ins_clone_vm(struct clone_args *args, int (*fn)(void *data), void *data);

#endif
