/* SPDX-License-Identifier: Apache-2.0 */
/* What to tell of a name that has no container: it may be a partition that does not run, or be mistyped. */
#ifndef RUNTIME_ABSENT_H
#define RUNTIME_ABSENT_H

#include "insula.h"

/**
 * absent_tell - behind a call that wants a container
 * @r: what the call has returned. It may also be of something else that is not there, a program say
 * @err: of that call; has other words afterwards if @name is a partition that does not run, and a hint behind
 *       them if nothing has that name, but a partition has one that is like it
 *
 * Return: @r.
 */
int absent_tell(struct ins_context *context, const char *name, int r, struct ins_error *err);

/* absent_is_partition - there is a partition of that name, whether it runs or not. */
bool absent_is_partition(struct ins_context *context, const char *name);

#endif
