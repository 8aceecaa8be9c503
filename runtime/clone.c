/* SPDX-License-Identifier: Apache-2.0 */
#include "each.h"
#include "forwarding.h"

struct clone_options {
	const char *snapshot;
	bool start;
	unsigned int jobs;
};

static const struct option clone_options[] = {
	{ "snapshot", 's', OPTION_STRING, offsetof(struct clone_options, snapshot), "SNAPSHOT",
		NULL, "with the root as it was at this snapshot" },
	{ "start", 0, OPTION_FLAG, offsetof(struct clone_options, start), NULL, NULL,
		"start what is made" },
	JOBS_OPTION(struct clone_options),
	{},
};

static int clone_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct clone_options *options = call->options;
	int r = ins_partition_clone(call->context, data, options->snapshot, name, err);

	return r == 0 && options->start ? ins_partition_start(call->context, name, NULL, err) : r;
}

static int clone_partition(const struct call *call, struct ins_error *err)
{
	const struct clone_options *options = call->options;
	const struct forwarding before = forwarding_look();
	struct names names = {};
	int r = names_make(call->args + 1, &names, err);

	if (r == 0)
		r = names_each(call, &names, options->jobs, clone_one, call->args[0], err);
	forwarding_tell(call, &before);
	names_clear(&names);
	return r;
}

const struct verb verb_clone = {
	.name = "clone",
	.summary = "make partitions that begin with what another one has",
	.synopsis = "NAME NEW...",
	.options = clone_options,
	.options_size = sizeof(struct clone_options),
	.min_args = 2,
	.max_args = SIZE_MAX,
	.run = clone_partition,
};
