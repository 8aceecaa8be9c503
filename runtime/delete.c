/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "absent.h"
#include "match.h"
#include "verb.h"

struct delete_options {
	bool force;
	bool regex;
};

static const struct option delete_options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct delete_options, force), NULL, NULL,
		"kill it first if it runs; an unknown ID is no error" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct delete_options, regex), NULL, NULL,
		"ID is a regular expression that selects containers" },
	{},
};

static int delete_one(
	struct ins_context *context, const char *id, const void *data, struct ins_error *err)
{
	const struct delete_options *options = data;

	return ins_delete(context, id, options->force, err);
}

static int delete_container(const struct call *call, struct ins_error *err)
{
	const struct delete_options *options = call->options;
	struct ins_error why = {};
	int r;

	if (options->regex)
		return match_each(call, call->args[0], options->force, delete_one, options, err);
	r = delete_one(call->context, call->args[0], options, &why);
	if (r == -ENOENT && absent_is_partition(call->context, call->args[0]))
		return error_set(err, ENOENT,
			"partition \"%s\" does not run, so it has no container: `insula remove %s` "
			"removes it with its files",
			call->args[0], call->args[0]);
	if (r < 0)
		*err = why;
	return r;
}

const struct verb verb_delete = {
	.name = "delete",
	.summary = "remove a container that has stopped",
	.synopsis = "ID",
	.options = delete_options,
	.options_size = sizeof(struct delete_options),
	.min_args = 1,
	.max_args = 1,
	.run = delete_container,
};
