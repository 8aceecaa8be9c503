/* SPDX-License-Identifier: Apache-2.0 */
/* Running a hook in the runtime's own namespaces. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "hook/hook.h"
#include "plan/run.h"
#include "sys/bare.h"

/*
 * The state goes in through a memfd and not a pipe: a hook that never reads it cannot block us. The
 * hook gets it read-only, by an open of its own, so that it starts at the beginning.
 */
static int state_file(const char *json, struct ins_error *err)
{
	cleanup_fd int fd = memfd_create("insula-state", MFD_CLOEXEC);
	size_t size = strlen(json), done = 0;

	if (fd < 0)
		return ins_error_set(err, errno, "memfd for the state");
	while (done < size) {
		ssize_t n = write(fd, json + done, size - done);

		if (n < 0 && errno != EINTR)
			return ins_error_set(err, errno, "write the state");
		done += n > 0 ? (size_t)n : 0;
	}
	return TAKE_FD(fd);
}

/* A process group of its own, so that a timeout ends what the hook has started too. */
static int spawn(const char *path, char *const *argv, char *const *envp, int state, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	char input[32];
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return r;
	}
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setflags(
		&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	snprintf(input, sizeof(input), "/proc/self/fd/%d", state);
	r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!r)
		r = posix_spawn(ret_pid, path, &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Return: 1 if the process has ended, 0 if @seconds are over, or −errno. */
static int await_end(int pidfd, int seconds)
{
	int64_t end = now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		struct pollfd wait = { .fd = pidfd, .events = POLLIN };
		int64_t left = end - now_ms();
		int n;

		if (left > 60000)
			left = 60000;
		n = poll(&wait, 1, seconds ? (int)(left > 0 ? left : 0) : -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return 1;
		if (seconds && now_ms() >= end)
			return 0;
	}
}

static int judge(const char *path, int status, struct ins_error *err)
{
	if (WIFSIGNALED(status))
		return ins_error_text(
			err, ECANCELED, "hook %s: was killed by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status))
		return ins_error_text(err, ECANCELED, "hook %s: exited with status %d", path,
			WEXITSTATUS(status));
	return 0;
}

static int run_hook(const char *path, char *const *argv, char *const *envp, int timeout,
	const char *state_json, struct ins_error *err)
{
	cleanup_fd int state = state_file(state_json, err);
	cleanup_fd int pidfd = -1;
	int status, ended, r;
	pid_t pid;

	if (state < 0)
		return state;
	r = spawn(path, argv, envp, state, &pid);
	if (r)
		return ins_error_set(err, r, "hook %s: execute it", path);
	/* The number cannot be another's: the process is ours and not reaped. */
	pidfd = (int)ins_sys(pidfd_open, pid, 0);
	ended = pidfd < 0 ? pidfd : await_end(pidfd, timeout);
	if (ended <= 0)
		(void)kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return ins_error_set(err, errno, "hook %s: wait for it", path);
	}
	if (ended < 0)
		return ins_error_set(err, -ended, "hook %s: wait for it", path);
	if (ended == 0)
		return ins_error_text(
			err, ETIMEDOUT, "hook %s: timed out after %d s", path, timeout);
	return judge(path, status, err);
}

int ins_hook_parent_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	const struct ins_plan_hook *hook = &op->hook;
	cleanup_free char *state = NULL;
	const char *status = op->stage == INS_STAGE_STARTED ? "running" : "creating";
	int r = run->state_json(run, status, &state, err);

	if (r < 0)
		return r;
	return run_hook(hook->path, (char *const *)hook->args.v, (char *const *)hook->env.v,
		hook->timeout, state, err);
}

/* The list as argv or envp, NULL at the end; to be freed, its strings not. */
static char **vector_of(const struct ins_strings *list)
{
	char **v = calloc(list->n + 1, sizeof(*v));

	for (size_t i = 0; v && i < list->n; i++)
		v[i] = (char *)list->v[i];
	return v;
}

int ins_hook_run(const struct ins_spec_hooks *hooks, enum ins_hook_kind kind, size_t index,
	const char *state_json, struct ins_error *err)
{
	const struct ins_spec_hook *hook = &hooks->v[index];
	const struct ins_strings only_path = { .n = 1, .v = &hook->path };
	cleanup_free char **argv = vector_of(hook->args.n ? &hook->args : &only_path);
	cleanup_free char **envp = vector_of(&hook->env);
	int r;

	if (argv && envp)
		r = run_hook(hook->path, argv, envp, hook->timeout, state_json, err);
	else
		r = ins_error_set(err, ENOMEM, "hook %s", hook->path);
	if (r < 0)
		ins_error_prefix(err, "hooks.%s[%zu]", ins_hook_kind_name(kind), index);
	return r;
}
