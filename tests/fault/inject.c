/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and lets one of its system calls fail, or kills the process that makes it.
 *
 *     inject [-o FILE] [-t SECONDS] [-w runtime|init] [-p PID] [-l | [-c NAME] -n N [-e ERRNO | -k]]
 *             COMMAND [ARG…]
 *
 * Counted are the system calls of the command and of all that it clones, in the order in which they
 * happen, as long as a process executes the command itself or the runtime's init: a hook or the
 * container's program is let go when it is executed. With -w only those of the command itself count,
 * or only those of its children: parent and child work at the same time, and alone each makes its
 * calls in the same order every time. With -p an init that waits since an earlier command is one of
 * the children. Without -n nothing is done but counting; -l also lists the calls. With -c the N-th call
 * of that name is meant: there may be several children, too. prctl-4 is a prctl with that first argument
 * (hexadecimal).
 *
 * To FILE (or stderr) go
 *
 *     call N NAME ARGUMENTS       with -l
 *     hit N NAME ARGUMENTS        what was failed or killed
 *     left PID                    a child that has not ended a second after the command
 *     hang                        after SECONDS the command and its children were killed
 *     calls COUNT
 *
 * The exit status is the command's; 128 + the signal, 124 if it hung.
 *
 * Linux 5.3 (PTRACE_GET_SYSCALL_INFO), x86-64 only: elsewhere it says so and exits with 77.
 */
#include <ctype.h>
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#ifdef __x86_64__

#define MAX_TRACEES 256
#define HANG_STATUS 124

/* How long what was killed may take to end after the command has. */
#define GRACE_MS 1000

struct options {
	long target;      /* 0: count only */
	const char *name; /* only calls of that name are meant; NULL: all */
	int error;        /* errno, or 0: kill */
	bool list;
	bool in_runtime, in_init; /* whose calls count */
	pid_t attach;
	int seconds; /* 0: for ever */
	FILE *report;
};

struct tracee {
	pid_t pid;
	bool failing;
};

static struct tracee tracees[MAX_TRACEES];
static long calls, calls_meant;
static volatile sig_atomic_t alarmed;

static void note_alarm(int signal)
{
	(void)signal;
	alarmed = 1;
}

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

/* An argument as text if it looks like the address of one, else as number. */
static void print_argument(FILE *report, pid_t pid, uint64_t value)
{
	char text[80] = "";
	struct iovec here = { text, sizeof(text) - 1 }, there = { (void *)value, sizeof(text) - 1 };
	/* Not beyond the page: what lies behind need not be there. */
	size_t to_page_end = 4096 - value % 4096;

	if (there.iov_len > to_page_end)
		there.iov_len = to_page_end;
	if (value < 65536 || process_vm_readv(pid, &here, 1, &there, 1, 0) < 2 ||
		!isgraph((unsigned char)text[0])) {
		fprintf(report, " %llx", (unsigned long long)value);
		return;
	}
	for (char *p = text; *p; p++) {
		if (!isgraph((unsigned char)*p))
			*p = '\0';
	}
	fprintf(report, " \"%s\"", text);
}

static bool is_meant(const struct __ptrace_syscall_info *info, const char *wanted)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)info->entry.nr);
	char with_argument[64];
	bool is_same;

	snprintf(with_argument, sizeof(with_argument), "%s-%llx", name ? name : "?",
		(unsigned long long)info->entry.args[0]);
	is_same = (name && !strcmp(name, wanted)) || !strcmp(with_argument, wanted);
	free(name);
	return is_same;
}

static void print_call(const struct options *options, const char *what, pid_t pid,
	const struct __ptrace_syscall_info *info)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, (int)info->entry.nr);

	fprintf(options->report, "%s %ld %s", what, calls, name ? name : "?");
	for (int i = 0; i < 4; i++)
		print_argument(options->report, pid, info->entry.args[i]);
	fprintf(options->report, "\n");
	fflush(options->report);
	free(name);
}

static void enter_call(struct tracee *t, const struct __ptrace_syscall_info *info, pid_t main_pid,
	const struct options *options)
{
	if (t->pid == main_pid ? !options->in_runtime : !options->in_init)
		return;
	if (options->error && !can_fail(info->entry.nr))
		return;
	calls++;
	if (options->list)
		print_call(options, "call", t->pid, info);
	if (!options->target || (options->name && !is_meant(info, options->name)))
		return;
	if (++calls_meant != options->target)
		return;
	print_call(options, "hit", t->pid, info);
	if (!options->error) {
		kill(t->pid, SIGKILL);
		return;
	}
	/* close(2) closes, whatever it says. Else a call with the number −1 does nothing. */
	t->failing = true;
	if (info->entry.nr == SYS_close)
		return;
	ptrace(PTRACE_POKEUSER, t->pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

static void leave_call(struct tracee *t, const struct options *options)
{
	if (t->failing)
		ptrace(PTRACE_POKEUSER, t->pid, offsetof(struct user_regs_struct, rax),
			(long)-options->error);
	t->failing = false;
}

/* One stop of a tracee; lets it go on. */
static void handle_stop(struct tracee *t, int status, pid_t main_pid, const char *runtime,
	const struct options *options)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		struct __ptrace_syscall_info info = { 0 };

		ptrace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), &info);
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
			enter_call(t, &info, main_pid, options);
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

static void kill_tracees(void)
{
	for (size_t i = 0; i < MAX_TRACEES; i++) {
		if (tracees[i].pid)
			kill(tracees[i].pid, SIGKILL);
	}
}

/* The command has ended. Who is still there goes on without us when the end of a tracer detaches;
 * what was killed only needs a moment. */
static void await_rest(pid_t main_pid, const char *runtime, const struct options *options)
{
	bool left = true;

	for (int ms = 0; left && ms < GRACE_MS; ms++) {
		int status;
		pid_t pid;

		while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
			if (WIFSTOPPED(status))
				handle_stop(find_tracee(pid), status, main_pid, runtime, options);
			else
				find_tracee(pid)->pid = 0;
		}
		left = false;
		for (size_t i = 0; i < MAX_TRACEES; i++)
			left = left || (tracees[i].pid && tracees[i].pid != options->attach);
		if (left)
			usleep(1000);
	}
	for (size_t i = 0; i < MAX_TRACEES; i++) {
		if (tracees[i].pid && tracees[i].pid != options->attach)
			fprintf(options->report, "left %d\n", (int)tracees[i].pid);
	}
}

static int trace(pid_t main_pid, const char *runtime, const struct options *options)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR && !alarmed)
			continue;
		if (pid < 0 && errno == EINTR) {
			fprintf(options->report, "hang\n");
			kill_tracees();
			return HANG_STATUS;
		}
		if (pid < 0)
			return 2;
		if (WIFSTOPPED(status)) {
			handle_stop(find_tracee(pid), status, main_pid, runtime, options);
			continue;
		}
		find_tracee(pid)->pid = 0;
		if (pid != main_pid)
			continue;
		/* After a success init may have to stay. */
		if (status)
			await_rest(main_pid, runtime, options);
		fprintf(options->report, "calls %ld\n", calls);
		return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

static bool seize(pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, 0,
		    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) == 0)
		return true;
	fprintf(stderr, "inject: PTRACE_SEIZE of %d: %s\n", (int)pid, strerror(errno));
	return false;
}

/* Is it waiting for `start` already? What is interrupted there is begun anew, and so counts. */
static bool is_waiting(pid_t pid)
{
	char path[64];
	FILE *file;
	long nr = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	file = fopen(path, "re");
	if (file) {
		if (fscanf(file, "%ld", &nr) != 1)
			nr = -1;
		fclose(file);
	}
	return nr == SYS_ppoll;
}

static bool attach(pid_t pid)
{
	int status;

	for (int ms = 0; ms < GRACE_MS && !is_waiting(pid); ms++)
		usleep(1000);
	if (!seize(pid) || ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 ||
		waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
		return false;
	find_tracee(pid);
	return ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0;
}

static pid_t start(char **argv, const char *runtime)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		execv(runtime, argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, WUNTRACED) < 0)
		return -1;
	if (!seize(pid)) {
		kill(pid, SIGKILL);
		return -1;
	}
	find_tracee(pid);
	kill(pid, SIGCONT);
	/* Calls count from the execve on: before it, the process is not the runtime. */
	for (;;) {
		if (waitpid(pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return -1;
		if (status >> 16 == PTRACE_EVENT_EXEC)
			break;
		if (status >> 16 == PTRACE_EVENT_STOP || WSTOPSIG(status) == SIGCONT)
			ptrace(PTRACE_CONT, pid, 0, 0);
		else
			ptrace(PTRACE_CONT, pid, 0, WSTOPSIG(status));
	}
	/* The next stop is the end of the execve itself. */
	ptrace(PTRACE_SYSCALL, pid, 0, 0);
	return pid;
}

static int run(char **argv, const struct options *options)
{
	const struct sigaction action = { .sa_handler = note_alarm };
	/* Again and again: the first may come just before a wait. */
	const struct itimerval limit = { { 1, 0 }, { (time_t)options->seconds, 0 } };
	char *runtime = realpath(argv[0], NULL);
	pid_t pid;

	if (!runtime) {
		fprintf(stderr, "inject: %s: %s\n", argv[0], strerror(errno));
		return 2;
	}
	/* What a killed runtime leaves is reaped here: a pid namespace ends only when all in it is, and
	 * the machine's init may take its time. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = start(argv, runtime);
	if (pid < 0 || (options->attach && !attach(options->attach))) {
		fprintf(stderr, "inject: cannot trace\n");
		kill_tracees();
		return 2;
	}
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &limit, NULL);
	return trace(pid, runtime, options);
}

int main(int argc, char **argv)
{
	struct options options = {
		.error = EIO, .in_runtime = true, .in_init = true, .report = stderr
	};
	int option;

	while ((option = getopt(argc, argv, "+o:t:w:p:lc:n:e:k")) != -1) {
		switch (option) {
		case 'o':
			options.report = fopen(optarg, "we");
			break;
		case 't':
			options.seconds = atoi(optarg);
			break;
		case 'w':
			options.in_runtime = strcmp(optarg, "init") != 0;
			options.in_init = strcmp(optarg, "runtime") != 0;
			break;
		case 'p':
			options.attach = atoi(optarg);
			break;
		case 'l':
			options.list = true;
			break;
		case 'c':
			options.name = optarg;
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
		fprintf(stderr, "usage: inject [-o FILE] [-t SECONDS] [-w runtime|init] [-p PID] "
				"[-l | [-c NAME] -n N [-e ERRNO | -k]] COMMAND [ARG...]\n");
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
