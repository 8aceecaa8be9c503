/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"
#include "insula_partition.h"

static const struct option stop_options[] = { {} };

static int stop(const struct call *call, struct ins_error *err)
{
	return ins_partition_stop(call->context, call->args[0], 10000000000, err);
}

const struct verb verb_stop = {
	.name = "stop",
	.summary = "end partitions",
	.synopsis = "NAME",
	.options = stop_options,
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = stop,
};
