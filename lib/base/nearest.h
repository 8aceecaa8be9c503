/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_BASE_NEAREST_H
#define INSULA_BASE_NEAREST_H

#include <stddef.h>

/* The type is public: the program looks for the nearest words of its own. */
#include "insula.h"

/* ins_did_you_mean - the hint behind what is unknown: @buffer, as " (did you mean \"x\"?)" or "". */
const char *ins_did_you_mean(const struct ins_nearest *nearest, char *buffer, size_t size);

#endif
