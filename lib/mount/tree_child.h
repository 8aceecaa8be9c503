/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached mount trees, for both processes: the parent makes them where it may, the child where
 * only it may. Include <fcntl.h> or <linux/fcntl.h> before, whichever belongs to the file.
 */
#ifndef INSULA_MOUNT_TREE_CHILD_H
#define INSULA_MOUNT_TREE_CHILD_H

#include <linux/mount.h>
#include <linux/stat.h>

#include "plan/plan.h"
#include "sys/bare.h"

/* A copy of the mount at @path, attached nowhere (Linux 5.2). Return: an fd or −errno. */
static inline int ins_tree_clone(int dirfd, const char *path, bool recursive, unsigned int at_flags)
{
	return (int)ins_sys(open_tree, dirfd, path,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0) | at_flags);
}

/* One mount_setattr(2) (Linux 5.12), unless there is nothing to do. */
static inline int ins_tree_set(int fd, bool recursive, const struct mount_attr *attr)
{
	if (!attr->attr_set && !attr->attr_clr && !attr->propagation)
		return 0;
	return (int)ins_sys(mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0),
		attr, sizeof(*attr));
}

/* Attach a detached tree onto what @target is. What is mounted there is covered. */
static inline int ins_tree_attach(int fd, int target)
{
	return (int)ins_sys(
		move_mount, fd, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* What ins_tree_is_root() has to be told of a file, and what it is (STATX_MNT_ID is of Linux 5.8).
 */
static inline int ins_tree_look(int fd, struct statx *ret_status)
{
	return (int)ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, ret_status);
}

/*
 * Whether this is the root directory of the container. What is mounted on it is not seen: the root
 * directory of a process is the mount below.
 */
static inline bool ins_tree_is_root(const struct statx *status, int root_fd)
{
	struct statx root;

	return (status->stx_attributes & STATX_ATTR_MOUNT_ROOT) &&
	       (ins_tree_look(root_fd, &root) < 0 || status->stx_mnt_id == root.stx_mnt_id);
}

/* Change a mount as the plan says; what concerns the whole tree first. Return: 0 or −errno. */
static inline int ins_tree_change(int fd, const struct ins_mount_attrs *attrs)
{
	bool recursive = attrs->propagation_recursive;
	uint64_t propagation = attrs->propagation;
	struct mount_attr slave = { .propagation = MS_SLAVE };
	struct mount_attr all = { .attr_set = attrs->rec_set, .attr_clr = attrs->rec_clear };
	struct mount_attr one = { .attr_set = attrs->set, .attr_clr = attrs->clear };
	int r = 0;

	if (propagation & MS_SLAVE && propagation != MS_SLAVE) {
		r = ins_tree_set(fd, true, &slave);
		propagation &= ~(uint64_t)MS_SLAVE;
	}
	if (recursive)
		all.propagation = propagation;
	else
		one.propagation = propagation;
	if (r == 0)
		r = ins_tree_set(fd, true, &all);
	if (r == 0)
		r = ins_tree_set(fd, false, &one);
	return r;
}

#endif
