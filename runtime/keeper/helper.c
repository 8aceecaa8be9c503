/* SPDX-License-Identifier: Apache-2.0 */
/* insula's own commands, which do the work. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "sys/bare.h"
#include "sys/clone.h"
#include "text.h"

/* Of the child, which needs some hundred bytes. */
#define STACK_SIZE 8192

/* It never returns from its frames: what AddressSanitizer has marked there would stay so, in our memory. */
#define IN_CHILD __attribute__((no_sanitize_address))

struct run {
	const char *program, *output;
	const char *const *argv, *const *envp;
	long result; /* of execve(2), if it came back */
};

/* All of the first three are open: so what is opened is none of them. */
IN_CHILD static long open_as(int fd, const char *path, int flags)
{
	long r = ins_sys(openat, AT_FDCWD, path, flags | O_CLOEXEC, 0);

	return r < 0 ? r : ins_sys(dup3, r, fd, 0);
}

/* In the child, which has our memory until it executes the program. The guest holds its fifo for reading, too: so it
 * gets no SIGPIPE when we die. */
IN_CHILD static int execute(void *data)
{
	struct run *run = data;
	const uint64_t no_signals = 0;
	long r = open_as(STDIN_FILENO, "/dev/null", O_RDWR);

	if (r >= 0)
		r = open_as(STDOUT_FILENO, run->output, O_RDWR | O_NOFOLLOW);
	if (r >= 0)
		r = ins_sys(dup3, STDOUT_FILENO, STDERR_FILENO, 0);
	if (r >= 0)
		r = ins_sys(rt_sigprocmask, SIG_SETMASK, &no_signals, NULL, sizeof(no_signals));
	if (r >= 0)
		r = ins_sys(execve, run->program, run->argv, run->envp);
	run->result = r;
	return 127;
}

static pid_t run(const struct keeper *keeper, const struct guest *guest, const char *const argv[],
	const char *const envp[])
{
	char output[sizeof("/proc/self/fd//output/") + NUMBER_SIZE + NAME_SIZE];
	_Alignas(16) char stack[STACK_SIZE];
	struct run run = { keeper->program, output, argv, envp, 0 };
	struct clone_args args = { .flags = CLONE_VM | CLONE_VFORK,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = sizeof(stack) };
	char dir[NUMBER_SIZE];
	pid_t pid;

	text_join(output, sizeof(output), "/proc/self/fd/", text_number(dir, (uint64_t)keeper->dir),
		"/output/", guest->name);
	pid = ins_clone(&args, execute, &run);
	if (pid > 0 && run.result < 0) {
		(void)waitpid(pid, NULL, 0);
		return (pid_t)run.result;
	}
	return pid;
}

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

pid_t helper_start(const struct keeper *keeper, const struct guest *guest)
{
	char notify[sizeof("NOTIFY_SOCKET=") + sizeof(keeper->notify_path)];
	/* Its standard error is the guest's log: warnings are not the guest's words. */
	const char *argv[] = { "insula", "--log-level", "error", "--root", keeper->root,
		"--library", keeper->library, "start", "--supervised", guest->name, NULL };
	const char *envp[] = { PATH_VARIABLE, notify, NULL };

	text_join(notify, sizeof(notify), "NOTIFY_SOCKET=", keeper->notify_path);
	return run(keeper, guest, argv, envp);
}

/* It is told in the variables of systemd.exec(5), as by systemd. With a success as the result its exit status says
 * whether the guest is to be started again. */
pid_t helper_settle(const struct keeper *keeper, const struct guest *guest)
{
	const char *argv[] = { "insula", "--root", keeper->root, "--library", keeper->library,
		"settle", guest->name, NULL };
	char code[32], status[sizeof("EXIT_STATUS=") + NUMBER_SIZE], number[NUMBER_SIZE];
	const char *envp[] = { PATH_VARIABLE, "SERVICE_RESULT=success", NULL, NULL, NULL };
	bool is_exit = WIFEXITED(guest->status);

	text_join(code, sizeof(code), "EXIT_CODE=",
		is_exit                    ? "exited"
		: WCOREDUMP(guest->status) ? "dumped"
					   : "killed");
	text_join(status, sizeof(status), "EXIT_STATUS=",
		text_number(number, (uint64_t)(is_exit ? WEXITSTATUS(guest->status)
						       : WTERMSIG(guest->status))));
	if (guest->has_status) {
		envp[2] = code;
		envp[3] = status;
	}
	return run(keeper, guest, argv, envp);
}
