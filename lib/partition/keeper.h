/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to insula-keeper, which stays for partitions where systemd is not. */
#ifndef INSULA_PARTITION_KEEPER_H
#define INSULA_PARTITION_KEEPER_H

#include "guest/context.h"
#include "insula_partition.h"

/* ins_keeper_revive - start it again if it has noted guests of the library and is not there any more: it picks
 * them up. Return: 0, −errno. */
int ins_keeper_revive(struct ins_context *context, struct ins_error *err);

/* ins_keeper_start - have a partition started; the keeper, too, if none runs. Return: 0 when its program runs, else
 * what hindered it. */
int ins_keeper_start(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_keeper_stop - wait until the keeper has seen a partition's end, and does not start it again. Without a keeper
 * there is nothing to wait for. */
int ins_keeper_stop(struct ins_context *context, const char *name, struct ins_error *err);

/**
 * ins_keeper_serve - where somebody else is the parent: a process of its own serves the partition's terminal
 * @master, @pidfd: of the terminal and of the partition; borrowed
 *
 * It is in our cgroup, has our standard output, and ends with the partition.
 */
int ins_keeper_serve(const struct ins_context *context, const char *name, int master, int pidfd,
	struct ins_error *err);

/* ins_keeper_attach - get at a partition's terminal; a keeper is started if none runs. @ret_console: owned. */
int ins_keeper_attach(struct ins_context *context, const char *name, struct ins_console *ret_console,
	struct ins_error *err);

/* ins_keeper_is_parent - it is who has started us, and hears what we notify. */
bool ins_keeper_is_parent(void);

#endif
