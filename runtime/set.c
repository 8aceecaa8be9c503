/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "change.h"
#include "each.h"
#include "settings.h"

struct set_options {
	struct setting_options settings;
	struct option_list unset;
	bool all;
	unsigned int jobs;
};

static const struct option set_options[] = {
	/* clang-format off */
	SETTING_OPTIONS
	{ "unset", 0, OPTION_LIST, offsetof(struct set_options, unset), "SETTING", NULL,
		"take a setting away: what is usual holds again" },
	/* clang-format on */
	ALL_OPTION(struct set_options),
	JOBS_OPTION(struct set_options),
	{},
};

static int set_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct set_options *options = call->options;
	struct ins_definition definition = {};
	int r = ins_partition_definition(call->context, name, &definition, err);

	(void)data;
	for (size_t i = 0; r == 0 && i < options->unset.n; i++)
		r = settings_unset(options->unset.items[i], &definition, err);
	if (r == 0)
		r = settings_take(&options->settings, &definition, err);
	if (r == 0)
		r = change_apply(call->context, name, &definition, err);
	ins_definition_clear(&definition);
	return r;
}

static int set(const struct call *call, struct ins_error *err)
{
	const struct set_options *options = call->options;

	if (options->unset.n == 0 && !settings_given(&options->settings))
		return error_set(err, EINVAL,
			"set needs a setting, as --memory 1G; try `insula set --help`");
	return names_treat(call, options->all, options->jobs, set_one, NULL, err);
}

const struct verb verb_set = {
	.name = "set",
	.summary = "change what partitions may and have",
	.synopsis = "NAME...",
	.options = set_options,
	.options_size = sizeof(struct set_options),
	.max_args = SIZE_MAX,
	.run = set,
};
