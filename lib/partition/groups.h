/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in groups: who runs and shares a group finds the others in its /etc/hosts.
 *
 * STATE/.groups/NAME is a symlink whose target is what the others have to know of a partition that runs:
 * "HOSTNAME IPV4 IPV6 GROUP…". The directory is the lock of all of them and of the files that follow from them.
 */
#ifndef INSULA_PARTITION_GROUPS_H
#define INSULA_PARTITION_GROUPS_H

#include "partition/partition.h"

/* In the state directory: nothing of it outlives the host's run. */
#define INS_GROUPS_DIRECTORY ".groups"

/**
 * ins_groups_join - let a partition that runs, or is about to, be in the groups of @definition, and in no others
 * @partition: open for a change; the file `hosts` of its bundle is there
 *
 * Its `hosts` and those of all whom that concerns are written anew. For one that is in no group and was in none
 * nothing is done.
 *
 * Return: 0, −errno.
 */
int ins_groups_join(const struct ins_partition *partition, const struct ins_definition *definition,
	struct ins_error *err);

/* ins_groups_leave - it has stopped: nobody finds it any more. That it was in none is no error, and costs one
 * system call. */
int ins_groups_leave(const struct ins_context *context, const char *name, struct ins_error *err);

#endif
