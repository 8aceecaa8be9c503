/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process for each partition calls the library, with pipes as its standard output and error; its parent
 * makes lines of what comes out of them, until that process has ended. What a program has left behind in the
 * partition may keep the pipes open for ever, so their end is not waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absent.h"
#include "each.h"
#include "exec_many.h"
#include "output.h"

/* A longer line is printed in pieces, each with the name before it. */
#define LINE_SIZE 4096

/* So much fits into a pipe. */
#define PIPE_LINES (65536 / LINE_SIZE)

/* What one of the program's streams has said since its last newline. */
struct stream {
	int in, out; /* the pipe */
	FILE *to;
	bool is_shown;  /* by a terminal, which would obey control characters */
	bool is_broken; /* nobody reads it any more: so the program shall find */
	size_t n;
	char line[LINE_SIZE + 1];
};

/* Told by the process that calls the library, in memory that both share. */
struct outcome {
	int r, status;
	struct ins_error err;
};

bool exec_is_many(const char *word)
{
	return strpbrk(word, "*?[{");
}

static void print_line(struct stream *stream, const char *name)
{
	/* One call a line: others print at the same time. */
	char text[LINE_SIZE + 64];
	int size;

	for (size_t i = 0, length; stream->is_shown && i < stream->n; i += length) {
		stream->line[stream->n] = '\0';
		length = log_shown_length(stream->line + i);
		if (length == 0)
			stream->line[i] = '?';
		length += length == 0;
	}
	/* A bar may stand in the terminal's line. */
	size = snprintf(text, sizeof(text), "%s%.48s | ", stream->is_shown ? "\r\033[K" : "", name);
	memcpy(text + size, stream->line, stream->n);
	text[(size_t)size + stream->n] = '\n';
	fwrite(text, 1, (size_t)size + stream->n + 1, stream->to);
	stream->n = 0;
	stream->is_broken = fflush(stream->to) != 0;
}

/* Return: as read(); 0 also if nobody takes it. */
static ssize_t read_stream(struct stream *stream, const char *name)
{
	char buffer[LINE_SIZE];
	ssize_t n = stream->in >= 0 ? read(stream->in, buffer, sizeof(buffer)) : 0;

	for (ssize_t i = 0; i < n; i++) {
		if (buffer[i] != '\n')
			stream->line[stream->n++] = buffer[i];
		if (buffer[i] == '\n' || stream->n == LINE_SIZE)
			print_line(stream, name);
	}
	if (!stream->is_broken)
		return n;
	close(stream->in);
	stream->in = -1;
	return 0;
}

static void relay(struct stream streams[2], int pidfd, const char *name)
{
	struct pollfd fds[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = streams[0].in, .events = POLLIN },
		{ .fd = streams[1].in, .events = POLLIN },
	};

	while (!fds[0].revents) {
		if (poll(fds, 3, -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < 2; i++) {
			if (fds[i + 1].revents && read_stream(&streams[i], name) == 0)
				fds[i + 1].fd = -1;
		}
	}
	for (int i = 0; i < 2; i++) {
		/* Whoever still writes is not listened to for ever. */
		for (int k = 0; k < PIPE_LINES && read_stream(&streams[i], name) > 0; k++)
			;
		if (streams[i].n > 0)
			print_line(&streams[i], name);
	}
}

/* In a process of its own. */
static _Noreturn void be_caller(const struct call *call, const struct ins_exec_args *args,
	const struct stream streams[2], struct outcome *outcome)
{
	int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);

	/* Else the program would not see that nobody reads. */
	close(streams[0].in);
	close(streams[1].in);
	if (empty < 0 || dup2(empty, STDIN_FILENO) < 0 || dup2(streams[0].out, STDOUT_FILENO) < 0 ||
		dup2(streams[1].out, STDERR_FILENO) < 0)
		outcome->r = error_set(&outcome->err, errno, "open its standard streams: %m");
	else
		outcome->r = ins_exec(call->context, args, &outcome->status, &outcome->err);
	_exit(0);
}

static int open_stream(struct stream *stream, FILE *to, struct ins_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe2: %m");
	stream->in = fds[0];
	stream->out = fds[1];
	stream->to = to;
	stream->is_shown = isatty(fileno(to));
	/* For what is left at the end; the program's side stays as programs expect it. */
	if (fcntl(stream->in, F_SETFL, O_NONBLOCK) < 0)
		return error_set(err, errno, "fcntl: %m");
	return 0;
}

static void close_stream(struct stream *stream)
{
	if (stream->in >= 0)
		close(stream->in);
	if (stream->out >= 0)
		close(stream->out);
	stream->in = stream->out = -1;
}

static int call_and_relay(const struct call *call, const struct ins_exec_args *args,
	struct stream streams[2], struct outcome *outcome, struct ins_error *err)
{
	pid_t pid;
	int pidfd;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_caller(call, args, streams, outcome);
	if (pid < 0)
		return error_set(err, errno, "fork: %m");
	pidfd = pidfd_open(pid, 0);
	for (int i = 0; i < 2; i++) {
		close(streams[i].out);
		streams[i].out = -1;
	}
	if (pidfd >= 0)
		relay(streams, pidfd, args->id);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (pidfd < 0)
		return error_set(err, EMFILE, "out of file descriptors");
	close(pidfd);
	return 0;
}

static int exec_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	struct ins_exec_args args = *(const struct ins_exec_args *)data;
	struct stream streams[2] = { { .in = -1, .out = -1 }, { .in = -1, .out = -1 } };
	struct outcome *outcome = mmap(
		NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r;

	if (outcome == MAP_FAILED)
		return error_set(err, ENOMEM, "out of memory");
	args.id = name;
	/* Unless it says something else. */
	*outcome = (struct outcome){ .r = -ECHILD };
	r = open_stream(&streams[0], stdout, err);
	if (r == 0)
		r = open_stream(&streams[1], stderr, err);
	if (r == 0)
		r = call_and_relay(call, &args, streams, outcome, err);
	if (r == 0 && outcome->r < 0)
		r = absent_tell(call->context, name,
			error_set(err, -outcome->r, "%s",
				outcome->err.code ? outcome->err.text : "it was killed"),
			err);
	if (r == 0 && outcome->status != 0)
		r = error_set(err, ECHILD, "the program has ended with the exit status %d",
			outcome->status);
	close_stream(&streams[0]);
	close_stream(&streams[1]);
	munmap(outcome, sizeof(*outcome));
	return r;
}

int exec_many(const struct call *call, const struct ins_exec_args *args, struct ins_error *err)
{
	const struct {
		const char *option;
		bool given;
	} excluded[] = {
		{ "--tty", args->tty },
		{ "--detach", args->detach },
		{ "--console-socket", args->console_socket },
		{ "--pidfd-socket", args->pidfd_socket },
		{ "--pid-file", args->pid_file },
		{ "--preserve-fds", args->preserve_fds > 0 },
	};
	char *words[] = { call->args[0], NULL };
	struct names names = {};
	int r;

	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (excluded[i].given)
			return error_set(err, EINVAL, "%s is for one, and `%s` may be many",
				excluded[i].option, words[0]);
	}
	r = names_find(call, words, false, NAMES_OF_ALL, &names, err);
	if (r == 0)
		r = names_each(call, &names, 0, exec_one, (void *)args, err);
	names_clear(&names);
	return r;
}
