/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"
#include "verb.h"

static const struct option edit_options[] = { {} };

/* Return: a command, NULL: there is none that could do it. */
static const char *find_editor(struct ins_error *err)
{
	const char *editor = getenv("VISUAL") ? getenv("VISUAL") : getenv("EDITOR");

	if (editor && editor[0])
		return editor;
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return "vi";
	error_set(err, ENOTTY,
		"there is no terminal to edit on, and EDITOR names no editor that does without: "
		"`insula set` and `insula apply` change it, too");
	return NULL;
}

static int run_editor(const char *editor, const char *path, struct ins_error *err)
{
	char *command;
	int status;
	pid_t pid;

	/* As others do: EDITOR may have arguments. */
	if (asprintf(&command, "%s \"$1\"", editor) < 0)
		return error_set(err, ENOMEM, "out of memory");
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, "sh", path, NULL);
		_exit(127);
	}
	free(command);
	if (pid < 0)
		return error_set(err, errno, "fork: %s", strerror(errno));
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		return error_set(err, ECANCELED,
			"the editor `%s` did not end well (EDITOR names another): nothing is "
			"changed",
			editor);
	return 0;
}

/* @ret_text: to be freed. */
static int read_text(
	struct ins_context *context, const char *name, char **ret_text, struct ins_error *err)
{
	struct ins_definition definition = {};
	int r = ins_partition_definition(context, name, &definition, err);

	if (r == 0)
		r = ins_definition_text(&definition, ret_text, err);
	ins_definition_clear(&definition);
	return r;
}

static int write_text(int fd, const char *text, struct ins_error *err)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set(err, errno, "write a copy for the editor: %s", strerror(errno));
	return 0;
}

/* An editor is open for long: what somebody else has changed meanwhile is not to be undone. */
static int check_same(
	struct ins_context *context, const char *name, const char *before, struct ins_error *err)
{
	char *now = NULL;
	int r = read_text(context, name, &now, err);

	if (r == 0 && strcmp(now, before) != 0)
		r = error_set(err, EAGAIN,
			"the definition of partition \"%s\" has been changed by somebody else "
			"meanwhile: nothing of yours is; begin again with `insula edit %s`",
			name, name);
	free(now);
	return r;
}

static int edit_copy(struct ins_context *context, const char *name, const char *editor,
	const char *path, const char *before, struct ins_error *err)
{
	struct ins_definition definition = {};
	int r = run_editor(editor, path, err);

	if (r == 0)
		r = change_read(path, &definition, err);
	if (r == 0)
		r = check_same(context, name, before, err);
	if (r == 0)
		r = change_apply(context, name, &definition, err);
	ins_definition_clear(&definition);
	return r;
}

static int edit(const struct call *call, struct ins_error *err)
{
	const char *name = call->args[0], *directory = getenv("TMPDIR");
	const char *editor = find_editor(err);
	char path[4096], *text = NULL;
	int fd, r;

	if (!editor)
		return -ENOTTY;
	r = read_text(call->context, name, &text, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/%s.XXXXXX.json", directory ? directory : "/tmp", name);
	fd = mkstemps(path, (int)strlen(".json"));
	if (fd < 0) {
		r = error_set(err, errno, "make %s: %s", path, strerror(errno));
	} else {
		r = write_text(fd, text, err);
		close(fd);
		if (r == 0)
			r = edit_copy(call->context, name, editor, path, text, err);
		/* What somebody has typed is not thrown away because of a mistake in it. */
		if (r < 0 && r != -ECANCELED)
			fprintf(stderr, "insula: your text is in %s\n", path);
		else
			(void)unlink(path);
	}
	free(text);
	return r;
}

const struct verb verb_edit = {
	.name = "edit",
	.summary = "change a partition's definition in an editor",
	.synopsis = "NAME",
	.options = edit_options,
	.min_args = 1,
	.max_args = 1,
	.run = edit,
};
