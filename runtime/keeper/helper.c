/* SPDX-License-Identifier: Apache-2.0 */
/* insula's own commands, which do the work. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

#define DESCRIPTORS_OF_OTHERS 3 /* the first behind the standard ones */

/* The guest holds its fifo for reading, too: so it gets no SIGPIPE when we die. */
static void take_stdio(const struct keeper *keeper, const struct guest *guest)
{
	char path[sizeof("output/") + NAME_SIZE];
	int in = open("/dev/null", O_RDWR), out;

	snprintf(path, sizeof(path), "output/%s", guest->name);
	out = openat(keeper->dir, path, O_RDWR | O_NOFOLLOW);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(1);
	close_range(DESCRIPTORS_OF_OTHERS, ~0U, 0);
}

static pid_t run(const struct keeper *keeper, const struct guest *guest, const char *const argv[],
	const char *const envp[])
{
	pid_t pid = fork();
	sigset_t none;

	if (pid != 0)
		return pid < 0 ? -errno : pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	take_stdio(keeper, guest);
	execve(keeper->program, (char *const *)argv, (char *const *)envp);
	_exit(127);
}

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

pid_t helper_start(const struct keeper *keeper, const struct guest *guest)
{
	char notify[sizeof("NOTIFY_SOCKET=") + sizeof(keeper->notify_path)];
	const char *argv[] = { "insula", "--root", keeper->root, "--library", keeper->library,
		"start", "--supervised", guest->name, NULL };
	const char *envp[] = { PATH_VARIABLE, notify, NULL };

	snprintf(notify, sizeof(notify), "NOTIFY_SOCKET=%s", keeper->notify_path);
	return run(keeper, guest, argv, envp);
}

/* It is told in the variables of systemd.exec(5), as by systemd. With a success as the result its exit status says
 * whether the guest is to be started again. */
pid_t helper_settle(const struct keeper *keeper, const struct guest *guest)
{
	const char *argv[] = { "insula", "--root", keeper->root, "--library", keeper->library,
		"settle", guest->name, NULL };
	char code[32], status[32];
	const char *envp[] = { PATH_VARIABLE, "SERVICE_RESULT=success", NULL, NULL, NULL };
	bool is_exit = WIFEXITED(guest->status);

	snprintf(code, sizeof(code), "EXIT_CODE=%s",
		is_exit                    ? "exited"
		: WCOREDUMP(guest->status) ? "dumped"
					   : "killed");
	snprintf(status, sizeof(status), "EXIT_STATUS=%d",
		is_exit ? WEXITSTATUS(guest->status) : WTERMSIG(guest->status));
	if (guest->has_status) {
		envp[2] = code;
		envp[3] = status;
	}
	return run(keeper, guest, argv, envp);
}
