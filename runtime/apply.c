/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions out of files: a partition of that name is made, or changed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "forwarding.h"
#include "verb.h"

#define SUFFIX ".json"

struct apply_options {
	const char *name;
	bool no_start;
};

static const struct option apply_options[] = {
	{ "name", 0, OPTION_STRING, offsetof(struct apply_options, name), "NAME", NULL,
		"the partition's name (default: the file's, without .json)" },
	{ "no-start", 0, OPTION_FLAG, offsetof(struct apply_options, no_start), NULL, NULL,
		"do not start a partition that is made" },
	{},
};

static int find_name(const struct apply_options *options, const char *path, char *name, size_t size,
	struct ins_error *err)
{
	const char *base = strrchr(path, '/');
	size_t n;

	if (options->name)
		return snprintf(name, size, "%s", options->name) < (int)size
			       ? 0
			       : error_set(err, EINVAL, "--name: too long");
	if (!strcmp(path, "-"))
		return error_set(
			err, EINVAL, "--name is needed with a definition from standard input");
	base = base ? base + 1 : path;
	n = strlen(base);
	if (n > strlen(SUFFIX) && !strcmp(base + n - strlen(SUFFIX), SUFFIX))
		n -= strlen(SUFFIX);
	if (n >= size)
		return error_set(err, EINVAL, "%s: too long for the name of a partition", base);
	snprintf(name, size, "%.*s", (int)n, base);
	return 0;
}

static int make(struct ins_context *context, const char *name,
	const struct ins_definition *definition, bool start, struct ins_error *err)
{
	int r = ins_partition_make(context, name, definition, err);

	if (r == 0 && start) {
		r = ins_partition_start(context, name, NULL, err);
		/* Or the next apply would find it and not start it. */
		if (r < 0)
			(void)ins_partition_remove(context, name, true, NULL);
	}
	if (r == 0)
		printf("%s: made\n", name);
	return r;
}

static int apply_file(const struct call *call, const char *path, struct ins_error *err)
{
	const struct apply_options *options = call->options;
	struct ins_definition definition = {};
	struct ins_error why = {};
	char name[80];
	int r = find_name(options, path, name, sizeof(name), err);

	if (r == 0)
		r = change_read(path, &definition, err);
	if (r < 0)
		return r;
	r = change_apply(call->context, name, &definition, &why);
	if (r == -ENOENT)
		r = make(call->context, name, &definition, !options->no_start, err);
	else if (r < 0)
		*err = why;
	ins_definition_clear(&definition);
	return r;
}

/* What fails is told with the name of its file, if the words do not have it. */
static int apply_named(const struct call *call, const char *path, struct ins_error *err)
{
	struct ins_error why = {};
	int r = apply_file(call, path, &why);

	if (r >= 0)
		return r;
	if (!strstr(why.text, path))
		return error_set(err, why.code, "%s: %s", path, why.text);
	*err = why;
	return r;
}

static bool apply_one_of(const struct call *call, const char *path)
{
	struct ins_error why = {};

	if (apply_named(call, path, &why) >= 0)
		return true;
	(void)fflush(stdout);
	log_write(call->log, INS_LOG_ERROR, why.text);
	return false;
}

static int apply_all(const struct call *call, struct ins_error *err)
{
	const struct apply_options *options = call->options;
	size_t n_failed = 0;

	if (options->name && call->n_args > 1)
		return error_set(err, EINVAL, "--name goes with one file");
	if (call->n_args == 1)
		return apply_named(call, call->args[0], err);
	for (size_t i = 0; i < call->n_args; i++)
		n_failed += !apply_one_of(call, call->args[i]);
	return n_failed == 0 ? 0
			     : error_set(err, EINVAL, "%zu of %zu failed", n_failed, call->n_args);
}

static int apply(const struct call *call, struct ins_error *err)
{
	const struct forwarding before = forwarding_look();
	int r = apply_all(call, err);

	forwarding_tell(call, &before);
	return r;
}

const struct verb verb_apply = {
	.name = "apply",
	.summary = "make or change partitions as files say",
	.synopsis = "FILE...",
	.options = apply_options,
	.options_size = sizeof(struct apply_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = apply,
};
