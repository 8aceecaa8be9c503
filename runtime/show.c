/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "each.h"
#include "insula_partition.h"
#include "output.h"

struct show_options {
	bool json;
	bool definition;
	bool all;
};

static const struct option show_options[] = {
	{ "json", 0, OPTION_FLAG, offsetof(struct show_options, json), NULL, NULL,
		"as a JSON object" },
	{ "definition", 0, OPTION_FLAG, offsetof(struct show_options, definition), NULL, NULL,
		"only what was asked for, as `insula apply` takes it" },
	ALL_OPTION(struct show_options),
	{},
};

static void line(const char *title, const char *text)
{
	if (!text)
		return;
	printf("%-12s", title);
	output_text(text);
	putchar('\n');
}

static void print_end(int status)
{
	if (status < 0)
		return;
	if (WIFSIGNALED(status))
		printf("%-12sby signal %d\n", "last end", WTERMSIG(status));
	else
		printf("%-12swith status %d\n", "last end", WEXITSTATUS(status));
}

static void print_value(const char *key, const struct ins_definition_value *value)
{
	if (value->n == 0)
		return;
	printf("%-12s", key);
	for (size_t i = 0; i < value->n; i++) {
		if (i > 0)
			putchar(' ');
		output_text(value->v[i]);
	}
	putchar('\n');
}

static void print_settings(const struct ins_definition *definition)
{
	static const char *const keys[INS_SETTING_COUNT] = {
#define X(name, key, kind, change, argument, help) [INS_SETTING_##name] = key,
		INS_SETTINGS(X)
#undef X
	};

	for (int i = 0; i < INS_SETTING_COUNT; i++) {
		if (i != INS_SETTING_TEMPLATE)
			print_value(keys[i], &definition->values[i]);
	}
}

static int print(void *data, const struct ins_partition_info *info)
{
	const struct show_options *options = data;

	if (options->json) {
		fputs(info->json, stdout);
		return 0;
	}
	line("name", info->name);
	line("status", ins_status_name(info->status));
	if (info->pid)
		printf("%-12s%d\n", "pid", (int)info->pid);
	print_end(info->exit_status);
	if (info->enabled)
		line("enabled", "starts at boot");
	printf("%-12s%s (image %s)\n", "template", info->template, info->image);
	line("address", info->address);
	line("", info->address6);
	printf("%-12s%u to %u on the host\n", "ids", info->first_id, info->first_id + 65535);
	line("made", info->made);
	line("unit", info->unit);
	line("directory", info->directory);
	print_settings(info->definition);
	return 0;
}

static int print_definition(void *data, const struct ins_partition_info *info)
{
	struct ins_error *err = data;
	char *text;
	int r = ins_definition_text(info->definition, &text, err);

	if (r < 0)
		return r;
	output_line(text);
	free(text);
	return 0;
}

static int show_one(const struct call *call, const char *name, struct ins_error *err)
{
	const struct show_options *options = call->options;

	return options->definition
		       ? ins_partition_show(call->context, name, print_definition, err, err)
		       : ins_partition_show(call->context, name, print, (void *)options, err);
}

static int show(const struct call *call, struct ins_error *err)
{
	const struct show_options *options = call->options;
	struct names names = {};
	int r;

	if (options->json && options->definition)
		return error_set(err, EINVAL, "--definition is JSON: --json does not go with it");
	r = names_find(call, call->args, options->all, NAMES_OF_PARTITIONS, &names, err);
	for (size_t i = 0; r == 0 && i < names.n; i++) {
		/* A list for programs, whatever it has; sheets for people. */
		if (options->json)
			fputs(i == 0 ? "[" : ",", stdout);
		else if (i > 0)
			putchar('\n');
		r = show_one(call, names.v[i], err);
	}
	if (r == 0 && options->json)
		puts(names.n > 0 ? "]" : "[]");
	names_clear(&names);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_show = {
	.name = "show",
	.summary = "tell all that is known of partitions",
	.synopsis = "NAME...",
	.options = show_options,
	.options_size = sizeof(struct show_options),
	.max_args = SIZE_MAX,
	.run = show,
};
