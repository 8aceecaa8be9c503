/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "output.h"

struct help_options {
	bool dump;
};

static const struct option help_options[] = {
	/* For the completion and the check of the man pages; no promise to anybody else. */
	{ "options-dump", 0, OPTION_FLAG, offsetof(struct help_options, dump), NULL, NULL, NULL },
	{},
};

/* What --help calls an option's value: "DIR", "table|json", or "" for a flag. */
static void format_argument(const struct option *option, char *buffer, size_t size)
{
	buffer[0] = '\0';
	if (option->argument)
		snprintf(buffer, size, "%s", option->argument);
	for (size_t i = 0; option->choices && option->choices[i]; i++) {
		if (i > 0)
			strncat(buffer, "|", size - 1 - strlen(buffer));
		strncat(buffer, option->choices[i], size - 1 - strlen(buffer));
	}
}

static void print_option(const struct option *option)
{
	char argument[64], left[128];

	format_argument(option, argument, sizeof(argument));
	snprintf(left, sizeof(left), "%c%c%s--%s%s%s", option->letter ? '-' : ' ',
		option->letter ? option->letter : ' ', option->letter ? ", " : "  ", option->name,
		argument[0] ? " " : "", argument);
	/* Two columns; what does not fit into the left one pushes the right one down. */
	if (strlen(left) > 30)
		printf("  %s\n  %-32s%s\n", left, "", option->help);
	else
		printf("  %-32s%s\n", left, option->help);
}

static void print_options(const struct option *table)
{
	bool any = false;

	for (const struct option *option = table; option->name; option++) {
		if (!option->help)
			continue;
		if (!any)
			puts("\nOptions:");
		any = true;
		print_option(option);
	}
}

static bool has_options(const struct option *table)
{
	for (; table->name; table++) {
		if (table->help)
			return true;
	}
	return false;
}

int help_print(const struct verb *verb, struct ins_error *err)
{
	if (verb) {
		printf("Usage: insula [GLOBAL-OPTION]... %s%s%s%s\n\n%s: %s\n", verb->name,
			has_options(verb->options) ? " [OPTION]..." : "",
			verb->synopsis[0] ? " " : "", verb->synopsis, verb->name,
			verb->summary ? verb->summary : "for programs of insula's own");
		print_options(verb->options);
		return output_flush(err);
	}
	printf("Usage: insula [OPTION]... COMMAND [ARGUMENT]...\n\n"
	       "insula: run OCI containers and partitions\n\n"
	       "Containers (a partition that runs is one, too):\n");
	for (size_t i = 0; verbs[i]; i++) {
		if (verbs[i] == &verb_spawn)
			puts("\nPartitions:");
		if (verbs[i]->summary)
			printf("  %-10s%s\n", verbs[i]->name, verbs[i]->summary);
	}
	print_options(global_options);
	puts("\n`insula help COMMAND` tells more of a command.");
	return output_flush(err);
}

static void dump_options(const char *verb, const struct option *table)
{
	for (const struct option *option = table; option->name; option++) {
		char argument[64];

		if (!option->help)
			continue;
		format_argument(option, argument, sizeof(argument));
		printf("option\t%s\t%s\t%c\t%s\t%s\n", verb, option->name,
			option->letter ? option->letter : '-', argument[0] ? argument : "-",
			option->help);
	}
}

/* Lines of fields between tabs, an empty one as "-":
 * verb, NAME, SYNOPSIS, SUMMARY; option, VERB (or "-": global), NAME, LETTER, ARGUMENT, HELP. */
static void dump(void)
{
	dump_options("-", global_options);
	for (size_t i = 0; verbs[i]; i++) {
		if (!verbs[i]->summary)
			continue;
		printf("verb\t%s\t%s\t%s\n", verbs[i]->name,
			verbs[i]->synopsis[0] ? verbs[i]->synopsis : "-", verbs[i]->summary);
		dump_options(verbs[i]->name, verbs[i]->options);
	}
}

static int help(const struct call *call, struct ins_error *err)
{
	const struct help_options *options = call->options;
	const struct verb *verb = NULL;

	if (options->dump) {
		dump();
		return output_flush(err);
	}
	if (call->n_args > 0) {
		verb = verb_find(call->args[0], err);
		if (!verb)
			return -err->code;
	}
	return help_print(verb, err);
}

const struct verb verb_help = {
	.name = "help",
	.summary = "show how to call insula or one of its commands",
	.synopsis = "[COMMAND]",
	.options = help_options,
	.options_size = sizeof(struct help_options),
	.max_args = 1,
	.no_context = true,
	.run = help,
};
