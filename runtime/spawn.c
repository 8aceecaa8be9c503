/* SPDX-License-Identifier: Apache-2.0 */
/* New partitions. */
#include <stdio.h>
#include <string.h>

#include "each.h"
#include "forwarding.h"
#include "insula_partition.h"
#include "settings.h"

struct spawn_options {
	struct setting_options settings;
	bool no_start;
	unsigned int jobs;
};

static const struct option spawn_options[] = {
	/* clang-format off */
	SETTING_OPTIONS
	{ "no-start", 0, OPTION_FLAG, offsetof(struct spawn_options, no_start), NULL, NULL,
		"make it, but do not start it" },
	/* clang-format on */
	JOBS_OPTION(struct spawn_options),
	{},
};

static int spawn_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct spawn_options *options = call->options;
	int r = ins_partition_make(call->context, name, data, err);

	if (r < 0 || options->no_start)
		return r;
	r = ins_partition_start(call->context, name, NULL, err);
	if (r < 0)
		(void)ins_partition_remove(call->context, name, true, NULL);
	return r;
}

/* Once, however many there are. */
static void warn_of_limits(const struct call *call)
{
	struct ins_error ignored = {};
	char missing[64], text[160];

	if (ins_partition_limits_missing(missing, sizeof(missing), &ignored) < 0 || !missing[0])
		return;
	snprintf(text, sizeof(text),
		"this host cannot enforce the usual limits (%s): `insula check` tells why",
		missing);
	log_write(call->log, INS_LOG_WARNING, text);
}

/* A shell makes several words of g{1..3}, of which the others are a command: "g2 g3". */
static void hint_at_names(const struct call *call, struct ins_error *err)
{
	const char *name = call->args[0], *word = call->n_args > 1 ? call->args[1] : "";
	size_t n = strcspn(name, "0123456789"), size = strlen(err->text);

	if (n > 0 && name[n] && strcspn(word, "0123456789") == n && word[n] &&
		!strncmp(name, word, n))
		snprintf(err->text + size, sizeof(err->text) - size,
			" (what follows the name is its command: several partitions are one word, "
			"quoted, as '%.*s{1..3}')",
			(int)n, name);
}

static int spawn(const struct call *call, struct ins_error *err)
{
	const struct spawn_options *options = call->options;
	char *words[] = { call->args[0], NULL };
	const struct forwarding before = forwarding_look();
	struct ins_definition definition = {};
	struct names names = {};
	int r = settings_take(&options->settings, &definition, err);

	if (r == 0)
		r = settings_take_command(call->args + 1, call->n_args - 1, &definition, err);
	if (r == 0)
		r = names_make(words, &names, err);
	if (r == 0)
		r = names_each(call, &names, options->jobs, spawn_one, &definition, err);
	if (r == 0)
		warn_of_limits(call);
	else
		hint_at_names(call, err);
	forwarding_tell(call, &before);
	names_clear(&names);
	ins_definition_clear(&definition);
	return r;
}

const struct verb verb_spawn = {
	.name = "spawn",
	.summary = "make partitions and start them",
	.synopsis = "NAME [-- COMMAND...]",
	.options = spawn_options,
	.options_size = sizeof(struct spawn_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = spawn,
};
