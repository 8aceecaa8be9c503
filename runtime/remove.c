/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"
#include "insula_partition.h"

struct remove_options {
	bool force;
};

static const struct option remove_options[] = {
	{ "force", 'f', OPTION_FLAG, offsetof(struct remove_options, force), NULL, NULL,
		"also one that runs: it is killed" },
	{},
};

static int remove_partition(const struct call *call, struct ins_error *err)
{
	const struct remove_options *options = call->options;

	return ins_partition_remove(call->context, call->args[0], options->force, err);
}

const struct verb verb_remove = {
	.name = "remove",
	.summary = "remove partitions with all they have",
	.synopsis = "NAME...",
	.options = remove_options,
	.options_size = sizeof(struct remove_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = remove_partition,
};
