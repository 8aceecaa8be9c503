/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/program.h"

/* The build says where they are installed. */
#ifndef INS_LIBEXECDIR
#define INS_LIBEXECDIR "/usr/local/libexec/insula"
#endif

void ins_program_find(const char *name, char *path, size_t size)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash) {
		*slash = '\0';
		if ((size_t)snprintf(path, size, "%s/%s", own, name) < size &&
			access(path, X_OK) == 0)
			return;
	}
	snprintf(path, size, "%s/%s", INS_LIBEXECDIR, name);
}

static int set_apart(posix_spawnattr_t *attr)
{
	sigset_t all, none;
	int r = posix_spawnattr_setflags(
		attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

	sigfillset(&all);
	sigemptyset(&none);
	if (!r)
		r = posix_spawnattr_setpgroup(attr, 0);
	if (!r)
		r = posix_spawnattr_setsigmask(attr, &none);
	return r ? r : posix_spawnattr_setsigdefault(attr, &all);
}

static int assign_fds(posix_spawn_file_actions_t *actions, const int *copies, size_t n)
{
	int first_closed = n > STDERR_FILENO ? (int)n : STDERR_FILENO + 1, r = 0;

	for (size_t i = 0; !r && i < n; i++) {
		if (copies[i] >= 0)
			r = posix_spawn_file_actions_adddup2(actions, copies[i], (int)i);
	}
	return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, first_closed);
}

/* Return: 0 or an errno, as posix_spawn(3). */
static int spawn(const char *path, char *const *argv, char *const *envp, const int *copies,
	size_t n, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	r = posix_spawnattr_init(&attr);
	if (r) {
		posix_spawn_file_actions_destroy(&actions);
		return r;
	}
	r = set_apart(&attr);
	if (!r)
		r = assign_fds(&actions, copies, n);
	if (!r)
		r = posix_spawn(ret_pid, path, &actions, &attr, argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

int ins_program_start(const char *path, char *const *argv, char *const *envp, const int *fds,
	size_t n_fds, pid_t *ret_pid)
{
	int copies[INS_PROGRAM_FDS] = { -1, -1, -1, -1 };
	int r = 0;

	/* Above all that it is given: so no copy is overwritten before it is made. */
	for (size_t i = 0; i < n_fds; i++) {
		copies[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, INS_PROGRAM_FDS);
		if (fds[i] >= 0 && copies[i] < 0)
			r = errno;
	}
	if (!r)
		r = spawn(path, argv, envp, copies, n_fds, ret_pid);
	for (size_t i = 0; i < n_fds; i++)
		ins_close(copies[i]);
	return -r;
}

int ins_program_wait(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* --- asking one of our own ------------------------------------------------------------------------- */

/* A program that cannot be executed ends so (posix_spawn(3) and the dynamic loader). */
#define STATUS_NOT_RUN 127

/* All that comes, cut to what there is room for. */
static void read_words(int fd, char *words, size_t size)
{
	size_t used = 0;
	char rest[256];

	for (;;) {
		bool fits = used < size - 1;
		ssize_t n = fits ? read(fd, words + used, size - 1 - used)
				 : read(fd, rest, sizeof(rest));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (fits)
			used += (size_t)n;
	}
	words[used] = '\0';
}

static int judge(const struct ins_own_program *program, const char *path, int status,
	const char *words, struct ins_error *err)
{
	if (WIFSIGNALED(status))
		return ins_error_text(
			err, ECANCELED, "%s was killed by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return 0;
	if (WEXITSTATUS(status) == STATUS_NOT_RUN || !words[0])
		return ins_error_text(err, program->missing,
			"%s cannot be executed: it ended with status %d", path,
			WEXITSTATUS(status));
	return ins_error_text(err, WEXITSTATUS(status), "%.*s", (int)strcspn(words, "\n"), words);
}

static int ask(const struct ins_own_program *program, char **argv, int input, char *words,
	size_t size, struct ins_error *err)
{
	cleanup_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), output = -1;
	const char *path = argv[0];
	int pair[2], status, r;
	pid_t pid;

	if (nothing < 0)
		return ins_error_set(err, errno, "open /dev/null");
	if (pipe2(pair, O_CLOEXEC) < 0)
		return ins_error_set(err, errno, "make a pipe for %s", program->name);
	output = pair[0];
	r = ins_program_start(path, argv, environ,
		(const int[]){ input < 0 ? nothing : input, pair[1] }, 2, &pid);
	ins_close(pair[1]);
	if (r == -ENOENT)
		return ins_error_text(
			err, program->missing, "%s is not there: %s", path, program->hint);
	if (r < 0)
		return ins_error_text(err, program->missing, "execute %s: %s", path, strerror(-r));
	read_words(output, words, size);
	r = ins_program_wait(pid, &status);
	return r < 0 ? ins_error_set(err, -r, "wait for %s", program->name)
		     : judge(program, path, status, words, err);
}

int ins_program_ask(const struct ins_own_program *program, char **argv, int input, char *words,
	size_t size, struct ins_error *err)
{
	char path[PATH_MAX + 32];
	int r;

	ins_program_find(program->name, path, sizeof(path));
	argv[0] = path;
	r = ask(program, argv, input, words, size, err);
	argv[0] = NULL;
	return r;
}
