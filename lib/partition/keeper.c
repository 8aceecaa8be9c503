/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/keeper.h"
#include "sys/program.h"

/* A keeper that is just ending is given so long, and a partition that somebody else starts, too. */
#define TRIES    500
#define PAUSE_NS 20000000L

struct answer {
	int code;
	char words[1024];
};

/* Return: a connected socket, −ECONNREFUSED or −ENOENT: nobody listens, −errno. */
static int connect_keeper(const struct ins_context *context, struct ins_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), dir = -1;
	char path[PATH_MAX];

	if (fd < 0)
		return ins_error_set(err, errno, "make a socket");
	/* By the directory's fd: sun_path is too short for a path. */
	if ((size_t)snprintf(path, sizeof(path), "%s/.keeper", context->root) >= sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "the state directory");
	dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/socket", dir);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int start_keeper(const struct ins_context *context, struct ins_error *err)
{
	char path[PATH_MAX], own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *argv[] = { path, context->root, context->library, own, NULL };
	int status, r;
	pid_t pid;

	if (n < 0)
		return ins_error_set(err, errno, "find this program");
	own[n] = '\0';
	ins_program_find("insula-keeper", path, sizeof(path));
	r = ins_program_start(path, argv, environ, NULL, 0, &pid);
	if (r == 0)
		r = ins_program_wait(pid, &status);
	if (r < 0)
		return ins_error_set(err, -r, "execute %s", path);
	/* What is wrong it has said on the standard error. */
	if (status != 0)
		return ins_error_text(err, EIO, "%s did not start", path);
	return 0;
}

/* Return: 0; −ECONNRESET: it has ended before it has answered. */
static int ask(int fd, const char *request, struct answer *answer)
{
	char text[sizeof(answer->words)], *words;
	ssize_t n;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? -ECONNRESET : -errno;
	do {
		n = recv(fd, text, sizeof(text) - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n == 0 ? -ECONNRESET : -errno;
	text[n] = '\0';
	answer->code = (int)strtol(text, &words, 10);
	snprintf(answer->words, sizeof(answer->words), "%s", words + (*words == ' '));
	return 0;
}

/* One attempt. Return: 0: @answer is there; 1: again, later; −errno. */
static int attempt(const struct ins_context *context, const char *request, bool is_needed,
	struct answer *answer, struct ins_error *err)
{
	cleanup_fd int fd = connect_keeper(context, err);
	int r = fd;

	if (r == -ENOENT || r == -ECONNREFUSED) {
		answer->code = 0;
		if (!is_needed)
			return 0;
		r = start_keeper(context, err);
		return r < 0 ? r : 1;
	}
	if (r >= 0)
		r = ask(fd, request, answer);
	if (r == -ECONNRESET || (r == 0 && answer->code == EAGAIN))
		return 1;
	return r < 0 ? ins_error_set(err, -r, "ask insula-keeper") : 0;
}

static int converse(const struct ins_context *context, const char *verb, const char *name,
	bool is_needed, struct ins_error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct answer answer = { 0 };
	char request[128];
	int r = 1;

	snprintf(request, sizeof(request), "%s %s", verb, name);
	for (int i = 0; r == 1 && i < TRIES; i++) {
		if (i > 1)
			nanosleep(&pause, NULL);
		r = attempt(context, request, is_needed, &answer, err);
	}
	if (r < 0)
		return r;
	if (r == 1)
		return ins_error_text(
			err, EBUSY, "insula-keeper is busy with partition \"%s\"", name);
	return answer.code ? ins_error_text(err, answer.code, "%s", answer.words) : 0;
}

int ins_keeper_start(struct ins_context *context, const char *name, struct ins_error *err)
{
	return converse(context, "start", name, true, err);
}

int ins_keeper_stop(struct ins_context *context, const char *name, struct ins_error *err)
{
	return converse(context, "stop", name, false, err);
}
