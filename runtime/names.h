/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a verb is given: words, patterns, ranges. */
#ifndef RUNTIME_NAMES_H
#define RUNTIME_NAMES_H

#include <stdbool.h>

#include "insula_partition.h"
#include "verb.h"

/* The most names that words may stand for: more is a slip of the finger. */
#define NAMES_MAX INS_PARTITIONS_MAX

/* A list without doubles, NULL-terminated. Start with {}; end with names_clear(). */
struct names {
	char **v;
	size_t n;
};

void names_clear(struct names *names);

/* What there is to choose from. */
enum names_of {
	NAMES_OF_PARTITIONS, /* whether they run or not */
	NAMES_OF_ALL,        /* containers that are no partitions, too */
};

/**
 * names_make - names for what is still to be made
 * @words: NULL-terminated, each with any number of ranges: "g{1..20}", "r{1..4}-{01..16}". A number written
 *         with leading zeros gives all of its range that many digits.
 * @ret_names: in the order of the words; to be cleared
 *
 * Return: 0, −EINVAL (no range, a pattern, more than NAMES_MAX), −ENOMEM.
 */
int names_make(char *const *words, struct names *ret_names, struct ins_error *err);

/* names_is_many - whether @word is a pattern or a range: no id has such characters. */
bool names_is_many(const char *word);

/**
 * names_find - which of those that are there are meant
 * @words: as for names_make(), and patterns as of a shell: "web*", "db[0-9]". A word without a pattern is
 *         taken as it is, whether there is one of that name or not: the verb has better words for that. So is
 *         a pattern beside others that matches nothing
 * @all: all there are; excludes words, and may be none
 * @ret_names: to be cleared
 *
 * Return: 0, −ESRCH (nothing matches the only pattern), −EINVAL (neither words nor @all, or both; a range), −errno.
 */
int names_find(const struct call *call, char *const *words, bool all, enum names_of of,
	struct names *ret_names, struct ins_error *err);

/**
 * names_take_last - the argument behind the names
 * @call: loses it
 * @all: there need be no names
 * @what: it is called in messages
 *
 * Return: the argument, which belongs to @call; NULL: it is missing, @err says so.
 */
char *names_take_last(struct call *call, bool all, const char *what, struct ins_error *err);

#endif
