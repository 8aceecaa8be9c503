/* SPDX-License-Identifier: Apache-2.0 */
/* Giving a partition another definition: what set, apply and edit share. */
#ifndef RUNTIME_CHANGE_H
#define RUNTIME_CHANGE_H

#include "insula_partition.h"

/* change_apply - replace the definition, and tell on standard output what that has changed, and what is to
 * wait for a restart. Nothing is said if nothing differs. */
int change_apply(struct ins_context *context, const char *name, const struct ins_definition *definition,
	struct ins_error *err);

/**
 * change_read - a definition from a file
 * @path: "-": standard input
 *
 * Errors begin with the path.
 */
int change_read(const char *path, struct ins_definition *ret_definition, struct ins_error *err);

#endif
