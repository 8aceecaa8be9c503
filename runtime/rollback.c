/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "each.h"
#include "stop.h"

struct rollback_options {
	bool restart, all;
	unsigned int jobs;
};

static const struct option rollback_options[] = {
	{ "restart", 0, OPTION_FLAG, offsetof(struct rollback_options, restart), NULL, NULL,
		"stop those before that run, and start them again" },
	ALL_OPTION(struct rollback_options),
	JOBS_OPTION(struct rollback_options),
	{},
};

struct search {
	const char *name;
	bool found;
};

static int look(void *data, const struct ins_snapshot_info *info)
{
	struct search *search = data;

	search->found |= !strcmp(info->name, search->name);
	return 0;
}

static int see_status(void *data, const struct ins_partition_info *info)
{
	enum ins_status *status = data;

	*status = info->status;
	return 0;
}

static int rollback_one(
	const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct rollback_options *options = call->options;
	const char *snapshot = data;
	enum ins_status status = INS_STATUS_STOPPED;
	struct search search = { .name = snapshot };
	int r = 0;

	if (options->restart) {
		r = ins_partition_snapshots(call->context, name, look, &search, err);
		if (r == 0)
			r = ins_partition_show(call->context, name, see_status, &status, err);
		/* It is not stopped for a mistake in the snapshot's name. */
		if (r == 0 && search.found)
			r = ins_partition_stop(call->context, name, STOP_TIMEOUT, err);
	}
	if (r == 0)
		r = ins_partition_rollback(call->context, name, snapshot, err);
	if (r == 0 && status != INS_STATUS_STOPPED)
		r = ins_partition_start(call->context, name, NULL, err);
	return r;
}

static int rollback(const struct call *call, struct ins_error *err)
{
	const struct rollback_options *options = call->options;
	struct call partitions = *call;
	char *snapshot = names_take_last(&partitions, options->all, "snapshot", err);

	if (!snapshot)
		return -EINVAL;
	return names_treat(&partitions, options->all, options->jobs, rollback_one, snapshot, err);
}

const struct verb verb_rollback = {
	.name = "rollback",
	.summary = "let the roots of partitions be again what they were at a snapshot",
	.synopsis = "NAME... SNAPSHOT",
	.options = rollback_options,
	.options_size = sizeof(struct rollback_options),
	.max_args = SIZE_MAX,
	.run = rollback,
};
