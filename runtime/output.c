/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "output.h"

static bool stdout_was_closed;
static int first_error; /* of output_line() */

static volatile sig_atomic_t pipe_is_broken;

static void note_broken_pipe(int signal)
{
	(void)signal;
	pipe_is_broken = 1;
}

int output_prepare(struct ins_error *err)
{
	/* A handler, not SIG_IGN: execve() puts handlers back to the default, but lets SIG_IGN
	 * through to the container. */
	const struct sigaction action = { .sa_handler = note_broken_pipe, .sa_flags = SA_RESTART };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (errno != EBADF)
			return error_set(err, errno, "look at file descriptor %d: %m", fd);
		/* The lowest free number is this one. Not O_CLOEXEC: the container gets it. */
		if (open("/dev/null", O_RDWR) < 0)
			return error_set(err, errno, "open /dev/null: %m");
		if (fd == STDOUT_FILENO)
			stdout_was_closed = true;
	}
	if (sigaction(SIGPIPE, &action, NULL) < 0)
		return error_set(err, errno, "handle SIGPIPE: %m");
	return 0;
}

int output_flush(struct ins_error *err)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout) && !stdout_was_closed)
		return 0;
	/* A reader that has seen enough, as head(1), wants no complaint: only now the program may end
	 * as others do, for nothing is half-done any more. */
	if (pipe_is_broken && signal(SIGPIPE, SIG_DFL) != SIG_ERR)
		(void)raise(SIGPIPE);
	if (stdout_was_closed)
		errno = EBADF;
	else if (!errno) /* it failed earlier, when the buffer was full */
		errno = first_error ? first_error : EIO;
	return error_set(err, errno, "write to the standard output: %m");
}

void output_line(const char *text)
{
	size_t size = strlen(text);

	if (fputs(text, stdout) == EOF)
		first_error = errno;
	if (size == 0 || text[size - 1] != '\n')
		putchar('\n');
}

void output_text(const char *text)
{
	for (size_t length; *text; text += length) {
		length = log_shown_length(text);
		if (length > 0)
			printf("%.*s", (int)length, text);
		else
			putchar('?');
		length += length == 0;
	}
}
