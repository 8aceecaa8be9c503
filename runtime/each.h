/* SPDX-License-Identifier: Apache-2.0 */
/* One thing done for many names, several at a time. */
#ifndef RUNTIME_EACH_H
#define RUNTIME_EACH_H

#include "names.h"

/* What is done for one. Runs in a process of its own if there are several names: what it changes in @data
 * is lost. What it prints comes out whole, after it has returned. */
typedef int each_fn(const struct call *call, const char *name, void *data, struct ins_error *err);

/* The row of a verb's options for @jobs. */
#define JOBS_OPTION(structure)                                                                     \
	{ "jobs", 'j', OPTION_NUMBER, offsetof(structure, jobs), "N", NULL,                        \
		"so many at a time (default: one a processor)" }

/* The row for @all. */
#define ALL_OPTION(structure)                                                                      \
	{ "all", 'a', OPTION_FLAG, offsetof(structure, all), NULL, NULL,                           \
		"all partitions, instead of names" }

/**
 * names_each - call @fn for each name
 * @jobs: so many at a time; 0: one a processor
 *
 * One that fails does not keep the others from being treated: its error is written to the log at once,
 * behind its name. With a terminal as standard error and many names, a bar shows how far it is. For a
 * single name @fn is called in this process, and its error is returned as it is.
 *
 * Return: 0 (also if there are no names), or −errno of the first failure; then @err says how many there were.
 */
int names_each(const struct call *call, const struct names *names, unsigned int jobs, each_fn *fn,
	void *data, struct ins_error *err);

/* names_treat - names_each() for the partitions that the arguments of @call mean, or for all. */
int names_treat(const struct call *call, bool all, unsigned int jobs, each_fn *fn, void *data,
	struct ins_error *err);

/* each_is_choice - whether a verb is for those of many whom it concerns: its words are patterns or ranges, or it is given
 * @all. A name by itself means that one, and nothing is left out. */
bool each_is_choice(const struct call *call, bool all);

/* each_status - of the partition @name; running, if it cannot be told: then the verb will say why. */
enum ins_status each_status(const struct call *call, const char *name);

#endif
