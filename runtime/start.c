/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

static const struct option start_options[] = { {} };

static int start(const struct call *call, struct ins_error *err)
{
	return ins_start(call->context, call->args[0], err);
}

const struct verb verb_start = {
	.name = "start",
	.summary = "start a container that was created",
	.synopsis = "ID",
	.options = start_options,
	.min_args = 1,
	.max_args = 1,
	.run = start,
};
