/* SPDX-License-Identifier: Apache-2.0 */
/* Running a hook in the runtime's own namespaces. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "hook/hook.h"
#include "plan/run.h"
#include "sys/bare.h"
#include "sys/memfd.h"
#include "sys/program.h"

/* Return: 1 if the process has ended, 0 if @seconds are over, or −errno. */
static int await_end(int pidfd, int seconds)
{
	uint64_t end = ins_clock_now() + (uint64_t)seconds * INS_SECOND;

	for (;;) {
		struct pollfd wait = { .fd = pidfd, .events = POLLIN };
		int n = poll(&wait, 1, seconds ? ins_clock_left(end) : -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			return 1;
		if (seconds && ins_clock_left(end) == 0)
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
	/* Not a pipe: a hook that never reads its state cannot block us. */
	cleanup_fd int state = ins_memfd_text("insula-state", state_json, err);
	cleanup_fd int pidfd = -1;
	int status, ended, r;
	pid_t pid;

	if (state < 0)
		return state;
	r = ins_program_start(path, argv, envp, &state, 1, &pid);
	if (r < 0)
		return ins_error_set(err, -r, "hook %s: execute it", path);
	/* The number cannot be another's: the process is ours and not reaped. */
	pidfd = (int)ins_sys(pidfd_open, pid, 0);
	ended = pidfd < 0 ? pidfd : await_end(pidfd, timeout);
	/* Its process group: what the hook has started ends with it. */
	if (ended <= 0)
		(void)kill(-pid, SIGKILL);
	r = ins_program_wait(pid, &status);
	if (r < 0)
		return ins_error_set(err, -r, "hook %s: wait for it", path);
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
