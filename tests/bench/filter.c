/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the seccomp program that a process is under to standard output, so that the floor can load
 * the very same one:
 *
 *     filter PID > FILE
 *
 * PTRACE_SECCOMP_GET_FILTER wants CAP_SYS_ADMIN and a kernel with checkpoint/restore.
 */
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "cage.h"

int main(int argc, char **argv)
{
	static struct sock_filter program[BPF_MAXINSNS];
	pid_t pid;
	long count;

	if (argc != 2)
		return 2;
	pid = atoi(argv[1]);
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0 ||
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0)
		die("ptrace");
	if (waitpid(pid, NULL, __WALL) < 0)
		die("waitpid");
	count = ptrace(PTRACE_SECCOMP_GET_FILTER, pid, 0, program);
	if (count < 0)
		die("PTRACE_SECCOMP_GET_FILTER");
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	if (fwrite(program, sizeof(program[0]), (size_t)count, stdout) != (size_t)count ||
		fflush(stdout))
		die("write");
	fprintf(stderr, "%ld instructions\n", count);
	return 0;
}
