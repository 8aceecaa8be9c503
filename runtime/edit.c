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
	char command[512];
	int status;
	pid_t pid;

	/* As others do: EDITOR may have arguments. */
	snprintf(command, sizeof(command), "%s \"$1\"", editor);
	pid = fork();
	if (pid < 0)
		return error_set(err, errno, "fork: %s", strerror(errno));
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, "sh", path, NULL);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		return error_set(err, ECANCELED,
			"the editor `%s` did not end well (EDITOR names another): nothing is "
			"changed",
			editor);
	return 0;
}

static int write_text(int fd, const struct ins_definition *definition, struct ins_error *err)
{
	char *text;
	int r = ins_definition_text(definition, &text, err);

	if (r < 0)
		return r;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		r = error_set(err, errno, "write a copy for the editor: %s", strerror(errno));
	free(text);
	return r;
}

static int edit_copy(struct ins_context *context, const char *name, const char *editor,
	const char *path, struct ins_error *err)
{
	struct ins_definition definition = {};
	int r = run_editor(editor, path, err);

	if (r == 0)
		r = change_read(path, &definition, err);
	if (r == 0)
		r = change_apply(context, name, &definition, err);
	ins_definition_clear(&definition);
	return r;
}

static int edit(const struct call *call, struct ins_error *err)
{
	const char *name = call->args[0], *directory = getenv("TMPDIR");
	const char *editor = find_editor(err);
	struct ins_definition definition = {};
	char path[4096];
	int fd, r;

	if (!editor)
		return -ENOTTY;
	r = ins_partition_definition(call->context, name, &definition, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/%s.XXXXXX.json", directory ? directory : "/tmp", name);
	fd = mkstemps(path, (int)strlen(".json"));
	if (fd < 0) {
		r = error_set(err, errno, "make %s: %s", path, strerror(errno));
	} else {
		r = write_text(fd, &definition, err);
		close(fd);
		if (r == 0)
			r = edit_copy(call->context, name, editor, path, err);
		/* What somebody has typed is not thrown away because of a mistake in it. */
		if (r < 0 && r != -ECANCELED)
			fprintf(stderr, "insula: your text is in %s\n", path);
		else
			(void)unlink(path);
	}
	ins_definition_clear(&definition);
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
