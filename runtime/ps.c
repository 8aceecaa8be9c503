/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absent.h"
#include "output.h"
#include "verb.h"

enum ps_format {
	PS_TABLE,
	PS_JSON,
};

static const char *const ps_formats[] = { "table", "json", NULL };

struct ps_options {
	enum ps_format format;
};

static const struct option ps_options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct ps_options, format), NULL, ps_formats,
		"a table by the host's ps, or the pids as a JSON array" },
	{},
};

struct pids {
	pid_t *pid; /* ascending */
	size_t n;
};

static int compare(const void *left, const void *right)
{
	const pid_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* The field of @line at @index, both counted in blanks; "" if there are fewer. */
static const char *field(const char *line, size_t index, size_t *ret_size)
{
	line += strspn(line, " \t\n");
	while (index-- > 0) {
		line += strcspn(line, " \t\n");
		line += strspn(line, " \t\n");
	}
	*ret_size = strcspn(line, " \t\n");
	return line;
}

/* Which column is called PID: an option of ps may put it anywhere. */
static int find_pid_column(const char *header, size_t *ret_column, struct ins_error *err)
{
	for (size_t i = 0;; i++) {
		size_t size;
		const char *name = field(header, i, &size);

		if (size == 0)
			return error_set(err, EINVAL, "ps prints no column PID with these options");
		if (size == 3 && !memcmp(name, "PID", 3)) {
			*ret_column = i;
			return 0;
		}
	}
}

static int filter(FILE *stream, const struct pids *pids, struct ins_error *err)
{
	size_t column = 0, line_size = 0;
	char *line = NULL;
	int r = 0;

	for (size_t row = 0; r == 0 && getline(&line, &line_size, stream) > 0; row++) {
		const char *text;
		unsigned int number;
		size_t size;

		line[strcspn(line, "\n")] = '\0';
		if (row == 0) {
			r = find_pid_column(line, &column, err);
			if (r == 0)
				puts(line);
			continue;
		}
		text = field(line, column, &size);
		if (options_number(text, size, 0x7fffffff, &number) < 0)
			continue;
		if (!bsearch(&(pid_t){ (pid_t)number }, pids->pid, pids->n, sizeof(pid_t), compare))
			continue;
		output_text(line); /* the arguments of a process in the container are its own */
		putchar('\n');
	}
	free(line);
	if (r == 0 && ferror(stream))
		return error_set(err, EIO, "read what ps says");
	return r;
}

/* Start ps with @argv, its output in *@ret_stream. */
static int spawn_ps(char *const *argv, pid_t *ret_pid, FILE **ret_stream, struct ins_error *err)
{
	posix_spawn_file_actions_t actions;
	int fds[2];
	int r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe2: %m");
	*ret_stream = fdopen(fds[0], "r");
	if (!*ret_stream) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return error_set(err, ENOMEM, "out of memory");
	}
	posix_spawn_file_actions_init(&actions);
	r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(ret_pid, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	(void)close(fds[1]);
	if (r != 0) {
		(void)fclose(*ret_stream);
		return error_set(err, r, "run ps: %s", strerrordesc_np(r));
	}
	return 0;
}

/* The host's ps sees the container's processes under the pids that ins_ps() gives. */
static int print_table(
	const struct pids *pids, char *const *ps_args, size_t n_args, struct ins_error *err)
{
	FILE *stream = NULL;
	char **argv;
	int status;
	pid_t child = -1;
	int r;

	argv = calloc(n_args + 3, sizeof(argv[0]));
	if (!argv)
		return error_set(err, ENOMEM, "out of memory");
	argv[0] = (char *)"ps";
	argv[1] = (char *)"-ef";
	for (size_t i = 0; i < n_args; i++)
		argv[1 + i] = ps_args[i];
	r = spawn_ps(argv, &child, &stream, err);
	free(argv);
	if (r < 0)
		return r;
	r = filter(stream, pids, err);
	(void)fclose(stream);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, EIO, "ps failed");
	return 0;
}

static void print_json(const struct pids *pids)
{
	putchar('[');
	for (size_t i = 0; i < pids->n; i++)
		printf("%s%d", i > 0 ? "," : "", (int)pids->pid[i]);
	puts("]");
}

static int ps(const struct call *call, struct ins_error *err)
{
	const struct ps_options *options = call->options;
	struct pids pids = {};
	int r;

	if (options->format == PS_JSON && call->n_args > 1)
		return error_set(err, EINVAL, "options of ps go with --format table only");
	r = ins_ps(call->context, call->args[0], &pids.pid, &pids.n, err);
	if (r < 0)
		return absent_tell(call->context, call->args[0], r, err);
	switch (options->format) {
	case PS_TABLE:
		r = print_table(&pids, call->args + 1, call->n_args - 1, err);
		break;
	case PS_JSON:
		print_json(&pids);
		break;
	}
	free(pids.pid);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_ps = {
	.name = "ps",
	.summary = "list the processes in a container",
	.synopsis = "ID [PS-OPTION]...",
	.options = ps_options,
	.options_size = sizeof(struct ps_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.in_order = true,
	.run = ps,
};
