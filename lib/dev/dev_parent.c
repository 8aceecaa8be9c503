/* SPDX-License-Identifier: Apache-2.0 */
/* Detached copies of the host's device nodes, for containers that cannot make their own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/run.h"
#include "sys/bare.h"

static bool is_device(const struct stat *status, const struct ins_op *op)
{
	return (status->st_mode & S_IFMT) == op->node.type &&
	       major(status->st_rdev) == op->node.major && minor(status->st_rdev) == op->node.minor;
}

/* The node at @path, if it is the device. Return: an fd or −errno. */
static int clone_node(const char *path, const struct ins_op *op, struct stat *ret_status)
{
	cleanup_fd int fd =
		(int)ins_sys(open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0)
		return fd;
	if (fstat(fd, ret_status) < 0)
		return -errno;
	return is_device(ret_status, op) ? TAKE_FD(fd) : -ENODEV;
}

/* The host's node is what it is for everybody: asking for another mode cannot be granted. */
static void warn_of_mode(struct ins_run *run, const struct ins_op *op, const struct stat *status)
{
	char text[512];

	if (!op->node.must_match || (status->st_mode & 07777) == op->node.mode)
		return;
	snprintf(text, sizeof(text),
		"%s: the host's %s is used, its mode stays %04o (a device cannot be made in a user "
		"namespace)",
		op->key, op->path, (unsigned int)(status->st_mode & 07777));
	ins_run_warn(run, text);
}

int ins_dev_node_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	struct stat status;
	char path[64];
	int fd = clone_node(op->path, op, &status);

	/* The container's name for it need not be the host's. udev keeps these. */
	if (fd == -ENOENT || fd == -ENODEV) {
		snprintf(path, sizeof(path), "/dev/%s/%u:%u",
			op->node.type == S_IFBLK ? "block" : "char", op->node.major,
			op->node.minor);
		fd = clone_node(path, op, &status);
	}
	/* A copy may be refused to the parent, and not to the child: its SOURCE_CLONE follows. */
	if (fd == -EPERM && run->host->in_user_namespace)
		return 0;
	if (fd < 0)
		return ins_error_set(err, -fd, "the host's node for %s, %s device %u:%u", op->path,
			op->node.type == S_IFBLK ? "block" : "character", op->node.major,
			op->node.minor);
	warn_of_mode(run, op, &status);
	run->slots[op->slot] = fd;
	return 0;
}
