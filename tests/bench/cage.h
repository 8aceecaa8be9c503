/* SPDX-License-Identifier: Apache-2.0 */
/* What both floors do with the process itself. */
#ifndef INSULA_TESTS_BENCH_CAGE_H
#define INSULA_TESTS_BENCH_CAGE_H

#include <linux/filter.h>

/* die - say what failed and why, and end. */
void die(const char *what) __attribute__((noreturn));

/* read_filter - a seccomp program from a file; it stays in memory. */
void read_filter(const char *path, struct sock_fprog *ret_filter);

/* raise_capabilities - all that are permitted. */
void raise_capabilities(void);

/* run_program - take capabilities, ids, no_new_privs and the filter that the configuration has, and
 * execute @args. */
void run_program(char *const *args, const struct sock_fprog *filter) __attribute__((noreturn));

/* run_true - the same with /bin/true. */
void run_true(const struct sock_fprog *filter) __attribute__((noreturn));

#endif
