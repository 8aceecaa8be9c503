/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounting, inside: every mount is made detached, given its attributes, and only then moved onto an
 * fd of its destination. Between looking a destination up and mounting on it no path is used, so
 * nobody who shares the files can put a symlink in between (CVE-2021-30465).
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "mount/copy_child.h"
#include "mount/tree_child.h"
#include "sys/bare.h"

/* Where mount(2) may mount for a moment: a directory of the host that every host has, seen in a
 * mount namespace in which there is nobody but this process. */
#define SCRATCH "/dev"

#define MNT_DETACH 2

static int close_and(int fd, int result)
{
	(void)ins_sys(close, fd);
	return result;
}

/* Attach @fd (which is closed if that fails) and keep the target no longer. */
static int attach(struct ins_child *child, int fd, int target)
{
	int r = ins_tree_attach(fd, target);

	(void)ins_sys(close, target);
	return r < 0 ? close_and(fd, ins_child_detail(child, "attach the mount", r)) : r;
}

/*
 * A mount on a file of procfs replaces what security depends on, so only those files are allowed
 * that the plan knows. Here it is decided by what the destination is, whatever way led there: the
 * plan has only seen its name.
 */
static int check_not_on_proc(int fd)
{
	struct statfs fs;
	long r = ins_sys(fstatfs, fd, &fs);

	if (r < 0)
		return (int)r;
	return fs.f_type == PROC_SUPER_MAGIC ? -EPERM : 0;
}

/* The target as it is, without following a symlink that bears its name. */
static int open_unfollowed(struct ins_child *child, const char *path, uint32_t type)
{
	const char *name;
	int parent = ins_child_parent(child, path, &name);
	long fd;

	if (parent < 0)
		return parent;
	fd = ins_sys(openat, parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (fd == -ENOENT) {
		fd = type == S_IFDIR ? ins_sys(mkdirat, parent, name, 0755)
				     : ins_sys(mknodat, parent, name, S_IFREG | 0644, 0);
		if (fd >= 0)
			fd = ins_sys(openat, parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	}
	return close_and(parent, (int)fd);
}

/* procfs, sysfs and the like: through a symlink of the image they would land anywhere in it, and
 * masks and labels would be set on something else (CVE-2019-19921, CVE-2023-27561). */
static int open_strictly(struct ins_child *child, const char *path)
{
	int fd = ins_child_open_strict(child, path, O_PATH);

	if (fd != -ENOENT)
		return fd;
	fd = ins_child_make(child, path, S_IFDIR);
	if (fd < 0)
		return fd;
	(void)ins_sys(close, fd);
	return ins_child_open_strict(child, path, O_PATH);
}

/* S_IFDIR, S_IFREG … or −errno. */
static int file_type(int fd)
{
	struct statx status;
	long r = ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);

	return r < 0 ? (int)r : status.stx_mode & S_IFMT;
}

/* It must not be the root, and directories go on directories: move_mount(2) would only say EINVAL.
 */
static int check_target(struct ins_child *child, int fd, bool wants_directory)
{
	struct statx status;
	int r = ins_tree_look(fd, &status);

	if (r < 0)
		return ins_child_detail(child, "look at the destination", r);
	if (ins_tree_is_root(&status, child->root_fd))
		return ins_child_detail(child, "the destination is the root directory", -EBUSY);
	if (((status.stx_mode & S_IFMT) == S_IFDIR) == wants_directory)
		return 0;
	if (wants_directory)
		return ins_child_detail(child, "the destination", -ENOTDIR);
	return ins_child_detail(child, "the destination, for a source that is none", -EISDIR);
}

struct target {
	uint32_t type; /* S_IFDIR or S_IFREG, should it have to be made */
	bool strict, no_follow, on_proc;
};

static int open_target(struct ins_child *child, const char *path, const struct target *target)
{
	int fd, r;

	if (target->strict)
		fd = open_strictly(child, path);
	else if (target->no_follow)
		fd = open_unfollowed(child, path, target->type);
	else
		fd = ins_child_make(child, path, target->type);
	if (fd == -ELOOP)
		return ins_child_detail(child, "the destination leads through a symlink", fd);
	if (fd == -EACCES)
		return ins_child_detail(child,
			"make the destination, in a directory where the container's root may not",
			fd);
	if (fd < 0)
		return ins_child_detail(child, "make the destination", fd);
	r = target->on_proc ? 0 : check_not_on_proc(fd);
	if (r < 0)
		(void)ins_child_detail(child, "the destination lies on a procfs", r);
	else
		r = check_target(child, fd, target->type == S_IFDIR);
	return r < 0 ? close_and(fd, r) : fd;
}

/* What the kernel says about the last failure: "e tmpfs: Unknown parameter 'x'". If it says
 * nothing,
 * @otherwise. */
static int explain(struct ins_child *child, int context, const char *otherwise, int code)
{
	char text[256];
	long n = ins_sys(read, context, text, sizeof(text) - 1);

	if (n <= 2)
		return ins_child_detail(child, otherwise, code);
	if (text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	return ins_child_detail(child, text + 2, code);
}

static int configure(
	struct ins_child *child, int context, const struct ins_fs_option *options, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		long r = ins_sys(fsconfig, context,
			options[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[i].key,
			options[i].value, 0);

		if (r < 0)
			return explain(child, context, options[i].key, (int)r);
	}
	return 0;
}

/* A tmpfs looks like the directory that it hides, unless its options say otherwise. */
static int copy_mode(struct ins_child *child, int target, int fd)
{
	struct statx status;
	long r = ins_sys(statx, target, "", AT_EMPTY_PATH, STATX_MODE, &status);

	if (r == 0)
		r = ins_sys(fchmodat, fd, ".", status.stx_mode & 07777);
	return r < 0 ? ins_child_detail(child, "take over the mode of the destination", (int)r) : 0;
}

/* The directory's content and, unless the options say whose the tmpfs is, its owner. */
static int copy_up(struct ins_child *child, const struct ins_op *op, int target, int fd)
{
	struct statx status;
	bool owned = false;
	long r;

	for (uint32_t i = 0; i < op->fs.n_options; i++)
		owned = owned || ins_text_equal(op->fs.options[i].key, "uid") ||
			ins_text_equal(op->fs.options[i].key, "gid");
	r = ins_sys(statx, target, "", AT_EMPTY_PATH, STATX_UID | STATX_GID, &status);
	if (r < 0)
		return ins_child_detail(child, "look at the destination", (int)r);
	if (!owned)
		r = ins_sys(fchownat, fd, "", status.stx_uid, status.stx_gid, AT_EMPTY_PATH);
	/* An owner that the user namespace does not know cannot be kept. */
	if (r < 0 && r != -EINVAL && r != -EPERM)
		return ins_child_detail(child, "take over the owner of the destination", (int)r);
	return ins_copy_tree(child, target, fd);
}

/* A detached mount of a new filesystem (Linux 5.2). What is recursive has but one mount here. */
static int make_by_fsopen(struct ins_child *child, const struct ins_op *op)
{
	const struct ins_mount_attrs *attrs = &op->fs.attrs;
	uint64_t set = (attrs->set & ~attrs->rec_clear) | attrs->rec_set;
	long context = ins_sys(fsopen, op->fs.fstype, FSOPEN_CLOEXEC);
	long fd;
	int r = 0;

	if (context < 0)
		return ins_child_detail(child, "open the filesystem's type", (int)context);
	if (op->fs.source) {
		struct ins_fs_option source = { "source", op->fs.source };

		r = configure(child, (int)context, &source, 1);
	}
	if (r == 0)
		r = configure(child, (int)context, op->fs.options, op->fs.n_options);
	if (r < 0)
		return close_and((int)context, r);
	r = (int)ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return close_and(
			(int)context, explain(child, (int)context, "create the filesystem", r));
	fd = ins_sys(fsmount, context, FSMOUNT_CLOEXEC, set);
	if (fd < 0)
		(void)explain(child, (int)context, "mount the filesystem", (int)fd);
	return close_and((int)context, (int)fd);
}

/*
 * For what fsconfig(2) has no word for (iversion, silent) and for values that are too long for it:
 * mounted by mount(2) where nobody sees it, and taken from there as a detached copy.
 */
static int make_by_mount(struct ins_child *child, const struct ins_op *op)
{
	const char *source = op->fs.source ? op->fs.source : "none";
	int fd, r;

	r = (int)ins_sys(
		mount, source, SCRATCH, op->fs.fstype, op->fs.mount_flags, op->fs.mount_data);
	if (r < 0)
		return ins_child_detail(child, "mount the filesystem", r);
	fd = ins_tree_clone(AT_FDCWD, SCRATCH, false, 0);
	r = (int)ins_sys(umount2, SCRATCH, MNT_DETACH);
	if (fd >= 0 && r < 0)
		return close_and(fd, ins_child_detail(child, "take the mount along", r));
	if (fd < 0)
		return ins_child_detail(child, "take the mount along", fd);
	r = ins_tree_change(fd, &op->fs.attrs);
	return r < 0 ? close_and(fd, ins_child_detail(child, "set the attributes", r)) : fd;
}

/* fsmount(2) has set the attributes; propagation it does not know. */
static int set_propagation(struct ins_child *child, const struct ins_op *op, int fd)
{
	struct ins_mount_attrs attrs = {
		.propagation = op->fs.attrs.propagation,
		.propagation_recursive = op->fs.attrs.propagation_recursive,
	};
	int r = ins_tree_change(fd, &attrs);

	return r < 0 ? ins_child_detail(child, "set the propagation", r) : 0;
}

/* The kernel did not want to mount cgroup2: the container's own directory, brought by the parent.
 */
static int fall_back(struct ins_child *child, const struct ins_op *op, int code)
{
	int fd = child->slots[op->slot];
	int r;

	if (fd < 0)
		return code;
	child->slots[op->slot] = -1;
	r = ins_tree_change(fd, &op->fs.attrs);
	return r < 0 ? close_and(fd, ins_child_detail(child, "set the attributes", r)) : fd;
}

static int make_filesystem(struct ins_child *child, const struct ins_op *op)
{
	int fd, r;

	if (op->fs.by_mount)
		return make_by_mount(child, op);
	fd = make_by_fsopen(child, op);
	if (fd < 0)
		return op->fs.cgroup_fallback ? fall_back(child, op, fd) : fd;
	r = set_propagation(child, op, fd);
	return r < 0 ? close_and(fd, r) : fd;
}

/* Return: 1, 0, or −errno. */
static int is_there(struct ins_child *child, const char *path)
{
	int fd = ins_child_open(child, path, O_PATH);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return ins_child_detail(child, "look at the destination", fd);
	(void)ins_sys(close, fd);
	return 1;
}

int ins_mount_fs_op(struct ins_child *child, const struct ins_op *op)
{
	struct target how = {
		.type = S_IFDIR, .strict = op->fs.proc_or_sys, .on_proc = op->fs.on_proc
	};
	/* On a directory that is made for it a tmpfs keeps its own mode, 1777: users of images without
	 * the directory count on that (docker run --tmpfs). */
	int takes_mode = op->fs.mode_of_target ? is_there(child, op->path) : 0;
	int target = takes_mode < 0 ? takes_mode : open_target(child, op->path, &how);
	int fd, r;

	if (target < 0)
		return target;
	fd = make_filesystem(child, op);
	if (fd < 0)
		return close_and(target, fd);
	r = takes_mode ? copy_mode(child, target, fd) : 0;
	if (r == 0 && op->fs.copy_up)
		r = copy_up(child, op, target, fd);
	if (r < 0) {
		(void)ins_sys(close, target);
		return close_and(fd, r);
	}
	r = attach(child, fd, target);
	if (r < 0)
		return r;
	if (op->slot != INS_NO_SLOT && !op->fs.cgroup_fallback)
		child->slots[op->slot] = fd;
	else
		(void)ins_sys(close, fd);
	return 0;
}

int ins_mount_attach_op(struct ins_child *child, const struct ins_op *op)
{
	struct target how = { .strict = op->attach.strict,
		.no_follow = op->attach.no_follow,
		.on_proc = op->attach.on_proc };
	int fd = child->slots[op->slot];
	int type, target, r;

	if (fd < 0)
		return ins_child_detail(child, "the source has not been opened", -EBADF);
	type = file_type(fd);
	if (type < 0)
		return ins_child_detail(child, "look at the source", type);
	how.type = type == S_IFDIR ? S_IFDIR : S_IFREG;
	r = ins_tree_change(fd, &op->attach.attrs);
	if (r < 0)
		return ins_child_detail(child, "set the attributes", r);
	target = open_target(child, op->path, &how);
	if (target < 0)
		return target;
	child->slots[op->slot] = -1;
	r = attach(child, fd, target);
	if (r == 0)
		(void)ins_sys(close, fd);
	return r;
}

int ins_mount_source_clone_op(struct ins_child *child, const struct ins_op *op)
{
	int place = child->slots[op->slot];
	int fd, r;

	/* The parent was able to, after all. */
	if (place >= 0 && !op->source.found)
		return 0;
	if (op->source.copy_slot && child->slots[op->source.copy_slot] >= 0) {
		child->slots[op->slot] = child->slots[op->source.copy_slot];
		child->slots[op->source.copy_slot] = -1;
		return 0;
	}
	if (op->source.found) {
		fd = ins_tree_clone(place, "", op->source.recursive, AT_EMPTY_PATH);
		child->slots[op->slot] = -1;
		(void)ins_sys(close, place);
	} else {
		fd = ins_tree_clone(AT_FDCWD, op->path, op->source.recursive,
			op->source.no_follow ? AT_SYMLINK_NOFOLLOW : 0);
	}
	if (fd == -EINVAL && !op->source.recursive)
		return ins_child_detail(child,
			"it is mounted ro, nosuid, nodev or noexec, and then in a user namespace "
			"what is mounted below it has to come along (rbind)",
			fd);
	if (fd < 0)
		return fd;
	if (op->source.is_proc && check_not_on_proc(fd) != -EPERM)
		return close_and(fd, ins_child_detail(child, "it is not a procfs", -EPERM));
	r = ins_tree_change(fd, &op->source.attrs);
	if (r < 0)
		return close_and(fd, ins_child_detail(child, "set the attributes", r));
	child->slots[op->slot] = fd;
	return 0;
}

/* Change the superblock of a filesystem that an earlier entry has mounted. */
static int reconfigure(struct ins_child *child, const struct ins_op *op, int fd)
{
	long context = ins_sys(fspick, fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
	int r;

	if (context < 0)
		return ins_child_detail(child, "open the filesystem", (int)context);
	r = configure(child, (int)context, op->remount.options, op->remount.n_options);
	if (r == 0) {
		r = (int)ins_sys(fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
		if (r < 0)
			(void)explain(child, (int)context, "change the filesystem", r);
	}
	return close_and((int)context, r);
}

/* Both fspick and mount_setattr take any file for the mount that it is on; only its root will do
 * here, or the filesystem around it would be changed. */
static int check_is_mount(struct ins_child *child, int fd)
{
	struct statx status;
	long r = ins_sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &status);

	if (r < 0)
		return (int)r;
	if (!(status.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return ins_child_detail(child, "nothing is mounted there", -EINVAL);
	return 0;
}

int ins_mount_remount_op(struct ins_child *child, const struct ins_op *op)
{
	bool kept = op->slot != INS_NO_SLOT;
	int fd = kept ? child->slots[op->slot] : ins_child_open(child, op->path, O_PATH);
	int r;

	if (fd < 0)
		return fd;
	r = check_is_mount(child, fd);
	if (r == 0 && op->remount.n_options)
		r = reconfigure(child, op, fd);
	if (r == 0) {
		r = ins_tree_change(fd, &op->remount.attrs);
		if (r < 0)
			(void)ins_child_detail(child, "set the attributes", r);
	}
	if (kept)
		child->slots[op->slot] = -1;
	return close_and(fd, r);
}
