/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.readonlyPaths and linux.maskedPaths. What covers a masked path is brought by the runtime,
 * never found in the image (CVE-2025-31133), and put onto an fd of what is there.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "mount/tree_child.h"
#include "sys/bare.h"

/* What is not there needs neither mask nor protection. */
static bool is_missing(int fd)
{
	return fd == -ENOENT || fd == -ENOTDIR;
}

static int attach_and_close(struct ins_child *child, int fd, int target)
{
	int r = ins_tree_attach(fd, target);

	(void)ins_sys(close, fd);
	return r < 0 ? ins_child_detail(child, "attach the mount", r) : 0;
}

int ins_mount_readonly_op(struct ins_child *child, const struct ins_op *op)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int target = ins_child_open(child, op->path, O_PATH);
	struct statx status;
	int fd, r;

	if (is_missing(target))
		return 0;
	if (target < 0)
		return target;
	r = ins_tree_look(target, &status);
	if (r < 0 || ins_tree_is_root(&status, child->root_fd)) {
		(void)ins_sys(close, target);
		return r < 0 ? r : ins_tree_set(child->root_fd, false, &attr);
	}
	/* With what is mounted below, which keeps its own attributes: in a user namespace a copy
	 * without it is refused, as it would show what is hidden there. */
	fd = ins_tree_clone(target, "", true, AT_EMPTY_PATH);
	r = fd < 0 ? fd : ins_tree_set(fd, false, &attr);
	if (r < 0) {
		(void)ins_child_detail(child, "make a read-only copy", r);
		if (fd >= 0)
			(void)ins_sys(close, fd);
	} else {
		r = attach_and_close(child, fd, target);
	}
	(void)ins_sys(close, target);
	return r;
}

/* The smallest filesystem there is: one block, one inode, nothing may be written. */
static int make_empty_directory(struct ins_child *child)
{
	static const struct {
		const char *key, *value;
	} options[] = { { "source", "tmpfs" }, { "nr_blocks", "1" }, { "nr_inodes", "1" },
		{ "mode", "0755" } };
	long context = ins_sys(fsopen, "tmpfs", FSOPEN_CLOEXEC);
	long r = 0;

	if (context < 0)
		return ins_child_detail(child, "open a tmpfs", (int)context);
	for (size_t i = 0; r == 0 && i < sizeof(options) / sizeof(options[0]); i++)
		r = ins_sys(fsconfig, context, FSCONFIG_SET_STRING, options[i].key,
			options[i].value, 0);
	if (r == 0)
		r = ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == 0)
		r = ins_sys(fsmount, context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				MOUNT_ATTR_NOEXEC);
	(void)ins_sys(close, context);
	return r < 0 ? ins_child_detail(child, "make an empty directory", (int)r) : (int)r;
}

/*
 * One mount serves for all masks of a kind. The first is the mount itself, the others are copies of
 * it: before Linux 6.15 only what is attached can be copied. @source stays open for that.
 */
static int cover(struct ins_child *child, int source, bool is_attached, int target)
{
	int fd, r;

	if (!is_attached) {
		r = ins_tree_attach(source, target);
		return r < 0 ? ins_child_detail(child, "attach the mount", r) : 0;
	}
	fd = ins_tree_clone(source, "", false, AT_EMPTY_PATH);
	if (fd < 0)
		return ins_child_detail(child, "copy the mount", fd);
	return attach_and_close(child, fd, target);
}

static int cover_directory(struct ins_child *child, int target)
{
	bool is_attached = child->mask_fd >= 0;
	int fd = is_attached ? child->mask_fd : make_empty_directory(child);
	int r;

	if (fd < 0)
		return fd;
	r = cover(child, fd, is_attached, target);
	if (r == 0)
		child->mask_fd = fd;
	else if (!is_attached)
		(void)ins_sys(close, fd);
	return r;
}

/* /dev/null of the host, that the parent has looked at; here once more, as it costs little. */
static int prepare_null(int null)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE };
	struct statx status;
	int r = (int)ins_sys(statx, null, "", AT_EMPTY_PATH, STATX_TYPE, &status);

	if (r < 0)
		return r;
	if ((status.stx_mode & S_IFMT) != S_IFCHR || status.stx_rdev_major != 1 ||
		status.stx_rdev_minor != 3)
		return -EINVAL;
	/* Read-only: a device can be written to all the same, but its owner and mode are the
	 * host's. Private: what is mounted on it in here must not appear on the host's. */
	return ins_tree_set(null, false, &attr);
}

static int cover_file(struct ins_child *child, int null, int target)
{
	int r = child->null_attached ? 0 : prepare_null(null);

	if (r < 0)
		return ins_child_detail(child, "the null device", r);
	r = cover(child, null, child->null_attached, target);
	child->null_attached = child->null_attached || r == 0;
	return r;
}

int ins_mount_mask_op(struct ins_child *child, const struct ins_op *op)
{
	int target = ins_child_open(child, op->path, O_PATH);
	struct statx status;
	int r;

	if (is_missing(target))
		return 0;
	if (target < 0)
		return target;
	r = ins_tree_look(target, &status);
	if (r == 0 && ins_tree_is_root(&status, child->root_fd))
		r = ins_child_detail(child, "it is the root directory", -EBUSY);
	if (r == 0)
		r = (status.stx_mode & S_IFMT) == S_IFDIR
			    ? cover_directory(child, target)
			    : cover_file(child, child->slots[op->slot], target);
	(void)ins_sys(close, target);
	return r;
}
