/* SPDX-License-Identifier: Apache-2.0 */
/* clone3(2) with all that it takes. */
#ifndef INSULA_SYS_CLONE_H
#define INSULA_SYS_CLONE_H

#include <linux/sched.h>
#include <sys/types.h>

/**
 * ins_clone - a child that runs a function
 * @args: with CLONE_VM also stack and stack_size
 * @fn: run by the child with @data; its result is the exit status if it returns. It must make bare
 *      system calls only: with CLONE_VM the C library's state belongs to the parent.
 *
 * The C library has no wrapper for clone3 (CLONE_INTO_CGROUP, Linux 5.7), and its clone() knows no
 * cgroup.
 *
 * Return: the child's pid, or −errno.
 */
pid_t ins_clone(struct clone_args *args, int (*fn)(void *data), void *data);

#endif
