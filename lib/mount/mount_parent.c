/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached copies of what the container gets mounted, made outside and with the runtime's own
 * privilege: what only the host's root may reach can be given to a container whose root is nobody
 * here, and attributes are set before anybody inside has seen the mount.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/idmapped.h"
#include "mount/tree_child.h"
#include "plan/run.h"
#include "sys/userns.h"

/* Inode number of a procfs's root (PROC_ROOT_INO, include/linux/proc_fs.h). */
#define PROC_ROOT_INODE 1

#define FIND_TRIES 128

static bool is_proc(int fd, bool at_root)
{
	struct statfs fs;
	struct stat status;

	return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	       (!at_root || (fstat(fd, &status) == 0 && status.st_ino == PROC_ROOT_INODE));
}

/* A procfs that nobody can mount anything over, because it is attached nowhere (Linux 5.2). */
static int make_proc(void)
{
	cleanup_fd int context = (int)ins_sys(fsopen, "proc", FSOPEN_CLOEXEC);
	long r = context;

	if (context >= 0)
		r = ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r == 0)
		r = ins_sys(fsmount, context, FSMOUNT_CLOEXEC,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return (int)r;
}

/*
 * One of our own; whoever may not make one (an ordinary user) takes the host's, of which no guest has
 * made anything either. Nothing is written to through a mount that lies over it (ins_child_proc_write).
 */
int ins_mount_proc_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int fd = make_proc();
	int code = fd;

	if (fd < 0) {
		fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || !is_proc(fd, true))
			return ins_error_set(
				err, -code, "make a private procfs, for /proc is none");
	}
	run->slots[op->slot] = TAKE_FD(fd);
	return 0;
}

/* Inside a user namespace the capability may be one over another mount namespace than this: then
 * the child, which is in one of its own, makes the copy. */
static bool may_be_left_to_child(const struct ins_run *run, int code)
{
	return code == -EPERM && run->host->in_user_namespace;
}

static int id_map_text(struct ins_map_text *text, const struct ins_plan_id_map *maps, uint32_t n)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < n; i++)
		r = ins_map_text_add(text, maps[i].container, maps[i].host, maps[i].size);
	return r;
}

/* A user namespace that only stands for the maps of this mount. */
static int make_userns(const struct ins_op *op, int *ret_fd, struct ins_error *err)
{
	struct ins_map_text uid = { 0 }, gid = { 0 };
	int r = id_map_text(&uid, op->source.uid, op->source.n_uid);

	if (r == 0)
		r = id_map_text(&gid, op->source.gid, op->source.n_gid);
	if (r < 0)
		return ins_error_set(err, -r, "the id maps of the mount");
	return ins_userns_open(&uid, &gid, ret_fd, err);
}

/* The container's own user namespace, which has its maps by now. Closed with the run. */
static int open_userns(struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int proc = -1;
	char path[32];

	if (run->userns >= 0)
		return 0;
	proc = ins_proc_open(err);
	if (proc < 0)
		return proc;
	snprintf(path, sizeof(path), "%d/ns/user", (int)run->pid);
	run->userns = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return run->userns < 0 ? ins_error_set(err, errno, "open the container's user namespace")
			       : 0;
}

/* MOUNT_ATTR_IDMAP (Linux 5.12): only on what is detached, and only once. */
static int map_ids(int userns, int fd, bool recursive, const char *path, struct ins_error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	int r = ins_tree_set(fd, recursive, &attr);

	if (r == -EINVAL)
		return ins_error_text(err, EINVAL,
			"the filesystem of %s does not support id-mapped mounts", path);
	return r < 0 ? ins_error_set(err, -r, "map the ids of %s", path) : 0;
}

static int map_ids_of_source(
	struct ins_run *run, const struct ins_op *op, int fd, struct ins_error *err)
{
	cleanup_fd int own = -1;
	int r = op->source.n_uid ? make_userns(op, &own, err) : open_userns(run, err);

	return r < 0 ? r
		     : map_ids(own >= 0 ? own : run->userns, fd, op->source.idmap_recursive,
			       op->path, err);
}

int ins_mount_map_ids(struct ins_run *run, int fd, const char *path, struct ins_error *err)
{
	int r = open_userns(run, err);

	return r < 0 ? r : map_ids(run->userns, fd, false, path, err);
}

int ins_mount_source_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int fd = ins_tree_clone(AT_FDCWD, op->path, op->source.recursive,
		op->source.no_follow ? AT_SYMLINK_NOFOLLOW : 0);
	int r;

	if (fd < 0 && may_be_left_to_child(run, fd) && !op->source.idmap)
		return 0;
	if (fd < 0)
		return ins_error_set(err, -fd, "source %s", op->path);
	if (op->source.is_proc && !is_proc(fd, false))
		return ins_error_text(err, EPERM,
			"only a proc filesystem may be mounted on /proc, and %s is none", op->path);
	if (op->source.idmap) {
		r = map_ids_of_source(run, op, fd, err);
		if (r < 0)
			return r;
	}
	r = ins_tree_change(fd, &op->source.attrs);
	if (r < 0)
		return ins_error_set(err, -r, "set the attributes of %s", op->path);
	run->slots[op->slot] = TAKE_FD(fd);
	return 0;
}

/* The root directory of the container process: the host's still, but in a mount namespace of its own. */
static int open_child_root(const struct ins_run *run, struct ins_error *err)
{
	cleanup_fd int proc = ins_proc_open(err);
	char path[32];
	int fd;

	if (proc < 0)
		return proc;
	snprintf(path, sizeof(path), "%d/root", (int)run->pid);
	fd = openat(proc, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? ins_error_set(err, errno, "open /proc/%s", path) : fd;
}

/*
 * In the child's namespace the kernel copies no directory without what is mounted below it: a user
 * namespace could look under these mounts that way. Here it was asked for by whoever wrote "bind"
 * and not "rbind", so the parent may do it; unless the mount has one of the flags that the kernel
 * would lock in there, and that root inside could take off a copy of ours.
 *
 * Return: 1, 0 if it has to be found, −errno.
 */
static int copy_unlocked(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	static const long locked = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC;
	cleanup_fd int fd = ins_tree_clone(
		AT_FDCWD, op->path, false, op->source.no_follow ? AT_SYMLINK_NOFOLLOW : 0);
	struct statfs fs;
	int r;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_flags & locked)
		return 0;
	r = ins_tree_change(fd, &op->source.attrs);
	if (r < 0)
		return ins_error_set(err, -r, "set the attributes of %s", op->path);
	run->slots[op->source.copy_slot] = TAKE_FD(fd);
	return 1;
}

int ins_mount_source_find_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	const char *what = op->slot == INS_SLOT_ROOT ? "open" : "source";
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | (op->source.no_follow ? O_NOFOLLOW : 0),
		.resolve = RESOLVE_IN_ROOT,
	};
	int copied = op->source.copy_slot ? copy_unlocked(run, op, err) : 0;
	cleanup_fd int root = copied ? -1 : open_child_root(run, err);
	int fd = -EAGAIN;

	if (copied)
		return copied < 0 ? copied : 0;
	if (root < 0)
		return root;
	/* EAGAIN: somebody has renamed something somewhere while it went through "..". */
	for (int tries = 0; fd == -EAGAIN && tries < FIND_TRIES; tries++)
		fd = (int)ins_sys(openat2, root, op->path, &how, sizeof(how));
	if (fd < 0)
		return ins_error_set(err, -fd, "%s %s", what, op->path);
	run->slots[op->slot] = fd;
	return 0;
}

int ins_mount_root_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int fd = -1;
	struct stat status;
	int r;

	if (op->source.in_place) {
		fd = open(op->path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			return ins_error_set(err, errno, "open %s", op->path);
	} else {
		fd = ins_tree_clone(AT_FDCWD, op->path, true, 0);
		if (fd < 0 && may_be_left_to_child(run, fd))
			return 0;
		if (fd < 0)
			return ins_error_set(err, -fd, "open %s", op->path);
		r = ins_tree_change(fd, &op->source.attrs);
		if (r < 0)
			return ins_error_set(err, -r, "set the propagation of %s", op->path);
	}
	if (fstat(fd, &status) < 0)
		return ins_error_set(err, errno, "stat of %s", op->path);
	if (!S_ISDIR(status.st_mode))
		return ins_error_set(err, ENOTDIR, "%s", op->path);
	run->slots[op->slot] = TAKE_FD(fd);
	return 0;
}
