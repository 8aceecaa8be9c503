/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct gc_options {
	bool dry_run;
	bool json;
};

static const struct option gc_options[] = {
	{ "dry-run", 'n', OPTION_FLAG, offsetof(struct gc_options, dry_run), NULL, NULL,
		"only say what there is" },
	{ "json", 0, OPTION_FLAG, offsetof(struct gc_options, json), NULL, NULL,
		"print a JSON array of what was taken away" },
	{},
};

static int print_line(void *data, const struct ins_leftover *leftover)
{
	(void)data;
	printf("%s ", leftover->kind);
	output_text(leftover->name);
	putchar('\n');
	return 0;
}

static int print_json(void *data, const struct ins_leftover *leftover)
{
	bool *any = data;

	printf("%s%s", *any ? "," : "[", leftover->json);
	*any = true;
	return 0;
}

static int gc(const struct call *call, struct ins_error *err)
{
	const struct gc_options *options = call->options;
	struct ins_error ignored = {};
	bool any = false;
	int r = ins_gc(call->context, options->dry_run, options->json ? print_json : print_line,
		&any, err);

	/* What was taken away is told, too, if something else could not be. */
	if (options->json)
		puts(any ? "]" : "[]");
	if (r < 0)
		(void)output_flush(&ignored);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_gc = {
	.name = "gc",
	.summary = "take away what killed commands have left",
	.synopsis = "",
	.options = gc_options,
	.options_size = sizeof(struct gc_options),
	.run = gc,
};
