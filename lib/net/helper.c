/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/helper.h"
#include "net/net.h"
#include "plan/run.h"
#include "sys/program.h"

#define PROGRAM "insula-net"

/* An answer: a number and words. */
#define ANSWER_SIZE 400

/* Return: as recv(2); what has come is a text. */
static ssize_t hear(int socket, char *text, size_t size)
{
	ssize_t n;

	do {
		n = recv(socket, text, size - 1, 0);
	} while (n < 0 && errno == EINTR);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* @namespace: that of the container, before its process has done anything of its own; −1: none. */
static int start(int namespace, int *ret_socket, pid_t *ret_pid, struct ins_error *err)
{
	cleanup_fd int ours = -1, theirs = -1, nowhere = -1;
	char *argv[] = { (char *)PROGRAM, NULL };
	char path[PATH_MAX + 32];
	int pair[2], r;

	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nowhere < 0)
		return ins_error_set(err, errno, "open /dev/null");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return ins_error_set(err, errno, "make a socket pair for " PROGRAM);
	ours = pair[0];
	theirs = pair[1];
	ins_program_find(PROGRAM, path, sizeof(path));
	r = ins_program_start(path, argv, environ, (const int[]){ theirs, nowhere, -1, namespace },
		namespace < 0 ? 3 : 4, ret_pid);
	if (r == -ENOENT)
		return ins_error_text(err, EOPNOTSUPP,
			"%s is not there: it makes the rules of networks and moves interfaces "
			"(./configure --with-libmnl builds it, if libmnl is installed)",
			path);
	if (r < 0)
		return ins_error_set(err, -r, "execute %s", path);
	*ret_socket = TAKE_FD(ours);
	return 0;
}

static int ask(int socket, const char *request, char *words, size_t size, struct ins_error *err)
{
	char text[ANSWER_SIZE], *rest;
	size_t n = strlen(request);
	long code;

	if (send(socket, request, n, MSG_NOSIGNAL) != (ssize_t)n)
		return ins_error_set(err, errno, "ask " PROGRAM);
	/* So ends one that the dynamic loader finds no libmnl for: its words are on our stderr. */
	if (hear(socket, text, sizeof(text)) <= 0)
		return ins_error_text(err, ECHILD, PROGRAM " has ended without an answer");
	code = strtol(text, &rest, 10);
	rest += *rest == ' ';
	if (code != 0)
		return ins_error_text(err, (int)code, "%s", rest);
	snprintf(words, size, "%s", rest);
	return 0;
}

/* The end of the socket, without "keep" before it, makes the program take everything back. What it says then is what
 * it could not. */
static void end(struct ins_run *run)
{
	char words[ANSWER_SIZE];
	int status;

	(void)shutdown(run->net_socket, SHUT_WR);
	while (hear(run->net_socket, words, sizeof(words)) > 0)
		ins_run_warn(run, words);
	run->net_socket = ins_close(run->net_socket);
	if (run->net_pid > 0)
		(void)ins_program_wait(run->net_pid, &status);
	run->net_pid = 0;
}

static void take_back(void *data, long number)
{
	(void)number;
	end(data);
}

void ins_net_keep(struct ins_run *run)
{
	if (run->net_pid <= 0)
		return;
	if (send(run->net_socket, "keep", strlen("keep"), MSG_NOSIGNAL) < 0)
		ins_run_warn(run, PROGRAM " has ended too early");
	end(run);
}

static int start_for(struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int namespace = -1;
	char file[40];
	int r;

	snprintf(file, sizeof(file), "/proc/%d/ns/net", (int)run->pid);
	namespace = open(file, O_RDONLY | O_CLOEXEC);
	if (namespace < 0)
		return ins_error_set(err, errno, "open %s", file);
	r = start(namespace, &run->net_socket, &run->net_pid, err);
	if (r == 0)
		ins_undo_push(&run->undo, take_back, run, 0);
	return r;
}

int ins_net_ask(struct ins_run *run, const char *request, struct ins_error *err)
{
	char words[ANSWER_SIZE] = "";
	int r = run->net_pid > 0 ? 0 : start_for(run, err);

	if (r == 0)
		r = ask(run->net_socket, request, words, sizeof(words), err);
	if (r == 0 && words[0])
		ins_run_warn(run, words);
	return r;
}

int ins_net_ask_once(const char *request, char *ret_words, size_t size, struct ins_error *err)
{
	cleanup_fd int socket = -1;
	char words[ANSWER_SIZE];
	pid_t pid;
	int status, r = start(-1, &socket, &pid, err);

	if (r < 0)
		return r;
	r = ask(socket, request, words, sizeof(words), err);
	socket = ins_close(socket);
	(void)ins_program_wait(pid, &status);
	if (r == 0 && ret_words)
		snprintf(ret_words, size, "%s", words);
	return r;
}
