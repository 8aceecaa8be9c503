/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to insula-keeper, which stays for partitions where systemd is not. */
#ifndef INSULA_PARTITION_KEEPER_H
#define INSULA_PARTITION_KEEPER_H

#include "guest/context.h"

/* ins_keeper_start - have a partition started; the keeper, too, if none runs. Return: 0 when its program runs, else
 * what hindered it. */
int ins_keeper_start(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_keeper_stop - wait until the keeper has seen a partition's end, and does not start it again. Without a keeper
 * there is nothing to wait for. */
int ins_keeper_stop(struct ins_context *context, const char *name, struct ins_error *err);

#endif
