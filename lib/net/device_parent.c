/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.netDevices: interfaces of the host are moved by the program insula-net, which is asked over a
 * socket. It stays until the container is made, and gives them back if that comes to nothing: also
 * if we are killed.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/net.h"
#include "plan/run.h"
#include "sys/program.h"

#define PROGRAM "insula-net"

/* What it says, as a text. Return: its length, 0: it has ended, −1. */
static ssize_t hear(const struct ins_run *run, char *text, size_t size)
{
	ssize_t n;

	do {
		n = recv(run->net_socket, text, size - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		text[n] = '\0';
	return n;
}

/* The end of the socket, without "keep" before it, makes the program give everything back. What it says
 * then is what it could not. */
static void end_mover(struct ins_run *run)
{
	char words[320], text[400];
	int status;

	(void)shutdown(run->net_socket, SHUT_WR);
	while (hear(run, words, sizeof(words)) > 0) {
		snprintf(text, sizeof(text), "linux.netDevices: %s", words);
		ins_run_warn(run, text);
	}
	run->net_socket = ins_close(run->net_socket);
	if (run->net_pid > 0)
		(void)ins_program_wait(run->net_pid, &status);
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
	if (send(run->net_socket, "keep", strlen("keep"), MSG_NOSIGNAL) < 0)
		ins_run_warn(run, "linux.netDevices: " PROGRAM " has ended too early");
	end_mover(run);
}

/* Before the container's process has done anything of its own. */
static int start_mover(struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int namespace = -1, theirs = -1, nowhere = -1;
	char *argv[] = { (char *)PROGRAM, NULL };
	char path[PATH_MAX + 32], file[40];
	int pair[2], r;

	snprintf(file, sizeof(file), "/proc/%d/ns/net", (int)run->pid);
	namespace = open(file, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return ins_error_set(err, errno, "open %s", file);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere < 0)
		return ins_error_set(err, errno, "open /dev/null");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return ins_error_set(err, errno, "make a socket pair for " PROGRAM);
	run->net_socket = pair[0];
	theirs = pair[1];
	ins_undo_push(&run->undo, give_back, run, 0);
	ins_program_find(PROGRAM, path, sizeof(path));
	r = ins_program_start(path, argv, environ, (const int[]){ theirs, nowhere, -1, namespace },
		4, &run->net_pid);
	if (r == -ENOENT)
		return ins_error_text(err, EOPNOTSUPP,
			"%s is not there: it moves interfaces (./configure --with-libmnl builds "
			"it, if libmnl is installed)",
			path);
	return r < 0 ? ins_error_set(err, -r, "execute %s", path) : 0;
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
	/* So ends one that the dynamic loader finds no libmnl for: its words are on our stderr. */
	if (hear(run, text, sizeof(text)) <= 0)
		return ins_error_text(err, ECHILD, PROGRAM " has ended without an answer");
	code = strtol(text, &words, 10);
	if (code == 0)
		return 0;
	return ins_error_text(err, (int)code, "%s", words + (*words == ' '));
}
