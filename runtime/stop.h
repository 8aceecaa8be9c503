/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share that stop partitions, and start them again. */
#ifndef RUNTIME_STOP_H
#define RUNTIME_STOP_H

#include <stdint.h>

#include "options.h"

/* Nanoseconds. */
#define STOP_TIMEOUT 10000000000

#define STOP_TIMEOUT_OPTION(structure)                                                             \
	{ "timeout", 't', OPTION_STRING, offsetof(structure, timeout), "DURATION", NULL,           \
		"so long they are given to end (default: 10s)" }

/* stop_timeout - @text: of the option, NULL: the default. */
int stop_timeout(const char *text, uint64_t *ret_timeout, struct ins_error *err);

/* restart_start - start again what has been stopped; that somebody else has been faster is no error. Otherwise the
 * message says that it is stopped now. */
int restart_start(struct ins_context *context, const char *name, struct ins_error *err);

#endif
