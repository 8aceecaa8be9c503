/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs on all containers whose id matches a regular expression. */
#ifndef RUNTIME_MATCH_H
#define RUNTIME_MATCH_H

#include <stdbool.h>

#include "verb.h"

/* What is done with one container. @data is the caller's. */
typedef int match_fn(struct ins_context *context, const char *id, const void *data,
	struct ins_error *err);

/**
 * match_each - call @fn for every container whose id matches
 * @pattern: a POSIX extended regular expression, not anchored
 * @may_be_none: no container at all is no error
 *
 * A failure does not keep the others from being treated: the first one is returned, the others are
 * written to the log at once.
 */
int match_each(const struct call *call, const char *pattern, bool may_be_none, match_fn *fn,
	const void *data, struct ins_error *err);

#endif
