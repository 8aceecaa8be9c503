/* SPDX-License-Identifier: Apache-2.0 */
/* insula template: a word says what is done with them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "each.h"
#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct template_options {
	const char *name;
	bool erofs, json, quiet;
};

#define TEMPLATE(member) offsetof(struct template_options, member)

static const struct option template_options[] = {
	{ "name", 0, OPTION_PATH, TEMPLATE(name), "NAME", NULL,
		"build: the template's name (default: the recipe's)" },
	{ "erofs", 0, OPTION_FLAG, TEMPLATE(erofs), NULL, NULL,
		"build, import: keep it as one erofs image" },
	{ "json", 0, OPTION_FLAG, TEMPLATE(json), NULL, NULL, "list: a JSON array" },
	{ "quiet", 'q', OPTION_FLAG, TEMPLATE(quiet), NULL, NULL, "list: print the names only" },
	{},
};

static int make(
	const struct call *call, const struct ins_template_args *args, struct ins_error *err)
{
	int r = ins_template_make(call->context, args, err);

	if (r < 0)
		return r;
	printf("%s: made\n", args->name);
	return output_flush(err);
}

static int build(const struct call *call, struct ins_error *err)
{
	const struct template_options *options = call->options;
	const struct ins_template_args args = {
		.name = options->name ? options->name : call->args[1],
		.source = INS_TEMPLATE_RECIPE,
		.from = call->args[1],
		.arguments = call->args + 2,
		.erofs = options->erofs,
	};

	return make(call, &args, err);
}

static int import(const struct call *call, struct ins_error *err)
{
	const struct template_options *options = call->options;
	const struct ins_template_args args = {
		.name = call->args[1],
		.source = INS_TEMPLATE_GUESS,
		.from = call->args[2],
		.erofs = options->erofs,
	};

	return make(call, &args, err);
}

static int print_name(void *data, const struct ins_template_info *info)
{
	(void)data;
	if (info->name)
		puts(info->name);
	return 0;
}

static int print_item(void *data, const struct ins_template_info *info)
{
	bool *any = data;

	printf("%s%s", *any ? "," : "[", info->json);
	*any = true;
	return 0;
}

static int print_object(void *data, const struct ins_template_info *info)
{
	(void)data;
	output_line(info->json);
	return 0;
}

static int print_row(void *data, const struct ins_template_info *info)
{
	(void)data;
	printf("%-20s   %s   %-9s   %9.1f   %s   ", info->name ? info->name : "-", info->image,
		info->kind, (double)info->size / 1e6, info->made);
	output_text(info->source);
	putchar('\n');
	return 0;
}

static int list(const struct call *call, struct ins_error *err)
{
	const struct template_options *options = call->options;
	bool any = false;
	int r;

	if (options->quiet) {
		r = ins_template_list(call->context, NULL, print_name, NULL, err);
	} else if (options->json) {
		r = ins_template_list(call->context, NULL, print_item, &any, err);
		if (r == 0)
			puts(any ? "]" : "[]");
	} else {
		printf("%-20s   %-16s   %-9s   %9s   %-20s   %s\n", "NAME", "IMAGE", "KIND", "MB",
			"MADE", "SOURCE");
		r = ins_template_list(call->context, NULL, print_row, NULL, err);
	}
	return r < 0 ? r : output_flush(err);
}

static void print_line(const char *title, const char *text)
{
	if (!text)
		return;
	printf("%-12s", title);
	output_text(text);
	putchar('\n');
}

static void print_words(const char *title, const char *const *words)
{
	if (!words)
		return;
	printf("%-11s", title);
	for (; *words; words++) {
		putchar(' ');
		output_text(*words);
	}
	putchar('\n');
}

static int print_lines(void *data, const struct ins_template_info *info)
{
	(void)data;
	print_line("name", info->name);
	print_line("image", info->image);
	print_line("digest", info->digest);
	print_line("kind", info->kind);
	printf("%-12s%llu\n", "size", (unsigned long long)info->size);
	print_line("made", info->made);
	print_line("source", info->source);
	if (info->command)
		print_words("command", info->command);
	else
		print_line("command", "/bin/sh (the image names none)");
	print_line("user", info->user);
	print_line("cwd", info->cwd);
	print_words("env", info->env);
	print_line("stop-signal", info->stop_signal);
	return 0;
}

static int show(const struct call *call, struct ins_error *err)
{
	const struct template_options *options = call->options;
	int r = ins_template_list(call->context, call->args[1],
		options->json ? print_object : print_lines, NULL, err);

	return r < 0 ? r : output_flush(err);
}

/* One after the other; one that fails does not stop the rest. */
static int treat_each(const struct call *call, each_fn *fn, struct ins_error *err)
{
	const struct names names = { .v = call->args + 1, .n = call->n_args - 1 };

	return names_each(call, &names, 1, fn, NULL, err);
}

static int check_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	(void)data;
	return ins_template_check(call->context, name, err);
}

static int remove_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	(void)data;
	return ins_template_remove(call->context, name, err);
}

static int check(const struct call *call, struct ins_error *err)
{
	return treat_each(call, check_one, err);
}

static int take_away(const struct call *call, struct ins_error *err)
{
	return treat_each(call, remove_one, err);
}

static const struct action {
	const char *name;
	const char *synopsis;
	size_t min_args, max_args; /* behind the name */
	int (*run)(const struct call *call, struct ins_error *err);
} actions[] = {
	{ "build", "RECIPE [--] [ARGUMENT…]", 1, SIZE_MAX, build },
	{ "import", "NAME DIR|TAR|OCI-LAYOUT[:TAG]|-", 2, 2, import },
	{ "list", "", 0, 0, list },
	{ "show", "NAME", 1, 1, show },
	{ "check", "NAME…", 1, SIZE_MAX, check },
	{ "remove", "NAME…", 1, SIZE_MAX, take_away },
};

static int template(const struct call *call, struct ins_error *err)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct action *action = &actions[i];

		if (strcmp(call->args[0], action->name) != 0)
			continue;
		if (call->n_args - 1 < action->min_args || call->n_args - 1 > action->max_args)
			return error_set(err, EINVAL, "it is `insula template %s%s%s`",
				action->name, *action->synopsis ? " " : "", action->synopsis);
		return action->run(call, err);
	}
	return error_set(err, EINVAL,
		"template: unknown word `%s`: build, import, list, show, check or remove",
		call->args[0]);
}

const struct verb verb_template = {
	.name = "template",
	.summary = "make, list, check and remove templates",
	.synopsis = "build|import|list|show|check|remove ARGUMENT...",
	.options = template_options,
	.options_size = sizeof(struct template_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = template,
};
