/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: interfaces of the host are moved by the program insula-net, which is asked over a
 * socket. It stays until the container is made, and gives them back if that comes to nothing: also
 * if we are killed.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/net.h"
#include "plan/run.h"
#include "sys/program.h"

#define PROGRAM "insula-net"

/* Where it expects the container's network namespace. */
#define NAMESPACE_FD 3

/* Above all that the program is given: no copy is overwritten before it is made. */
#define FIRST_COPY 16

/* In a process group of its own: what a terminal sends to the foreground is not for it. */
static int spawn(const char *path, int socket, int namespace, pid_t *ret_pid)
{
	char *argv[] = { (char *)PROGRAM, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t all, none;
	int r = posix_spawn_file_actions_init(&actions);

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
	r = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_addopen(
			&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, namespace, NAMESPACE_FD);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, NAMESPACE_FD + 1);
	if (!r)
		r = posix_spawn(ret_pid, path, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The end of the socket, without "keep" before it, makes the program give everything back. */
static void end_mover(struct ins_run *run)
{
	run->net_socket = ins_close(run->net_socket);
	while (run->net_pid > 0 && waitpid(run->net_pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	run->net_pid = 0;
}

static void give_back(void *data, long number)
{
	(void)number;
	end_mover(data);
}

void ins_net_keep(struct ins_run *run)
{
	if (run->net_pid <= 0)
		return;
	if (send(run->net_socket, "keep", strlen("keep"), MSG_NOSIGNAL) < 0 && run->warn)
		run->warn(run->warn_data, "linux.netDevices: " PROGRAM " has ended too early");
	end_mover(run);
}

/* Before the container's process has done anything of its own. */
static int start_mover(struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int namespace = -1, theirs = -1;
	char path[PATH_MAX + 32], file[40];
	int pair[2], r;

	snprintf(file, sizeof(file), "/proc/%d/ns/net", (int)run->pid);
	namespace = open(file, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return ins_error_set(err, errno, "open %s", file);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return ins_error_set(err, errno, "make a socket pair for " PROGRAM);
	run->net_socket = pair[0];
	theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, FIRST_COPY);
	ins_close(pair[1]);
	r = fcntl(namespace, F_DUPFD_CLOEXEC, FIRST_COPY);
	if (theirs < 0 || r < 0) {
		ins_close(r);
		return ins_error_set(err, errno, "duplicate an fd for " PROGRAM);
	}
	ins_close(namespace);
	namespace = r;
	ins_program_find(PROGRAM, path, sizeof(path));
	ins_undo_push(&run->undo, give_back, run, 0);
	r = spawn(path, theirs, namespace, &run->net_pid);
	if (r == ENOENT)
		return ins_error_text(err, EOPNOTSUPP,
			"%s is not there: it moves interfaces (./configure --with-libmnl builds "
			"it, if "
			"libmnl is installed)",
			path);
	return r ? ins_error_set(err, r, "execute %s", path) : 0;
}

int ins_net_device_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	char text[320], *words;
	ssize_t n;
	long code;
	int r = run->net_pid > 0 ? 0 : start_mover(run, err);

	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "%s %s", op->path, op->text.text);
	if (send(run->net_socket, text, (size_t)n, MSG_NOSIGNAL) != n)
		return ins_error_set(err, errno, "ask " PROGRAM);
	do {
		n = recv(run->net_socket, text, sizeof(text) - 1, 0);
	} while (n < 0 && errno == EINTR);
	/* So ends one that the dynamic loader finds no libmnl for: its words are on our stderr. */
	if (n <= 0)
		return ins_error_text(err, ECHILD, PROGRAM " has ended without an answer");
	text[n] = '\0';
	code = strtol(text, &words, 10);
	if (code == 0)
		return 0;
	return ins_error_text(err, (int)code, "%s", words + (*words == ' '));
}
