/* SPDX-License-Identifier: Apache-2.0 */
#include "verb.h"

static const struct option run_options[] = {
	CREATE_OPTIONS,
	{ "no-subreaper", 0, OPTION_FLAG, CREATE(no_subreaper), NULL, NULL,
		"do not adopt the container's orphans" },
	{ "detach", 'd', OPTION_FLAG, CREATE(detach), NULL, NULL, "return once the program runs" },
	{ "keep", 0, OPTION_FLAG, CREATE(keep), NULL, NULL,
		"do not delete the container when the program has ended" },
	{},
};

static int run(const struct call *call, struct ins_error *err)
{
	struct ins_create_args args;
	int status = 0;
	int r = create_take(call, &args, err);

	if (r == 0)
		r = ins_run(call->context, &args, &status, err);
	return r < 0 ? r : status;
}

const struct verb verb_run = {
	.name = "run",
	.summary = "create and start a container, wait for its end, delete it",
	.synopsis = "ID",
	.options = run_options,
	.options_size = sizeof(struct ins_create_args),
	.min_args = 1,
	.max_args = 1,
	.runs_program = true,
	.failure = 1,
	.run = run,
};
