/* SPDX-License-Identifier: Apache-2.0 */
/* pause and resume for many, by the names that people know them by. */
#include "absent.h"
#include "each.h"

struct freeze_options {
	bool all;
	unsigned int jobs;
};

static const struct option freeze_options[] = {
	ALL_OPTION(struct freeze_options),
	JOBS_OPTION(struct freeze_options),
	{},
};

/* Of many, those are meant that can be in the other state; asked only then, as who has the container's lock may
 * have paused it for a moment. */
static int settle(const struct call *call, const char *name, enum ins_status wanted, int r,
	struct ins_error *err)
{
	const struct freeze_options *options = call->options;

	if (r < 0 && each_is_choice(call, options->all) && each_status(call, name) != wanted)
		return 0;
	return absent_tell(call->context, name, r, err);
}

static int freeze_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	(void)data;
	return settle(call, name, INS_STATUS_RUNNING, ins_pause(call->context, name, err), err);
}

static int thaw_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	(void)data;
	return settle(call, name, INS_STATUS_PAUSED, ins_resume(call->context, name, err), err);
}

static int freeze(const struct call *call, struct ins_error *err)
{
	const struct freeze_options *options = call->options;

	return names_treat(call, options->all, options->jobs, freeze_one, NULL, err);
}

static int thaw(const struct call *call, struct ins_error *err)
{
	const struct freeze_options *options = call->options;

	return names_treat(call, options->all, options->jobs, thaw_one, NULL, err);
}

const struct verb verb_freeze = {
	.name = "freeze",
	.summary = "hold all processes of partitions",
	.synopsis = "NAME...",
	.options = freeze_options,
	.options_size = sizeof(struct freeze_options),
	.max_args = SIZE_MAX,
	.run = freeze,
};

const struct verb verb_thaw = {
	.name = "thaw",
	.summary = "let frozen partitions go on",
	.synopsis = "NAME...",
	.options = freeze_options,
	.options_size = sizeof(struct freeze_options),
	.max_args = SIZE_MAX,
	.run = thaw,
};
