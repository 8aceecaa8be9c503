/* SPDX-License-Identifier: Apache-2.0 */
/* What is started at boot. It is a mark in the partition's state and no link of systemd's: with a thousand of
 * these, systemd would have to load a thousand units for each of its reloads. */
#include "each.h"
#include "insula_partition.h"

struct enable_options {
	bool all;
	unsigned int jobs;
};

static const struct option enable_options[] = {
	ALL_OPTION(struct enable_options),
	JOBS_OPTION(struct enable_options),
	{},
};

static int mark(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const bool *enabled = data;

	return ins_partition_enable(call->context, name, *enabled, err);
}

static int enable(const struct call *call, struct ins_error *err)
{
	const struct enable_options *options = call->options;
	bool enabled = true;

	return names_treat(call, options->all, options->jobs, mark, &enabled, err);
}

static int disable(const struct call *call, struct ins_error *err)
{
	const struct enable_options *options = call->options;
	bool enabled = false;

	return names_treat(call, options->all, options->jobs, mark, &enabled, err);
}

const struct verb verb_enable = {
	.name = "enable",
	.summary = "start partitions at boot from now on",
	.synopsis = "NAME...",
	.options = enable_options,
	.options_size = sizeof(struct enable_options),
	.max_args = SIZE_MAX,
	.run = enable,
};

const struct verb verb_disable = {
	.name = "disable",
	.summary = "do not start partitions at boot any more",
	.synopsis = "NAME...",
	.options = enable_options,
	.options_size = sizeof(struct enable_options),
	.max_args = SIZE_MAX,
	.run = disable,
};
