/* SPDX-License-Identifier: Apache-2.0 */
/* Id-mapped mounts with the maps of the container itself. */
#ifndef INSULA_MOUNT_IDMAPPED_H
#define INSULA_MOUNT_IDMAPPED_H

#include "plan/run.h"

/**
 * ins_mount_map_ids - map the ids of a detached mount as the container's user namespace does
 * @fd: the mount; nothing is below it
 * @path: what it is a copy of, for the message
 *
 * The namespace has to have its maps (stage IDMAP). MOUNT_ATTR_IDMAP is of Linux 5.12.
 *
 * Return: 0, −EINVAL (the file system cannot do it), −errno.
 */
int ins_mount_map_ids(struct ins_run *run, int fd, const char *path, struct ins_error *err);

#endif
