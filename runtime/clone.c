/* SPDX-License-Identifier: Apache-2.0 */
#include "forwarding.h"
#include "insula_partition.h"
#include "verb.h"

struct clone_options {
	const char *snapshot;
	bool start;
};

static const struct option clone_options[] = {
	{ "snapshot", 's', OPTION_STRING, offsetof(struct clone_options, snapshot), "SNAPSHOT",
		NULL, "with the root as it was at this snapshot" },
	{ "start", 0, OPTION_FLAG, offsetof(struct clone_options, start), NULL, NULL,
		"start the new one" },
	{},
};

static int clone_partition(const struct call *call, struct ins_error *err)
{
	const struct clone_options *options = call->options;
	const struct forwarding before = forwarding_look();
	const char *to = call->args[1];
	int r = ins_partition_clone(call->context, call->args[0], options->snapshot, to, err);

	if (r == 0 && options->start)
		r = ins_partition_start(call->context, to, NULL, err);
	forwarding_tell(call, &before);
	return r;
}

const struct verb verb_clone = {
	.name = "clone",
	.summary = "make a partition that begins with what another one has",
	.synopsis = "NAME NEW",
	.options = clone_options,
	.options_size = sizeof(struct clone_options),
	.min_args = 2,
	.max_args = 2,
	.run = clone_partition,
};
