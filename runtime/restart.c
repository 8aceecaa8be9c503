/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "each.h"
#include "insula_partition.h"
#include "stop.h"

struct restart_options {
	const char *timeout;
	bool all;
	unsigned int jobs;
};

static const struct option restart_options[] = {
	STOP_TIMEOUT_OPTION(struct restart_options),
	ALL_OPTION(struct restart_options),
	JOBS_OPTION(struct restart_options),
	{},
};

int restart_start(struct ins_context *context, const char *name, struct ins_error *err)
{
	struct ins_error why = {};
	int r = ins_partition_start(context, name, NULL, &why);

	/* Somebody else who restarts it was faster. */
	if (r == 0 || r == -EALREADY)
		return 0;
	return error_set(err, -r, "it is stopped now, and cannot be started again: %s", why.text);
}

static int restart_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const uint64_t *timeout = data;
	/* Better before it is stopped than afterwards. */
	int r = ins_partition_start_check(call->context, name, err);

	if (r == 0)
		r = ins_partition_stop(call->context, name, *timeout, err);
	return r < 0 ? r : restart_start(call->context, name, err);
}

static int restart(const struct call *call, struct ins_error *err)
{
	const struct restart_options *options = call->options;
	uint64_t timeout;
	int r = stop_timeout(options->timeout, &timeout, err);

	return r < 0 ? r
		     : names_treat(call, options->all, options->jobs, restart_one, &timeout, err);
}

const struct verb verb_restart = {
	.name = "restart",
	.summary = "stop partitions and start them again",
	.synopsis = "NAME...",
	.options = restart_options,
	.options_size = sizeof(struct restart_options),
	.max_args = SIZE_MAX,
	.run = restart,
};
