/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --disk: the most that a partition may write to its root.
 *
 * Where the library's file system has project quotas, own/ is a project with a limit. Else the partition has
 * a file system of its own in own.img, whose root has what own/ would have; own/ is empty then.
 */
#ifndef INSULA_PARTITION_DISK_H
#define INSULA_PARTITION_DISK_H

#include "partition/partition.h"

#define INS_DISK_IMAGE "own.img"

/**
 * ins_disk_make - give a partition's own/ its limit; what is in there already (import) stays
 * @dir: the partition's directory, with own/ in it
 * @path: the same, as a path
 *
 * Without a limit it becomes a project all the same, where that can be had: so one can be set later.
 *
 * Return: 0, −ENOTSUP (neither way can be gone; the message names both), −EINVAL (too small), −errno.
 */
int ins_disk_make(int dir, const char *path, const struct ins_definition *definition,
	uint32_t number, struct ins_error *err);

/**
 * ins_disk_change - another limit for a partition that is there, also while it runs
 *
 * Return: 0, −EINVAL (an image can only grow), −ENOTSUP (it has been written to without one), −errno.
 */
int ins_disk_change(const struct ins_partition *partition, const struct ins_definition *after,
	struct ins_error *err);

/* ins_disk_has_image - its own layer is in own.img. */
bool ins_disk_has_image(const struct ins_partition *partition);

/* ins_disk_open_upper - its upper, wherever that is. Return: an fd, −errno. */
int ins_disk_open_upper(const struct ins_partition *partition, struct ins_error *err);

/* ins_disk_renew - after own/ was made anew: its limit again, and what was in an image is gone. */
int ins_disk_renew(const struct ins_partition *partition, struct ins_error *err);

#endif
