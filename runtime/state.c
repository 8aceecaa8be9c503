/* SPDX-License-Identifier: Apache-2.0 */
#include "absent.h"
#include "output.h"
#include "verb.h"

static const struct option state_options[] = { {} };

static int print_state(void *data, const struct ins_container_info *info)
{
	(void)data;
	output_line(info->json);
	return 0;
}

static int state(const struct call *call, struct ins_error *err)
{
	int r;

	r = absent_tell(call->context, call->args[0],
		ins_state(call->context, call->args[0], print_state, NULL, err), err);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_state = {
	.name = "state",
	.summary = "print the state of a container as JSON",
	.synopsis = "ID",
	.options = state_options,
	.min_args = 1,
	.max_args = 1,
	.run = state,
};
