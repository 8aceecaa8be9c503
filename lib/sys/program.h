/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs: hooks, and those that insula has do what only few ask for and what takes a library of
 * its own.
 */
#ifndef INSULA_SYS_PROGRAM_H
#define INSULA_SYS_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include "insula.h"

/* The most fds that a program can be given. */
#define INS_PROGRAM_FDS 4

/* ins_program_find - the path of one of insula's own: beside the program that runs, as in a build tree,
 * else where it is installed. It need not be there. */
void ins_program_find(const char *name, char *path, size_t size);

/**
 * ins_program_start - execute a program as a child, in a process group of its own
 * @path: no search in PATH
 * @argv, @envp: NULL at the end
 * @fds: fds[i] becomes its fd i; −1: it has the caller's. They stay the caller's to close.
 * @n_fds: at most INS_PROGRAM_FDS. Of those behind it has the caller's only up to the standard error.
 * @ret_pid: to be waited for
 *
 * What a terminal sends to the foreground is not for it, and the caller's signal mask and ignored
 * signals are not its own.
 *
 * Return: 0 or −errno, also of the execve.
 */
int ins_program_start(const char *path, char *const *argv, char *const *envp, const int *fds,
	size_t n_fds, pid_t *ret_pid);

/* ins_program_wait - until it has ended; @ret_status: as of waitpid(2). Return: 0 or −errno. */
int ins_program_wait(pid_t pid, int *ret_status);

/* One of insula's own that does one thing, prints what it has to say, and ends. */
struct ins_own_program {
	const char *name;
	int missing;      /* errno for one that cannot be executed */
	const char *hint; /* what is said of one that is not there, behind its path */
};

/**
 * ins_program_ask - let it do one thing, and wait
 * @argv: [0] is left free for its path; NULL at the end
 * @input: its standard input; −1: none
 * @words: what it has printed, cut to @size
 *
 * Its exit status is an errno, and then its first line says why.
 *
 * Return: 0; −errno with its own words; −ECANCELED (killed); −missing.
 */
int ins_program_ask(const struct ins_own_program *program, char **argv, int input, char *words,
	size_t size, struct ins_error *err);

#endif
