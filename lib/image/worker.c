/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "image/worker.h"
#include "sys/program.h"

#define PROGRAM "insula-image"

/* A program that cannot be executed ends so (posix_spawn(3) and the dynamic loader). */
#define STATUS_NOT_RUN 127

/* All that comes, cut to what there is room for. */
static void read_words(int fd, char *words)
{
	size_t used = 0;
	char rest[256];

	for (;;) {
		bool fits = used < INS_WORKER_SIZE - 1;
		ssize_t n = fits ? read(fd, words + used, INS_WORKER_SIZE - 1 - used)
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

static int judge(const char *path, int status, const char *words, struct ins_error *err)
{
	if (WIFSIGNALED(status))
		return ins_error_text(
			err, ECANCELED, "%s was killed by signal %d", path, WTERMSIG(status));
	if (WEXITSTATUS(status) == 0)
		return 0;
	if (WEXITSTATUS(status) == STATUS_NOT_RUN || !words[0])
		return ins_error_text(err, EOPNOTSUPP,
			"%s cannot be executed: it ended with status %d", path,
			WEXITSTATUS(status));
	return ins_error_text(err, WEXITSTATUS(status), "%.*s", (int)strcspn(words, "\n"), words);
}

int ins_worker_ask(char **argv, int file, char words[INS_WORKER_SIZE], struct ins_error *err)
{
	cleanup_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC), output = -1;
	char path[PATH_MAX + 32];
	int pair[2], status, r;
	pid_t pid;

	if (nothing < 0)
		return ins_error_set(err, errno, "open /dev/null");
	if (pipe2(pair, O_CLOEXEC) < 0)
		return ins_error_set(err, errno, "make a pipe for " PROGRAM);
	output = pair[0];
	ins_program_find(PROGRAM, path, sizeof(path));
	argv[0] = path;
	r = ins_program_start(
		path, argv, environ, (const int[]){ file < 0 ? nothing : file, pair[1] }, 2, &pid);
	ins_close(pair[1]);
	if (r == -ENOENT)
		return ins_error_text(err, EOPNOTSUPP,
			"%s is not there: it makes and checks templates (./configure "
			"--with-libarchive builds it, if libarchive and nettle are installed)",
			path);
	if (r < 0)
		return ins_error_set(err, -r, "execute %s", path);
	read_words(output, words);
	r = ins_program_wait(pid, &status);
	return r < 0 ? ins_error_set(err, -r, "wait for " PROGRAM)
		     : judge(path, status, words, err);
}
