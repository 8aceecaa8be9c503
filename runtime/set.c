/* SPDX-License-Identifier: Apache-2.0 */
#include "change.h"
#include "settings.h"
#include "verb.h"

struct set_options {
	struct setting_options settings;
	struct option_list unset;
};

static const struct option set_options[] = {
	SETTING_OPTIONS{ "unset", 0, OPTION_LIST, offsetof(struct set_options, unset), "SETTING",
		NULL, "take a setting away: what is usual holds again" },
	{},
};

static int set(const struct call *call, struct ins_error *err)
{
	const struct set_options *options = call->options;
	const char *name = call->args[0];
	struct ins_definition definition = {};
	int r = ins_partition_definition(call->context, name, &definition, err);

	for (size_t i = 0; r == 0 && i < options->unset.n; i++)
		r = settings_unset(options->unset.items[i], &definition, err);
	if (r == 0)
		r = settings_take(&options->settings, &definition, err);
	if (r == 0)
		r = change_apply(call->context, name, &definition, err);
	ins_definition_clear(&definition);
	return r;
}

const struct verb verb_set = {
	.name = "set",
	.summary = "change what partitions may and have",
	.synopsis = "NAME...",
	.options = set_options,
	.options_size = sizeof(struct set_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = set,
};
