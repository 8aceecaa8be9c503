/* SPDX-License-Identifier: Apache-2.0 */
/* What containers have used, gathered and printed. */
#ifndef RUNTIME_USAGE_H
#define RUNTIME_USAGE_H

#include <stdio.h>

#include "names.h"

/* A sample of several containers. Start with {}; end with usage_clear(). */
struct usage {
	struct ins_stats *v; /* the ids are owned */
	size_t n;
	uint64_t time; /* nanoseconds of the monotonic clock */
};

void usage_clear(struct usage *usage);

/**
 * usage_gather - ask the library
 * @names: NULL: all that have a process
 */
int usage_gather(const struct call *call, const struct names *names, struct usage *ret_usage,
	struct ins_error *err);

/* usage_size - bytes for people: "1.5 GiB"; "-" for INS_STATS_NONE. Return: @text. */
const char *usage_size(uint64_t bytes, char *text, size_t size);

/* usage_json - an array with an object a container; what is not known is left out. */
void usage_json(FILE *out, const struct usage *usage);

/* usage_metrics - the text format of OpenMetrics 1.0, to its end. */
void usage_metrics(FILE *out, const struct usage *usage);

#endif
