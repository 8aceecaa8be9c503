/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and lets one of its system calls fail, or kills the process that makes it.
 *
 *     inject [-o FILE] [-n N] [-e ERRNO | -k] COMMAND [ARG…]
 *
 * Counted are the system calls of the command and of all that it clones, in the order in which they
 * happen, as long as a process executes the command itself or the runtime's init: a hook or the
 * container's program is let go when it is executed. Without -n nothing is done but counting. The
 * count and what was done go to FILE (or stderr), as "calls COUNT" and "hit N CALL PID"; the exit
 * status is the command's.
 *
 * Linux 5.3 (PTRACE_GET_SYSCALL_INFO), x86-64 only: elsewhere it says so and exits with 77.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__

#define MAX_TRACEES 256

struct options {
	long target; /* 0: count only */
	int error;   /* errno, or 0: kill */
	FILE *report;
};

struct tracee {
	pid_t pid;
	bool in_call, failing;
};

static struct tracee tracees[MAX_TRACEES];
static long calls;

static struct tracee *find_tracee(pid_t pid)
{
	struct tracee *empty = NULL;

	for (size_t i = 0; i < MAX_TRACEES; i++) {
		if (tracees[i].pid == pid)
			return &tracees[i];
		if (!tracees[i].pid && !empty)
			empty = &tracees[i];
	}
	if (!empty) {
		fprintf(stderr, "inject: too many processes\n");
		exit(2);
	}
	*empty = (struct tracee){ .pid = pid };
	return empty;
}

/* Is this process still the runtime, and not what it has started? */
static bool is_runtime(pid_t pid, const char *runtime)
{
	char path[64], exe[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n < 0)
		return false;
	exe[n] = '\0';
	return !strcmp(exe, runtime) || !strncmp(exe, "/memfd:insula-init", 18);
}

/* These do not return, or not with a value. */
static bool can_fail(uint64_t nr)
{
	return nr != SYS_exit && nr != SYS_exit_group && nr != SYS_rt_sigreturn;
}

static void enter_call(struct tracee *t, const struct options *options)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info) <= 0)
		return;
	if (options->error && !can_fail(info.entry.nr))
		return;
	if (++calls != options->target)
		return;
	fprintf(options->report, "hit %ld %llu %d\n", calls, (unsigned long long)info.entry.nr,
		(int)t->pid);
	fflush(options->report);
	if (!options->error) {
		kill(t->pid, SIGKILL);
		return;
	}
	/* A call with the number −1 does nothing. */
	ptrace(PTRACE_POKEUSER, t->pid, offsetof(struct user_regs_struct, orig_rax), -1L);
	t->failing = true;
}

static void leave_call(struct tracee *t, const struct options *options)
{
	if (t->failing)
		ptrace(PTRACE_POKEUSER, t->pid, offsetof(struct user_regs_struct, rax),
			(long)-options->error);
	t->failing = false;
}

/* One stop of a tracee; lets it go on. */
static void handle_stop(struct tracee *t, int status, const char *runtime,
	const struct options *options)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		t->in_call = !t->in_call;
		if (t->in_call)
			enter_call(t, options);
		else
			leave_call(t, options);
		ptrace(PTRACE_SYSCALL, t->pid, 0, 0);
		return;
	}
	if (event == PTRACE_EVENT_EXEC && !is_runtime(t->pid, runtime)) {
		pid_t pid = t->pid;

		t->pid = 0;
		ptrace(PTRACE_DETACH, pid, 0, 0);
		return;
	}
	if (event == PTRACE_EVENT_STOP && (signal == SIGSTOP || signal == SIGTSTP)) {
		ptrace(PTRACE_LISTEN, t->pid, 0, 0);
		return;
	}
	ptrace(PTRACE_SYSCALL, t->pid, 0, event ? 0 : signal);
}

static int trace(pid_t main_pid, const char *runtime, const struct options *options)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return 2;
		if (WIFSTOPPED(status)) {
			handle_stop(find_tracee(pid), status, runtime, options);
			continue;
		}
		find_tracee(pid)->pid = 0;
		if (pid != main_pid)
			continue;
		/* What is left goes on without us: the end of a tracer detaches. */
		fprintf(options->report, "calls %ld\n", calls);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static int run(char **argv, const struct options *options)
{
	char *runtime = realpath(argv[0], NULL);
	pid_t pid;
	int status;

	if (!runtime) {
		fprintf(stderr, "inject: %s: %s\n", argv[0], strerror(errno));
		return 2;
	}
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		execv(runtime, argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) < 0)
		return 2;
	if (ptrace(PTRACE_SEIZE, pid, 0,
		    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) < 0) {
		perror("inject: PTRACE_SEIZE");
		kill(pid, SIGKILL);
		return 2;
	}
	find_tracee(pid);
	kill(pid, SIGCONT);
	/* Calls count from the execve on: before it, the process is not the runtime. */
	for (;;) {
		if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return 2;
		if (status >> 16 == PTRACE_EVENT_EXEC)
			break;
		if (status >> 16 == PTRACE_EVENT_STOP || WSTOPSIG(status) == SIGCONT)
			ptrace(PTRACE_CONT, pid, 0, 0);
		else
			ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
	}
	/* The next stop is the end of the execve itself. */
	find_tracee(pid)->in_call = true;
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	return trace(pid, runtime, options);
}

int main(int argc, char **argv)
{
	struct options options = { .error = EIO, .report = stderr };
	int option;

	while ((option = getopt(argc, argv, "+o:n:e:k")) != -1) {
		switch (option) {
		case 'o':
			options.report = fopen(optarg, "we");
			break;
		case 'n':
			options.target = atol(optarg);
			break;
		case 'e':
			options.error = atoi(optarg);
			break;
		case 'k':
			options.error = 0;
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc || !options.report) {
		fprintf(stderr, "usage: inject [-o FILE] [-n N] [-e ERRNO | -k] COMMAND [ARG...]\n");
		return 2;
	}
	return run(argv + optind, &options);
}

#else

int main(void)
{
	fprintf(stderr, "inject: not written for this architecture\n");
	return 77;
}

#endif
