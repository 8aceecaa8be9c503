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

/* Between the stop and what comes then, somebody else may have started it again: this often we try. */
#define TRIES 10

static int stop_and_rollback(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	struct ins_error why = {};
	int r = -EBUSY;

	for (int i = 0; i < TRIES && r == -EBUSY; i++) {
		why = (struct ins_error){};
		r = ins_partition_stop(context, name, STOP_TIMEOUT, &why);
		if (r == 0)
			r = ins_partition_rollback(context, name, snapshot, &why);
	}
	if (r < 0)
		*err = why;
	return r;
}

static int rollback_one(
	const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct rollback_options *options = call->options;
	const char *snapshot = data;
	enum ins_status status = INS_STATUS_STOPPED;
	struct search search = { .name = snapshot };
	struct ins_error why = {};
	int r = 0;

	if (options->restart) {
		r = ins_partition_snapshots(call->context, name, look, &search, err);
		if (r == 0)
			r = ins_partition_show(call->context, name, see_status, &status, err);
	}
	if (r < 0)
		return r;
	/* It is not stopped for a mistake in the snapshot's name. */
	if (!search.found || status == INS_STATUS_STOPPED) {
		r = ins_partition_rollback(call->context, name, snapshot, &why);
		/* Somebody else may just have been about to start it. */
		if (r != -EBUSY || !search.found) {
			*err = why;
			return r;
		}
	}
	r = ins_partition_start_check(call->context, name, err);
	if (r == 0)
		r = stop_and_rollback(call->context, name, snapshot, err);
	return r < 0 ? r : restart_start(call->context, name, err);
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
