/* SPDX-License-Identifier: Apache-2.0 */
/* How long a partition is given to end: of stop and restart. */
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

#endif
