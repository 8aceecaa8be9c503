/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"
#include "verb.h"

/* An option as it stands on the command line, taken apart. */
struct word {
	const char *name;
	size_t name_size;
	const char *value; /* what follows the "=", or NULL */
};

static struct word take_apart(const char *text)
{
	struct word word = {};
	const char *equals;

	word.name = text + (text[1] == '-' ? 2 : 1);
	equals = strchr(word.name, '=');
	word.value = equals ? equals + 1 : NULL;
	word.name_size = equals ? (size_t)(equals - word.name) : strlen(word.name);
	return word;
}

static bool name_is(const struct word *word, const char *name)
{
	return strlen(name) == word->name_size && !memcmp(name, word->name, word->name_size);
}

/* One dash or two, long name or letter: Go's flag package makes no difference. */
static const struct option *find(const struct option *table, const struct word *word)
{
	for (const struct option *option = table; option->name; option++) {
		if (name_is(word, option->name))
			return option;
		if (option->letter && word->name_size == 1 && word->name[0] == option->letter)
			return option;
	}
	return NULL;
}

static bool needs_value(const struct option *option)
{
	return option->type != OPTION_FLAG && option->type != OPTION_SWITCH;
}

/* "-td": several letters in one word. All but the last have to be flags, which are set.
 * Return: the last one's row, NULL if the word is something else. */
static const struct option *find_letters(
	const struct option *table, const char *text, const struct word *word, void *target)
{
	const struct option *option = NULL;

	if (text[1] == '-')
		return NULL;
	for (size_t i = 0; i < word->name_size; i++) {
		const struct word letter = { .name = word->name + i, .name_size = 1 };

		option = find(table, &letter);
		if (!option || (option->type != OPTION_FLAG && i + 1 < word->name_size))
			return NULL;
	}
	for (size_t i = 0; i + 1 < word->name_size; i++) {
		const struct word letter = { .name = word->name + i, .name_size = 1 };

		*(bool *)((char *)target + find(table, &letter)->offset) = true;
	}
	return option;
}

int options_number(const char *text, size_t size, unsigned int max, unsigned int *ret)
{
	unsigned long long number = 0;

	if (size == 0)
		return -EINVAL;
	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		number = number * 10 + (unsigned int)(text[i] - '0');
		if (number > max)
			return -EINVAL;
	}
	*ret = (unsigned int)number;
	return 0;
}

static int store_flag(
	bool *target, const struct option *option, const char *value, struct ins_error *err)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "1"))
		*target = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*target = false;
	else
		return error_set(
			err, EINVAL, "--%s: `%s` is neither true nor false", option->name, value);
	return 0;
}

static int store_switch(
	const char **target, const struct option *option, const char *value, struct ins_error *err)
{
	bool on = false;
	int r = store_flag(&on, option, value, err);

	if (r == 0)
		*target = on ? "true" : "false";
	return r;
}

static int store_choice(
	void *target, const struct option *option, const char *value, struct ins_error *err)
{
	char known[128] = "";

	for (int i = 0; option->choices[i]; i++) {
		if (!strcmp(value, option->choices[i])) {
			memcpy(target, &i, sizeof(i));
			return 0;
		}
		if (i > 0)
			strncat(known, ", ", sizeof(known) - 1 - strlen(known));
		strncat(known, option->choices[i], sizeof(known) - 1 - strlen(known));
	}
	return error_set(err, EINVAL, "--%s: `%s` is none of %s", option->name, value, known);
}

/* @room: how many values the command line can still bring, this one included. */
static int store_list(
	struct option_list *list, const char *value, size_t room, struct ins_error *err)
{
	if (!list->items) {
		list->items = calloc(room + 1, sizeof(list->items[0]));
		if (!list->items)
			return error_set(err, ENOMEM, "out of memory");
	}
	list->items[list->n++] = value;
	return 0;
}

static int store(void *target, const struct option *option, const char *value, size_t room,
	struct ins_error *err)
{
	void *field = (char *)target + option->offset;

	switch (option->type) {
	case OPTION_FLAG:
		return store_flag(field, option, value, err);
	case OPTION_SWITCH:
		return store_switch(field, option, value, err);
	case OPTION_PATH:
		if (!value[0])
			return error_set(err, EINVAL, "--%s: the name is empty", option->name);
		*(const char **)field = value;
		return 0;
	case OPTION_STRING:
		*(const char **)field = value;
		return 0;
	case OPTION_NUMBER:
		if (options_number(value, strlen(value), UINT_MAX, field) < 0)
			return error_set(err, EINVAL, "--%s: `%s` is not a number from 0 to %u",
				option->name, value, UINT_MAX);
		return 0;
	case OPTION_CHOICE:
		return store_choice(field, option, value, err);
	case OPTION_LIST:
		return store_list(field, value, room, err);
	}
	return 0;
}

static size_t count(char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

static int refuse(const struct option *table, const struct word *word, const char *text,
	const char *command, struct ins_error *err)
{
	char name[64];
	struct ins_nearest nearest = { .word = name };

	/* The command's help would not show it. */
	if (table != global_options && find(global_options, word))
		return error_set(err, EINVAL,
			"option `%s` goes before the command; try `insula --help`", text);
	snprintf(name, sizeof(name), "%.*s", (int)word->name_size, word->name);
	for (const struct option *option = table; option->name; option++) {
		if (option->help)
			ins_nearest_offer(&nearest, option->name);
	}
	if (nearest.best)
		return error_set(err, EINVAL,
			"unknown option `%s`: did you mean `--%s`? Try `%s --help`", text,
			nearest.best, command);
	return error_set(err, EINVAL, "unknown option `%s`; try `%s --help`", text, command);
}

int options_parse(const struct option *table, const char *command, bool in_order, char **argv,
	void *target, bool *ret_help, struct ins_error *err)
{
	char **next = argv;
	int n = 0;
	int r;

	/* Arguments move to the front of argv, over options that have been dealt with. */
	while (*next) {
		char *text = *next++;
		const struct option *option;
		struct word word;

		/* A lone dash is an argument: it stands for the standard input elsewhere. */
		if (text[0] != '-' || text[1] == '\0') {
			argv[n++] = text;
			if (in_order)
				break;
			continue;
		}
		if (!strcmp(text, "--"))
			break;
		word = take_apart(text);
		if (name_is(&word, "help") || name_is(&word, "h")) {
			*ret_help = true;
			return 0;
		}
		option = find(table, &word);
		if (!option)
			option = find_letters(table, text, &word, target);
		if (!option)
			return refuse(table, &word, text, command, err);
		/* podman asks for an option without its value to learn whether the runtime knows
		 * it, and looks for the words "flag needs an argument". */
		if (needs_value(option) && !word.value) {
			if (!*next)
				return error_set(
					err, EINVAL, "flag needs an argument: --%s", option->name);
			word.value = *next++;
		}
		r = store(target, option, word.value, 1 + count(next), err);
		if (r < 0)
			return r;
	}
	while (*next)
		argv[n++] = *next++;
	argv[n] = NULL;
	return n;
}

void options_clear(const struct option *table, void *target)
{
	for (const struct option *option = table; option->name; option++) {
		struct option_list *list = (void *)((char *)target + option->offset);

		if (option->type != OPTION_LIST)
			continue;
		free(list->items);
		*list = (struct option_list){};
	}
}
