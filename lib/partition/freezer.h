/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping a partition for a moment, in which its files do not change. */
#ifndef INSULA_PARTITION_FREEZER_H
#define INSULA_PARTITION_FREEZER_H

#include "guest/record.h"
#include "partition/partition.h"

struct ins_freezer {
	pid_t guard;            /* 0: none */
	int pipe;               /* −1, or what the guard waits for the end of */
	struct ins_store store; /* of the container, locked: nobody else pauses it, or lets it go on */
};

#define INS_FREEZER_NONE ((struct ins_freezer){ .pipe = -1, .store = { .root = -1, .dir = -1 } })

/**
 * ins_freeze - freeze all its processes
 * @freezer: to be given to ins_thaw()
 *
 * A partition that somebody else has frozen is left as it is, and so it stays afterwards: who would let it go on
 * meanwhile waits. If the caller is killed the partition goes on by itself.
 *
 * Return: 0, −EOPNOTSUPP (it has no cgroup), −EBUSY (another verb holds the container's lock), −errno.
 */
int ins_freeze(struct ins_partition *partition, struct ins_freezer *freezer, struct ins_error *err);

void ins_thaw(struct ins_freezer *freezer);

#endif
