/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
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
#include "sys/rights.h"

/* A keeper that is just ending is given so long, and a partition that somebody else starts, too. */
#define TRIES    500
#define PAUSE_NS 20000000L

/* Begin with ANSWER_NONE. */
struct answer {
	int code;
	char words[1024];
	int connection; /* over which it came */
	int sent;       /* the descriptor that came along; −1 */
};

#define ANSWER_NONE ((struct answer){ .connection = -1, .sent = -1 })

static void release(struct answer *answer)
{
	answer->connection = ins_close(answer->connection);
	answer->sent = ins_close(answer->sent);
}

/* @name: of the socket in .keeper. Return: it, connected; −ECONNREFUSED or −ENOENT: nobody listens; −errno. */
static int connect_keeper(
	const struct ins_context *context, const char *name, struct ins_error *err)
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
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

/* @argv: [0] is left free for its path; @fds: as for ins_program_start(). */
static int start_program(const struct ins_context *context, char **argv, const int *fds,
	size_t n_fds, struct ins_error *err)
{
	char path[PATH_MAX], *no_variables[] = { NULL };
	int status, r;
	pid_t pid;

	ins_program_find("insula-keeper", path, sizeof(path));
	argv[0] = path;
	/* It stays: so it keeps nothing of the caller's. */
	r = ins_program_start(path, argv, no_variables, fds, n_fds, &pid);
	if (r == 0)
		r = ins_program_wait(pid, &status);
	if (r < 0)
		return ins_error_set(err, -r, "execute %s", path);
	if (WIFEXITED(status))
		return WEXITSTATUS(status) == 0
			       ? 0
			       : ins_error_set(err, WEXITSTATUS(status),
					 "insula-keeper: use %s/.keeper", context->root);
	return ins_error_text(err, EIO, "%s was killed", path);
}

static int start_keeper(const struct ins_context *context, struct ins_error *err)
{
	char own[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);
	char *argv[] = { NULL, context->root, context->library, own, NULL };

	if (n < 0)
		return ins_error_set(err, errno, "find this program");
	own[n] = '\0';
	return start_program(context, argv, NULL, 0, err);
}

int ins_keeper_serve(const struct ins_context *context, const char *name, int master, int pidfd,
	struct ins_error *err)
{
	char *argv[] = { NULL, (char *)"--terminal", context->root, (char *)name, NULL };
	const int fds[] = { master, -1, -1, pidfd };

	return start_program(context, argv, fds, ARRAY_LENGTH(fds), err);
}

/* Return: 0; −ECONNRESET: it has ended before it has answered. */
static int ask(int fd, const char *request, struct answer *answer)
{
	char text[sizeof(answer->words)], *words;
	ssize_t n;

	if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		return errno == EPIPE ? -ECONNRESET : -errno;
	n = ins_rights_receive(fd, text, sizeof(text) - 1, &answer->sent);
	if (n <= 0)
		return n == 0 ? -ECONNRESET : (int)n;
	text[n] = '\0';
	answer->code = (int)strtol(text, &words, 10);
	snprintf(answer->words, sizeof(answer->words), "%s", words + (*words == ' '));
	return 0;
}

/* One attempt. Return: 0: @answer is there; 1: again, later; −errno. */
static int attempt(const struct ins_context *context, const char *request, bool is_needed,
	struct answer *answer, struct ins_error *err)
{
	cleanup_fd int fd = connect_keeper(context, "socket", err);
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
	if (r == 0)
		answer->connection = TAKE_FD(fd);
	return r < 0 ? ins_error_set(
			       err, -r, "ask insula-keeper at %s/.keeper/socket", context->root)
		     : 0;
}

static int converse(const struct ins_context *context, const char *verb, const char *name,
	bool is_needed, struct answer *answer, struct ins_error *err)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	char request[128];
	int r = 1;

	snprintf(request, sizeof(request), "%s %s", verb, name);
	for (int i = 0; r == 1 && i < TRIES; i++) {
		if (i > 1)
			nanosleep(&pause, NULL);
		r = attempt(context, request, is_needed, answer, err);
	}
	if (r < 0)
		return r;
	if (r == 1)
		return ins_error_text(
			err, EBUSY, "insula-keeper is busy with partition \"%s\"", name);
	return answer->code ? ins_error_text(err, answer->code, "%s", answer->words) : 0;
}

/* Has it noted a guest that is a partition of this library? The directory is empty or not there wherever no keeper
 * is at work. */
static bool has_guests(const struct ins_context *context)
{
	char path[PATH_MAX];
	DIR *dir;
	const struct dirent *entry;
	bool has = false;

	if (snprintf(path, sizeof(path), "%s/.keeper/guests", context->root) >= (int)sizeof(path))
		return false;
	dir = opendir(path);
	while (dir && !has && (entry = readdir(dir))) {
		has = entry->d_name[0] != '.' &&
		      snprintf(path, sizeof(path), "%s/partitions/%s", context->library,
			      entry->d_name) < (int)sizeof(path) &&
		      access(path, F_OK) == 0;
	}
	if (dir)
		closedir(dir);
	return has;
}

int ins_keeper_revive(struct ins_context *context, struct ins_error *err)
{
	int fd;

	if (!has_guests(context) || ins_keeper_is_parent())
		return 0;
	fd = connect_keeper(context, "socket", err);
	if (fd == -ENOENT || fd == -ECONNREFUSED)
		return start_keeper(context, err);
	ins_close(fd);
	return 0;
}

int ins_keeper_start(struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_with(release) struct answer answer = ANSWER_NONE;

	return converse(context, "start", name, true, &answer, err);
}

int ins_keeper_stop(struct ins_context *context, const char *name, struct ins_error *err)
{
	cleanup_with(release) struct answer answer = ANSWER_NONE;

	return converse(context, "stop", name, false, &answer, err);
}

/* Who serves this one's terminal alone. Return: 0: @answer is there; −ENOENT, −ECONNREFUSED: nobody does; −errno. */
static int ask_alone(const struct ins_context *context, const char *request, const char *name,
	struct answer *answer, struct ins_error *err)
{
	char socket_name[sizeof("terminals/") + 64];

	snprintf(socket_name, sizeof(socket_name), "terminals/%s", name);
	answer->connection = connect_keeper(context, socket_name, err);
	return answer->connection < 0 ? answer->connection
				      : ask(answer->connection, request, answer);
}

int ins_keeper_attach(struct ins_context *context, const char *name,
	struct ins_console *ret_console, struct ins_error *err)
{
	cleanup_with(release) struct answer answer = ANSWER_NONE;
	char request[128];
	int r;

	snprintf(request, sizeof(request), "attach %s", name);
	r = ask_alone(context, request, name, &answer, err);
	if (r < 0 || answer.sent < 0) {
		release(&answer);
		r = converse(context, "attach", name, true, &answer, err);
	}
	if (r < 0)
		return r;
	if (answer.sent < 0)
		return ins_error_text(err, EPROTO, "insula-keeper has sent no terminal");
	ret_console->output = TAKE_FD(answer.connection);
	ret_console->terminal = TAKE_FD(answer.sent);
	return 0;
}

/* No other's socket has such an address: see its notify_path. */
bool ins_keeper_is_parent(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && !strncmp(path, "/proc/", strlen("/proc/"));
}
