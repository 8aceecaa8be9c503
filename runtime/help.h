/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_HELP_H
#define RUNTIME_HELP_H

#include "verb.h"

/* help_print - how to call a verb, or with NULL the program; to the standard output. */
int help_print(const struct verb *verb, struct ins_error *err);

#endif
