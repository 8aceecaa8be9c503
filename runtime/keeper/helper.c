/* SPDX-License-Identifier: Apache-2.0 */
/* insula's own commands, which do the work. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"

/* The guest holds its fifo for reading, too: so it gets no SIGPIPE when we die. */
static int plan_stdio(
	posix_spawn_file_actions_t *actions, const struct keeper *keeper, const struct guest *guest)
{
	char path[sizeof("/proc/self/fd/2147483647/output/") + NAME_SIZE];
	int r = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDWR, 0);

	snprintf(path, sizeof(path), "/proc/self/fd/%d/output/%s", keeper->dir, guest->name);
	if (!r)
		r = posix_spawn_file_actions_addopen(actions, 1, path, O_RDWR | O_NOFOLLOW, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(actions, 1, 2);
	return r;
}

/* Without a copy of our memory, as fork(2) would make it. */
static pid_t run(const struct keeper *keeper, const struct guest *guest, const char *const argv[],
	const char *const envp[])
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	pid_t pid;
	int r;

	sigemptyset(&none);
	/* These two allocate nothing. */
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	r = plan_stdio(&actions, keeper, guest);
	if (!r)
		r = posix_spawn(&pid, keeper->program, &actions, &attr, (char *const *)argv,
			(char *const *)envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return r ? -r : pid;
}

#define PATH_VARIABLE "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

pid_t helper_start(const struct keeper *keeper, const struct guest *guest)
{
	char notify[sizeof("NOTIFY_SOCKET=") + sizeof(keeper->notify_path)];
	/* Its standard error is the guest's log: warnings are not the guest's words. */
	const char *argv[] = { "insula", "--log-level", "error", "--root", keeper->root,
		"--library", keeper->library, "start", "--supervised", guest->name, NULL };
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
