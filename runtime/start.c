/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "insula_partition.h"
#include "verb.h"

struct start_options {
	bool supervised;
};

static const struct option start_options[] = {
	{ "supervised", 0, OPTION_FLAG, offsetof(struct start_options, supervised), NULL, NULL,
		"of a partition: the caller stays with it (systemd, insula-keeper)" },
	{},
};

/* A container that waits for this, or a partition that does not run: no name is both. */
static int start(const struct call *call, struct ins_error *err)
{
	const struct start_options *options = call->options;
	const char *name = call->args[0];
	struct ins_error why = {};
	int r;

	if (options->supervised)
		return ins_partition_start(call->context, name, true, err);
	r = ins_start(call->context, name, &why);
	if (r == 0)
		return 0;
	r = ins_partition_start(call->context, name, false, err);
	if (r == -ENOENT)
		*err = why;
	return r;
}

const struct verb verb_start = {
	.name = "start",
	.summary = "start a container that was created, or partitions",
	.synopsis = "ID",
	.options = start_options,
	.options_size = sizeof(struct start_options),
	.min_args = 1,
	.max_args = 1,
	.run = start,
};
