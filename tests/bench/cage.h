/* SPDX-License-Identifier: Apache-2.0 */
/* What both floors do with the process itself. */
#ifndef INSULA_TESTS_BENCH_CAGE_H
#define INSULA_TESTS_BENCH_CAGE_H

#include <linux/filter.h>

/* die - say what failed and why, and end. */
void die(const char *what) __attribute__((noreturn));

/* read_filter - a seccomp program from a file; it stays in memory. */
void read_filter(const char *path, struct sock_fprog *ret_filter);

/* run_true - take capabilities, ids, no_new_privs and the filter that the configuration has, and
 * execute /bin/true. */
void run_true(const struct sock_fprog *filter) __attribute__((noreturn));

#endif
