/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insula_partition.h"
#include "names.h"

/* No name is longer; a word with ranges may be. */
#define WORD_MAX 1024

/* A list that grows, and a tree of what is in it. */
struct builder {
	struct names names;
	void *seen; /* of tsearch(3) */
};

static int compare(const void *left, const void *right)
{
	return strcmp(left, right);
}

static void keep(void *name)
{
	(void)name;
}

static int no_memory(struct ins_error *err)
{
	return error_set(err, ENOMEM, "out of memory");
}

void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names->v);
	*names = (struct names){};
}

/* Room for one more and the end is made whenever the number of names is a power of two. */
static int make_room(struct names *names)
{
	char **v;

	if (names->v && (names->n & (names->n - 1)) != 0)
		return 0;
	v = reallocarray(names->v, names->n * 2 + 2, sizeof(v[0]));
	if (!v)
		return -ENOMEM;
	v[names->n] = NULL;
	names->v = v;
	return 0;
}

static int add(struct builder *builder, const char *name)
{
	struct names *names = &builder->names;
	char *copy;

	if (tfind(name, &builder->seen, compare))
		return 0;
	if (make_room(names) < 0)
		return -ENOMEM;
	copy = strdup(name);
	if (!copy || !tsearch(copy, &builder->seen, compare)) {
		free(copy);
		return -ENOMEM;
	}
	names->v[names->n++] = copy;
	names->v[names->n] = NULL;
	return 0;
}

/* The list is the caller's, or with a failure nobody's. */
static int finish(struct builder *builder, int r, struct names *ret_names)
{
	tdestroy(builder->seen, keep);
	if (r < 0)
		names_clear(&builder->names);
	else
		*ret_names = builder->names;
	return r;
}

/* --- ranges ----------------------------------------------------------------------------------- */

struct range {
	unsigned int first, last;
	int digits; /* at least so many */
};

/* One end of a range. Return: what follows the number, or NULL. */
static const char *scan_end(const char *text, unsigned int *ret, int *digits)
{
	size_t size = strspn(text, "0123456789");

	if (options_number(text, size, 999999999, ret) < 0)
		return NULL;
	if (text[0] == '0' && size > 1 && (int)size > *digits)
		*digits = (int)size;
	return text + size;
}

/* @text: behind the "{". Return: what follows the "}", or NULL. */
static const char *scan_range(const char *text, struct range *ret)
{
	*ret = (struct range){};
	text = scan_end(text, &ret->first, &ret->digits);
	if (!text || strncmp(text, "..", 2) != 0)
		return NULL;
	text = scan_end(text + 2, &ret->last, &ret->digits);
	return text && text[0] == '}' && ret->first <= ret->last ? text + 1 : NULL;
}

typedef int word_fn(struct builder *builder, const char *word, void *data, struct ins_error *err);

/* Calls @fn for each word that @word stands for: the first range is replaced, the others by calls of
 * this for what comes of it. */
static int each_word(
	struct builder *builder, const char *word, word_fn *fn, void *data, struct ins_error *err)
{
	const char *brace = strchr(word, '{'), *rest;
	struct range range;

	if (!brace)
		return fn(builder, word, data, err);
	rest = scan_range(brace + 1, &range);
	if (!rest)
		return error_set(err, EINVAL,
			"`%s`: what is in braces is no range of numbers from the smaller to the "
			"greater, as {1..20} or {001..100}",
			word);
	if (range.last - range.first >= NAMES_MAX)
		return error_set(err, EINVAL,
			"`%s` stands for more than %d names, and no host has more partitions", word,
			NAMES_MAX);
	for (unsigned int i = range.first; i <= range.last; i++) {
		char one[WORD_MAX];
		int size, r;

		size = snprintf(one, sizeof(one), "%.*s%0*u%s", (int)(brace - word), word,
			range.digits, i, rest);
		if (size >= WORD_MAX)
			return error_set(err, EINVAL, "`%s` is too long", word);
		r = each_word(builder, one, fn, data, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_new(struct builder *builder, const char *word, void *data, struct ins_error *err)
{
	(void)data;
	if (strpbrk(word, "*?["))
		return error_set(err, EINVAL,
			"`%s` is a pattern for names that are there: new ones are given as "
			"words or as a range {1..20}",
			word);
	if (builder->names.n >= NAMES_MAX)
		return error_set(err, EINVAL,
			"these are more than %d names, and no host has more partitions", NAMES_MAX);
	return add(builder, word) < 0 ? no_memory(err) : 0;
}

int names_make(char *const *words, struct names *ret_names, struct ins_error *err)
{
	struct builder builder = {};
	int r = 0;

	for (; r == 0 && *words; words++)
		r = each_word(&builder, *words, add_new, NULL, err);
	return finish(&builder, r, ret_names);
}

/* --- what is there ---------------------------------------------------------------------------- */

static int add_container(void *data, const struct ins_container_info *info)
{
	return add(data, info->id);
}

static int look(
	const struct call *call, enum names_of of, struct names *ret_names, struct ins_error *err)
{
	struct builder builder = {};
	int r = 0;

	switch (of) {
	case NAMES_OF_PARTITIONS:
		return ins_partition_names(call->context, &ret_names->v, &ret_names->n, err);
	case NAMES_OF_ALL:
		r = ins_partition_list(call->context, add_container, &builder, err);
		break;
	}
	if (r < 0)
		error_set(err, -r, "out of memory");
	return finish(&builder, r, ret_names);
}

struct choice {
	struct names known;
	bool is_alone; /* the word is the only one */
};

static int add_found(struct builder *builder, const char *word, void *data, struct ins_error *err)
{
	const struct choice *choice = data;
	const struct names *known = &choice->known;
	bool any = false;

	if (!strpbrk(word, "*?["))
		return add(builder, word) < 0 ? no_memory(err) : 0;
	for (size_t i = 0; i < known->n; i++) {
		if (fnmatch(word, known->v[i], 0) != 0)
			continue;
		any = true;
		if (add(builder, known->v[i]) < 0)
			return no_memory(err);
	}
	if (!any && choice->is_alone)
		return error_set(err, ESRCH, "nothing has a name that matches `%s`", word);
	/* As a shell does: the verb then says of this one that there is none, and goes on. */
	return !any && add(builder, word) < 0 ? no_memory(err) : 0;
}

bool names_is_many(const char *word)
{
	return strpbrk(word, "*?[{");
}

int names_find(const struct call *call, char *const *words, bool all, enum names_of of,
	struct names *ret_names, struct ins_error *err)
{
	struct choice choice = { .is_alone = *words && !words[1] };
	struct builder builder = {};
	bool patterns = all;
	int r = 0;

	if (all && *words)
		return error_set(err, EINVAL, "--all and the name `%s` exclude each other", *words);
	if (!all && !*words)
		return error_set(err, EINVAL, "a name or an ID is missing, or --all");
	for (char *const *word = words; *word; word++)
		patterns = patterns || strpbrk(*word, "*?[");
	if (patterns)
		r = look(call, of, &choice.known, err);
	if (r == 0 && all) {
		*ret_names = choice.known;
		return 0;
	}
	for (; r == 0 && *words; words++)
		r = each_word(&builder, *words, add_found, &choice, err);
	names_clear(&choice.known);
	return finish(&builder, r, ret_names);
}

char *names_take_last(struct call *call, bool all, const char *what, struct ins_error *err)
{
	char *last;

	if (call->n_args == 0 || (!all && call->n_args == 1)) {
		error_set(err, EINVAL, "the name of the %s is missing", what);
		return NULL;
	}
	last = call->args[--call->n_args];
	call->args[call->n_args] = NULL;
	return last;
}
