/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "each.h"
#include "insula_partition.h"

struct remove_options {
	bool force;
	bool all;
	unsigned int jobs;
};

static const struct option remove_options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct remove_options, force), NULL, NULL,
		"also one that runs: it is killed" },
	ALL_OPTION(struct remove_options),
	JOBS_OPTION(struct remove_options),
	{},
};

static int remove_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct remove_options *options = call->options;

	struct ins_error why = {};
	int r = ins_partition_remove(call->context, name, options->force, &why);

	(void)data;
	/* Of many, one that somebody else has removed meanwhile is as good. */
	if (r == -ENOENT && each_is_choice(call, options->all))
		return 0;
	if (r < 0)
		*err = why;
	return r;
}

static int remove_partitions(const struct call *call, struct ins_error *err)
{
	const struct remove_options *options = call->options;

	int r = names_treat(call, options->all, options->jobs, remove_one, NULL, err);

	if (r == 0)
		r = ins_partition_remove_end(call->context, err);
	return r;
}

const struct verb verb_remove = {
	.name = "remove",
	.summary = "remove partitions with all they have",
	.synopsis = "NAME...",
	.options = remove_options,
	.options_size = sizeof(struct remove_options),
	.max_args = SIZE_MAX,
	.run = remove_partitions,
};
