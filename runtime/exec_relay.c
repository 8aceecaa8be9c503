/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of its own calls the library, with pipes in the place of streams that are to be relayed; its parent
 * relays what comes out of them until that process has ended. What a program has left behind in the container may
 * keep the pipes open for ever, so their end is not waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_relay.h"

/* A longer line is printed in pieces, each with the name before it. */
#define LINE_SIZE 4096

/* So much fits into a pipe. */
#define PIPE_LINES (65536 / LINE_SIZE)

/* Those of standard output and error. */
#define STREAMS 2

/* What one of the program's streams has said since its last newline. */
struct stream {
	int in, out; /* the pipe; −1: the stream is not relayed */
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

/* --- signals -------------------------------------------------------------------------------------------------- */

/* What people end programs with. The process that calls the library passes them on. */
static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

#define PASSED_ON (sizeof(passed_on) / sizeof(passed_on[0]))

static volatile sig_atomic_t caller;

static void pass_on(int signal)
{
	if (caller > 0)
		(void)kill(caller, signal);
}

struct signals {
	sigset_t mask;
	struct sigaction actions[PASSED_ON];
};

/* They wait until the process is there that they are for. */
static void hold_signals(struct signals *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < PASSED_ON; i++)
		sigaddset(&set, passed_on[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &before->mask);
}

static void pass_signals(struct signals *before, pid_t pid)
{
	const struct sigaction action = { .sa_handler = pass_on, .sa_flags = SA_RESTART };

	caller = pid;
	for (size_t i = 0; i < PASSED_ON; i++)
		(void)sigaction(passed_on[i], &action, &before->actions[i]);
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static void restore_signals(const struct signals *before)
{
	for (size_t i = 0; i < PASSED_ON; i++)
		(void)sigaction(passed_on[i], &before->actions[i], NULL);
	caller = 0;
}

/* --- what is said --------------------------------------------------------------------------------------------- */

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

static void take_lines(struct stream *stream, const char *name, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n')
			stream->line[stream->n++] = text[i];
		if (text[i] == '\n' || stream->n == LINE_SIZE)
			print_line(stream, name);
	}
}

/* Return: as read(); 0 also if nobody takes it. */
static ssize_t read_stream(struct stream *stream, const char *name)
{
	char buffer[LINE_SIZE];
	ssize_t n = stream->in >= 0 ? read(stream->in, buffer, sizeof(buffer)) : 0;

	if (n > 0 && name) {
		take_lines(stream, name, buffer, (size_t)n);
	} else if (n > 0) {
		fwrite(buffer, 1, (size_t)n, stream->to);
		stream->is_broken = fflush(stream->to) != 0;
	}
	if (!stream->is_broken)
		return n;
	close(stream->in);
	stream->in = -1;
	return 0;
}

static void relay(struct stream streams[STREAMS], int pidfd, const char *name)
{
	struct pollfd fds[] = {
		{ .fd = pidfd, .events = POLLIN },
		{ .fd = streams[0].in, .events = POLLIN },
		{ .fd = streams[1].in, .events = POLLIN },
	};

	while (!fds[0].revents) {
		if (poll(fds, 1 + STREAMS, -1) < 0 && errno != EINTR)
			break;
		for (int i = 0; i < STREAMS; i++) {
			if (fds[i + 1].revents && read_stream(&streams[i], name) == 0)
				fds[i + 1].fd = -1;
		}
	}
	for (int i = 0; i < STREAMS; i++) {
		/* Whoever still writes is not listened to for ever. */
		for (int k = 0; k < PIPE_LINES && read_stream(&streams[i], name) > 0; k++)
			;
		if (streams[i].n > 0)
			print_line(&streams[i], name);
	}
}

/* --- the process of its own ----------------------------------------------------------------------------------- */

/* What stands in the place of each standard stream; −1: it stays. */
static int replace(const struct ins_exec_args *args, const char *name,
	const struct stream streams[STREAMS], struct ins_error *err)
{
	int with[] = { -1, streams[0].out, streams[1].out };
	int empty = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (empty < 0)
		return error_set(err, errno, "open /dev/null: %m");
	/* Nobody is left to relay what a detached program says. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if ((fd == STDIN_FILENO || args->detach) && (name || isatty(fd)))
			with[fd] = empty;
		if (with[fd] >= 0 && dup2(with[fd], fd) < 0)
			return error_set(err, errno, "replace the standard streams: %m");
	}
	close(empty);
	return 0;
}

static _Noreturn void be_caller(const struct call *call, const struct ins_exec_args *args,
	const char *name, const struct stream streams[STREAMS], struct outcome *outcome)
{
	/* What a terminal sends to all who work in front of it comes by pass_on(), once. */
	(void)setpgid(0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int i = 0; i < STREAMS; i++) {
		/* Else the program would not see that nobody reads. */
		if (streams[i].in >= 0)
			close(streams[i].in);
	}
	outcome->r = replace(args, name, streams, &outcome->err);
	if (outcome->r == 0)
		outcome->r = ins_exec(call->context, args, &outcome->status, &outcome->err);
	log_close(call->log, false);
	_exit(0);
}

/* @above: what is handed to the program has the numbers up to that. */
static int open_stream(
	struct stream *stream, FILE *to, bool is_terminal, int above, struct ins_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe2: %m");
	stream->in = fcntl(fds[0], F_DUPFD_CLOEXEC, above);
	stream->out = fcntl(fds[1], F_DUPFD_CLOEXEC, above);
	stream->to = to;
	stream->is_shown = is_terminal;
	close(fds[0]);
	close(fds[1]);
	/* For what is left at the end; the program's side stays as programs expect it. */
	if (stream->in < 0 || stream->out < 0 || fcntl(stream->in, F_SETFL, O_NONBLOCK) < 0)
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
	const char *name, struct stream streams[STREAMS], struct outcome *outcome,
	struct ins_error *err)
{
	struct signals before;
	pid_t pid;
	int pidfd;

	fflush(NULL);
	hold_signals(&before);
	pid = fork();
	if (pid == 0) {
		(void)sigprocmask(SIG_SETMASK, &before.mask, NULL);
		be_caller(call, args, name, streams, outcome);
	}
	if (pid < 0) {
		(void)sigprocmask(SIG_SETMASK, &before.mask, NULL);
		return error_set(err, errno, "fork: %m");
	}
	pass_signals(&before, pid);
	pidfd = pidfd_open(pid, 0);
	for (int i = 0; i < STREAMS; i++) {
		if (streams[i].out >= 0)
			close(streams[i].out);
		streams[i].out = -1;
	}
	if (pidfd >= 0)
		relay(streams, pidfd, name);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	restore_signals(&before);
	if (pidfd < 0)
		return error_set(err, EMFILE, "out of file descriptors");
	close(pidfd);
	return 0;
}

int exec_relayed(const struct call *call, const struct ins_exec_args *args, const char *name,
	int *ret_status, struct ins_error *err)
{
	struct stream streams[STREAMS] = { { .in = -1, .out = -1 }, { .in = -1, .out = -1 } };
	FILE *const files[STREAMS] = { stdout, stderr };
	struct outcome *outcome = mmap(
		NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = 0;

	if (outcome == MAP_FAILED)
		return error_set(err, ENOMEM, "out of memory");
	/* Unless it says something else. */
	*outcome = (struct outcome){ .r = -ECHILD };
	for (int i = 0; r == 0 && i < STREAMS; i++) {
		bool is_terminal = isatty(fileno(files[i]));

		if (name || (is_terminal && !args->detach))
			r = open_stream(&streams[i], files[i], is_terminal,
				STDERR_FILENO + 1 + (int)args->preserve_fds, err);
	}
	if (r == 0)
		r = call_and_relay(call, args, name, streams, outcome, err);
	if (r == 0 && outcome->r < 0) {
		r = outcome->r;
		*err = outcome->err;
		error_set(err, -r, "the process that looked after it was killed");
	}
	*ret_status = outcome->status;
	close_stream(&streams[0]);
	close_stream(&streams[1]);
	munmap(outcome, sizeof(*outcome));
	return r;
}

/* --- with the caller's own streams ---------------------------------------------------------------------------- */

int exec_apart(const struct call *call, const struct ins_exec_args *args, int *ret_status,
	struct ins_error *err)
{
	struct ins_exec_args changed = *args;
	int terminals = isatty(STDIN_FILENO) + isatty(STDOUT_FILENO) + isatty(STDERR_FILENO);

	if (args->tty || terminals == 0)
		return ins_exec(call->context, args, ret_status, err);
	if (terminals < 3 || args->process_file || args->detach)
		return exec_relayed(call, args, NULL, ret_status, err);
	changed.tty = true;
	return ins_exec(call->context, &changed, ret_status, err);
}
