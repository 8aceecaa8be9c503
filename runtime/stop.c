/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "duration.h"
#include "each.h"
#include "insula_partition.h"
#include "stop.h"

struct stop_options {
	const char *timeout;
	bool all, supervised;
	unsigned int jobs;
};

static const struct option stop_options[] = {
	STOP_TIMEOUT_OPTION(struct stop_options),
	ALL_OPTION(struct stop_options),
	JOBS_OPTION(struct stop_options),
	{ "supervised", 0, OPTION_FLAG, offsetof(struct stop_options, supervised), NULL, NULL,
		"the caller is the partition's unit (systemd)" },
	{},
};

int stop_timeout(const char *text, uint64_t *ret_timeout, struct ins_error *err)
{
	*ret_timeout = STOP_TIMEOUT;
	if (!text || duration_parse(text, ret_timeout) == 0)
		return 0;
	return error_set(err, EINVAL, "--timeout: `%s` is no duration, as 10s or 1m30s", text);
}

static int stop_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const uint64_t *timeout = data;

	return ins_partition_stop(call->context, name, *timeout, err);
}

static int stop(const struct call *call, struct ins_error *err)
{
	const struct stop_options *options = call->options;
	uint64_t timeout;
	int r = stop_timeout(options->timeout, &timeout, err);

	/* ExecStop= is called after an end of its own, too: that is no stop that somebody has asked for. */
	if (r == 0 && options->supervised && !getenv("MAINPID"))
		return 0;
	return r < 0 ? r : names_treat(call, options->all, options->jobs, stop_one, &timeout, err);
}

const struct verb verb_stop = {
	.name = "stop",
	.summary = "end partitions",
	.synopsis = "NAME...",
	.options = stop_options,
	.options_size = sizeof(struct stop_options),
	.max_args = SIZE_MAX,
	.run = stop,
};
