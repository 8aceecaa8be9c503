/* SPDX-License-Identifier: Apache-2.0 */
/* tmpcopyup: what a mount hides goes along into it. */
#ifndef INSULA_MOUNT_COPY_CHILD_H
#define INSULA_MOUNT_COPY_CHILD_H

#include "init/child.h"

/**
 * ins_copy_tree - copy all that is in one directory into another
 * @from: a directory of the image (O_PATH will do); its content is not trusted
 * @to: the root of an empty detached mount
 *
 * Owner, mode, time, capabilities, access control lists and the attributes of users go along; hard
 * links become files of their own. Devices and sockets are made again; of what is mounted below
 * only the mount point. Names are single components below fds, and no symlink is followed. The
 * umask has to be 0.
 *
 * Return: 0 or −errno, with a detail; −ELOOP if directories are nested more than 64 deep.
 */
int ins_copy_tree(struct ins_child *child, int from, int to);

#endif
