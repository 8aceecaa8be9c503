/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "verb.h"

/* In the order of enum ins_format. */
static const char *const plan_formats[] = { "text", "json", NULL };

struct plan_options {
	struct ins_create_args create; /* first: CREATE_OPTIONS counts on it */
	enum ins_format format;
};

static const struct option plan_options[] = {
	CREATE_OPTIONS,
	{ "format", 0, OPTION_CHOICE, offsetof(struct plan_options, format), NULL, plan_formats,
		"for people, or for programs" },
	{},
};

/* What a configuration names may hold anything, and JSON lets it. */
static void print_lines(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")) && (*line || text)) {
		output_text(line);
		putchar('\n');
	}
}

static int plan(const struct call *call, struct ins_error *err)
{
	const struct plan_options *options = call->options;
	struct ins_create_args args = options->create;
	char *text;
	int r;

	if (call->n_args > 0) {
		if (args.bundle && strcmp(args.bundle, call->args[0]) != 0)
			return error_set(err, EINVAL, "--bundle %s and %s: which one?", args.bundle,
				call->args[0]);
		args.bundle = call->args[0];
	}
	r = ins_plan(call->context, &args, options->format, &text, err);
	if (r < 0)
		return r;
	print_lines(text);
	free(text);
	return output_flush(err);
}

const struct verb verb_plan = {
	.name = "plan",
	.summary = "print every step that create and start would take",
	.synopsis = "[BUNDLE]",
	.options = plan_options,
	.options_size = sizeof(struct plan_options),
	.max_args = 1,
	.run = plan,
};
