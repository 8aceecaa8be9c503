/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes and links, inside. The directories on the way have to be real ones: with a symlink
 * the image would choose where the nodes land and what is removed for them (CVE-2026-41579).
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* What /dev/fd and its like point to; the links are made only if it is there. */
#define FD_DIRECTORY "/proc/self/fd"

/* The directory of @path, made if it is missing. */
static int open_directory(struct ins_child *child, const char *path, const char **ret_name)
{
	size_t start = ins_text_length(path);
	char directory[4096];
	int fd;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, start);
	directory[start] = '\0';
	fd = ins_child_open_strict(child, directory, O_PATH | O_DIRECTORY);
	if (fd == -ENOENT) {
		fd = ins_child_make(child, directory, S_IFDIR);
		if (fd < 0)
			return ins_child_detail(child, directory, fd);
		(void)ins_sys(close, fd);
		fd = ins_child_open_strict(child, directory, O_PATH | O_DIRECTORY);
	}
	if (fd == -ELOOP)
		return ins_child_detail(child, "its directory is a symlink", fd);
	if (fd < 0)
		return ins_child_detail(child, directory, fd);
	*ret_name = path + start;
	return fd;
}

/* The rootfs came with something mounted there: the host's /dev, if its root is the host's. */
static int is_foreign(const struct ins_child *child, int directory)
{
	struct statx root, there;
	long r = ins_sys(statx, child->root_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &root);

	if (r == 0)
		r = ins_sys(statx, directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &there);
	return r < 0 ? (int)r : root.stx_mnt_id != there.stx_mnt_id;
}

static bool is_device(const struct statx *status, const struct ins_op *op)
{
	return (status->stx_mode & S_IFMT) == op->node.type &&
	       (op->node.type == S_IFIFO || (status->stx_rdev_major == op->node.major &&
						    status->stx_rdev_minor == op->node.minor));
}

/* Return: 1 if the device is there already, 0 if nothing is, −EEXIST if something else is. */
static int look(int directory, const char *name, const struct ins_op *op)
{
	struct statx status;
	long r = ins_sys(statx, directory, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status);

	if (r < 0)
		return r == -ENOENT ? 0 : (int)r;
	return is_device(&status, op) ? 1 : -EEXIST;
}

/* An empty file is what the place of a mounted device looks like while nothing is mounted on it. */
static bool is_place(int directory, const char *name)
{
	struct statx status;
	long r = ins_sys(
		statx, directory, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_SIZE, &status);

	return r == 0 && (status.stx_mode & S_IFMT) == S_IFREG && status.stx_size == 0;
}

/* Look whether the device has to be made, and remove what may be removed for it. Return: 1 if the
 * device is there, or with @mounts a place to mount it on; 0 if nothing is; or −errno. */
static int make_room(struct ins_child *child, int directory, const char *name,
	const struct ins_op *op, bool mounts)
{
	int foreign = op->node.must_exist;
	int r = look(directory, name, op);

	if (!foreign && op->node.in_image)
		foreign = is_foreign(child, directory);
	if (foreign < 0)
		return ins_child_detail(child, "look at its directory", foreign);
	if (r == -EEXIST && mounts && is_place(directory, name))
		return 1;
	if (r == 0 && foreign)
		return ins_child_detail(
			child, "the /dev that is mounted there has not got it", -ENOENT);
	if (r == -EEXIST && !foreign && !op->node.must_match)
		r = (int)ins_sys(unlinkat, directory, name, 0);
	return r < 0 ? ins_child_detail(child, "another file is in its place", r) : r;
}

/* mknod(2) has no owner to give; the node is looked at again, as others may use the directory. */
static int set_owner(int directory, const char *name, const struct ins_op *op)
{
	struct statx status;
	long fd, r;

	if (op->node.uid == 0 && op->node.gid == 0)
		return 0;
	fd = ins_sys(openat, directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd < 0)
		return (int)fd;
	r = ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);
	if (r == 0 && !is_device(&status, op))
		r = -EEXIST;
	if (r == 0)
		r = ins_sys(fchownat, fd, "", op->node.uid, op->node.gid, AT_EMPTY_PATH);
	(void)ins_sys(close, fd);
	return (int)r;
}

/* The umask is 0 in this stage, so the mode is what the plan says. */
static int make_node(
	struct ins_child *child, int directory, const char *name, const struct ins_op *op)
{
	uint32_t device =
		(op->node.minor & 0xff) | op->node.major << 8 | (op->node.minor & ~0xffU) << 12;
	int r = make_room(child, directory, name, op, false);

	if (r != 0)
		return r < 0 ? r : 0;
	r = (int)ins_sys(mknodat, directory, name, op->node.type | op->node.mode, device);
	return r < 0 ? r : set_owner(directory, name, op);
}

int ins_dev_node_make_op(struct ins_child *child, const struct ins_op *op)
{
	const char *name;
	int directory = open_directory(child, op->path, &name);
	int r;

	if (directory < 0)
		return directory;
	r = make_node(child, directory, name, op);
	(void)ins_sys(close, directory);
	return r;
}

/* The file to mount the device on. */
static int open_place(struct ins_child *child, const struct ins_op *op)
{
	const char *name;
	int directory = open_directory(child, op->path, &name);
	long r;

	if (directory < 0)
		return directory;
	r = make_room(child, directory, name, op, true);
	if (r == 0) {
		r = ins_sys(mknodat, directory, name, S_IFREG | 0600, 0);
		if (r < 0)
			(void)ins_child_detail(child, "make a place for it", (int)r);
	}
	if (r >= 0)
		r = ins_sys(openat, directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	(void)ins_sys(close, directory);
	return (int)r;
}

int ins_dev_node_attach_op(struct ins_child *child, const struct ins_op *op)
{
	/* The copy is a peer of the host's mount: what is mounted on it must not appear there. And its
	 * owner and mode are the host's, whoever is mapped; reading and writing devices is no matter
	 * of the mount. */
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE };
	int fd = child->slots[op->slot];
	struct statx status;
	int place, r;

	if (fd < 0)
		return ins_child_detail(child, "the host's node has not been opened", -EBADF);
	r = (int)ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);
	if (r == 0 && !is_device(&status, op))
		return ins_child_detail(child, "the host's node is another device", -ENODEV);
	if (r == 0)
		r = (int)ins_sys(mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
	if (r < 0)
		return r;
	place = open_place(child, op);
	if (place < 0)
		return place;
	r = (int)ins_sys(
		move_mount, fd, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	(void)ins_sys(close, place);
	(void)ins_sys(close, fd);
	child->slots[op->slot] = -1;
	return r < 0 ? ins_child_detail(child, "attach the mount", r) : 0;
}

/* Whether the link is what it should be. Anything else but a directory may make room for it. */
static int replace(struct ins_child *child, int directory, const char *name, const char *target)
{
	char old[256];
	long n = ins_sys(readlinkat, directory, name, old, sizeof(old) - 1);

	if (n >= 0) {
		old[n] = '\0';
		if (ins_text_equal(old, target))
			return 0;
	}
	n = ins_sys(unlinkat, directory, name, 0);
	if (n < 0)
		return ins_child_detail(child, "another file is in its place", (int)n);
	return (int)ins_sys(symlinkat, target, directory, name);
}

int ins_dev_symlink_op(struct ins_child *child, const struct ins_op *op)
{
	const char *target = op->text.text;
	const char *name;
	int directory, r;

	if (!child->has_fds && ins_text_starts(target, FD_DIRECTORY)) {
		int fd = ins_child_open(child, FD_DIRECTORY, O_PATH);

		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		(void)ins_sys(close, fd);
		child->has_fds = true;
	}
	directory = open_directory(child, op->path, &name);
	if (directory < 0)
		return directory;
	r = op->text.in_image ? is_foreign(child, directory) : 0;
	if (r != 0) {
		(void)ins_sys(close, directory);
		return r < 0 ? ins_child_detail(child, "look at its directory", r) : 0;
	}
	r = (int)ins_sys(symlinkat, target, directory, name);
	if (r == -EEXIST)
		r = replace(child, directory, name, target);
	(void)ins_sys(close, directory);
	return r;
}
