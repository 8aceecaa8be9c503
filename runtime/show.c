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

struct showing {
	const struct show_options *options;
	struct ins_error why; /* one could not be */
	bool any;             /* has been shown */
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

static int print_definition(const struct ins_partition_info *info, struct ins_error *err)
{
	char *text;
	int r = ins_definition_text(info->definition, &text, err);

	if (r < 0)
		return r;
	output_line(text);
	free(text);
	return 0;
}

static int print(void *data, const struct ins_partition_info *info)
{
	struct showing *showing = data;

	/* A list for programs, whatever it has; sheets for people. */
	if (showing->options->json)
		fputs(showing->any ? "," : "[", stdout);
	else if (showing->any)
		putchar('\n');
	showing->any = true;
	if (showing->options->json) {
		fputs(info->json, stdout);
		return 0;
	}
	if (showing->options->definition)
		return print_definition(info, &showing->why);
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

/* One that is broken does not keep the others from being shown. */
static int show_each(const struct call *call, const struct names *names, struct showing *showing,
	struct ins_error *err)
{
	size_t n_failed = 0;
	int result = 0;

	for (size_t i = 0; i < names->n; i++) {
		int r;

		showing->why = (struct ins_error){};
		r = ins_partition_show(call->context, names->v[i], print, showing, &showing->why);
		if (r == 0)
			continue;
		if (names->n == 1)
			return error_set(err, -r, "%s", showing->why.text);
		log_write(call->log, INS_LOG_ERROR, showing->why.text);
		n_failed++;
		result = r;
	}
	return n_failed > 0 ? error_set(err, -result, "%zu of %zu failed", n_failed, names->n) : 0;
}

static int show(const struct call *call, struct ins_error *err)
{
	const struct show_options *options = call->options;
	struct showing showing = { .options = options };
	struct names names = {};
	int r;

	if (options->json && options->definition)
		return error_set(err, EINVAL, "--definition is JSON: --json does not go with it");
	r = names_find(call, call->args, options->all, NAMES_OF_PARTITIONS, &names, err);
	if (r == 0)
		r = show_each(call, &names, &showing, err);
	if (options->json && (showing.any || r == 0))
		puts(showing.any ? "]" : "[]");
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
