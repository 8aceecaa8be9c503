/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option parser. One table drives parsing, `--help`, the bash completion and the check of the
 * man pages.
 *
 * The callers of an OCI runtime are mostly written in Go and write options as Go programs take
 * them: `--name value`, `--name=value`, `-name value`, `-n value`. getopt_long() takes neither
 * `-name` nor `--flag=false`, hence a parser of our own. What is no name is taken as several letters
 * in one word, as `-td`, of which the last may have a value.
 */
#ifndef RUNTIME_OPTIONS_H
#define RUNTIME_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "insula.h"

enum option_type {
	OPTION_FLAG,   /* bool; also --name=true, --name=false */
	OPTION_SWITCH, /* a flag that is "true", "false" or not given: const char * */
	OPTION_STRING, /* const char * */
	OPTION_PATH,   /* the same, and not empty */
	OPTION_NUMBER, /* unsigned int, in decimal */
	OPTION_CHOICE, /* an enum: the index into choices */
	OPTION_LIST,   /* struct option_list; may be given often */
};

/* The values of an OPTION_LIST in their order. items is NULL if there are none. */
struct option_list {
	const char **items; /* NULL-terminated; the strings belong to the command line */
	size_t n;
};

/* A row of a table. A table ends in a row without a name. */
struct option {
	const char *name;           /* without dashes */
	char letter;                /* its short form, or 0 */
	enum option_type type;
	size_t offset;              /* where the value goes in the target structure */
	const char *argument;       /* what --help calls the value; NULL for flags and choices */
	const char *const *choices; /* OPTION_CHOICE: the words, NULL-terminated */
	const char *help;           /* one line; NULL: not shown to people */
};

/**
 * options_parse - take the options out of a command line
 * @table: the rows
 * @command: "insula create", for the hint in an error
 * @in_order: the first argument that is no option ends the options; else they may mix
 * @argv: NULL-terminated; on success the arguments that are no options, NULL-terminated
 * @target: the structure that the table's offsets are in; of an option given twice the last counts
 * @ret_help: set if --help or -h is met, which ends the parsing
 *
 * What was stored before an error stays stored: options_clear() is due in any case.
 * Return: the number of arguments left, −EINVAL, −ENOMEM.
 */
int options_parse(const struct option *table, const char *command, bool in_order, char **argv,
	void *target, bool *ret_help, struct ins_error *err);

/* options_clear - free what options_parse() allocated for the lists in @target. */
void options_clear(const struct option *table, void *target);

/**
 * options_number - an unsigned decimal number
 * @text: digits only, no sign, no blanks; need not end at @size
 *
 * Return: 0 or −EINVAL, which is also for numbers above @max.
 */
int options_number(const char *text, size_t size, unsigned int max, unsigned int *ret);

#endif
