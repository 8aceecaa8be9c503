/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recipe runs as the caller, in a mount and a pid namespace of its own: what it mounts or leaves running
 * goes when it ends, or when this program does.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "source.h"

#define OUTPUT "recipe"
#define FAILED 125

/* Of the caller's environment; with it a recipe gives the same everywhere. */
static const char *const kept[] = { "PATH", "HOME", "http_proxy", "https_proxy", "no_proxy",
	"INCLUDE", "KEY", "SOURCE_DATE_EPOCH" };

static void set_environment(char *const *values)
{
	clearenv();
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++) {
		if (values[i])
			setenv(kept[i], values[i], 1);
	}
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 0);
	setenv("HOME", "/root", 0);
	setenv("SOURCE_DATE_EPOCH", "0", 0);
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TZ", "UTC", 1);
}

/* In the new namespaces, as their first process. */
__attribute__((noreturn)) static void execute(
	const char *program, const char *output, char *const *arguments)
{
	char *values[ARRAY_LENGTH(kept)], *argv[64] = { (char *)program, (char *)output };
	sigset_t none;
	size_t n = 2;

	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		values[i] = getenv(kept[i]) ? strdup(getenv(kept[i])) : NULL;
	for (; *arguments && n < ARRAY_LENGTH(argv) - 1; arguments++)
		argv[n++] = *arguments;
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(022);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
		mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 &&
		dup2(STDERR_FILENO, STDOUT_FILENO) >= 0) {
		set_environment(values);
		execv(program, argv);
	}
	fprintf(stderr, "%s: %s\n", program, strerror(errno));
	_exit(FAILED);
}

static int start(const char *program, const char *output, char *const *arguments)
{
	/* The first process of a pid namespace: its end is the end of all that it has started. */
	long pid = syscall(SYS_clone, CLONE_NEWNS | CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		execute(program, output, arguments);
	return pid < 0 ? -errno : (int)pid;
}

static int run(
	const char *program, const char *output, char *const *arguments, struct ins_error *err)
{
	int status, pid = start(program, output, arguments);

	if (pid < 0)
		return ins_error_set(err, -pid, "start the recipe %s", program);
	while (waitpid(pid, &status, 0) < 0) {
		if (intake_is_interrupted)
			(void)kill(pid, SIGKILL);
	}
	if (intake_is_interrupted)
		return ins_error_text(err, ECANCELED, "interrupted");
	if (WIFSIGNALED(status))
		return ins_error_text(err, ECHILD, "the recipe %s was killed by signal %d", program,
			WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return ins_error_text(err, ECHILD,
			"the recipe %s has failed (exit status %d); what it said is above", program,
			WEXITSTATUS(status));
	return 0;
}

int source_recipe(struct intake *intake, const char *program, char *const *arguments, int scratch,
	const char *scratch_path, struct ins_error *err)
{
	char output[PATH_MAX];
	int r;

	if (snprintf(output, sizeof(output), "%s" OUTPUT, scratch_path) >= (int)sizeof(output))
		return ins_error_set(err, ENAMETOOLONG, "the recipe's directory");
	if (mkdirat(scratch, OUTPUT, 0755) < 0)
		return ins_error_set(err, errno, "make %s", output);
	r = run(program, output, arguments, err);
	if (r < 0)
		return r;
	ins_progress_stage(intake->progress, "copying", 0);
	return source_directory(intake, output, err);
}
