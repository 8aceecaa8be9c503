/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system, inside: cutting it off from the host, attaching it, entering it. */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "mount/tree_child.h"
#include "sys/bare.h"

#define MNT_DETACH 2

#define SEEK_SET_ 0

int ins_mount_private_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	(void)op;
	/* Slaves: what the host unmounts in the meantime goes away here too, and nothing that is
	 * done here reaches the host. */
	return (int)ins_sys(mount, NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
}

/*
 * Where the root is attached: at its own place, so that hooks that run before the pivot find the
 * container's mounts below the path of the bundle. If there is no way to that place (a user
 * namespace, and directories that its root may not search), on top of the host's root: it is on the
 * way to nothing else then, but nothing here goes that way.
 */
static int open_place(const struct ins_child *child, const struct ins_op *op)
{
	long fd = -ENOENT;

	if (!op->pivot.no_pivot)
		fd = ins_sys(
			openat, AT_FDCWD, child->plan->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		fd = ins_sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	return (int)fd;
}

int ins_mount_root_attach_op(struct ins_child *child, const struct ins_op *op)
{
	int root = child->slots[op->slot];
	struct statx status;
	int place, r;

	if (root < 0)
		return ins_child_detail(child, "it has not been opened", -EBADF);
	r = (int)ins_sys(statx, root, "", AT_EMPTY_PATH, STATX_TYPE, &status);
	if (r == 0 && (status.stx_mode & S_IFMT) != S_IFDIR)
		r = -ENOTDIR;
	if (r < 0)
		return ins_child_detail(child, child->plan->rootfs, r);
	if (!op->pivot.chroot_only) {
		place = open_place(child, op);
		if (place < 0)
			return ins_child_detail(child, "open the place for it", place);
		r = ins_tree_attach(root, place);
		(void)ins_sys(close, place);
		if (r < 0)
			return ins_child_detail(child, "attach it", r);
	}
	child->slots[op->slot] = -1;
	child->root_fd = root;
	return 0;
}

/* The old root comes to lie on top of the new one, and is taken away from there: pivot_root(2),
 * "pivot_root(".", ".")". No directory of the image is needed for it. */
static int pivot(struct ins_child *child)
{
	int r = (int)ins_sys(pivot_root, ".", ".");

	if (r < 0)
		return ins_child_detail(child, "pivot_root", r);
	r = (int)ins_sys(umount2, ".", MNT_DETACH);
	return r < 0 ? ins_child_detail(child, "detach the host's root", r) : 0;
}

static uint64_t mount_id(int fd, const char *path)
{
	struct statx status;

	if (ins_sys(statx, fd, path, AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0 ||
		!(status.stx_mask & STATX_MNT_ID))
		return 0;
	return status.stx_mnt_id;
}

/* A number and the blank behind it. */
static uint64_t take_number(const char **text)
{
	uint64_t value = 0;

	for (; **text >= '0' && **text <= '9'; ++*text)
		value = value * 10 + (uint64_t)(**text - '0');
	if (**text == ' ')
		++*text;
	return value;
}

/* A path up to the next blank; blanks and the like in it are written as \ooo. */
static int take_path(const char *text, char *path, size_t size)
{
	size_t n = 0;

	while (*text && *text != ' ') {
		char c = *text++;

		if (c == '\\' && text[0] && text[1] && text[2]) {
			c = (char)((text[0] - '0') << 6 | (text[1] - '0') << 3 | (text[2] - '0'));
			text += 3;
		}
		if (n + 1 == size)
			return -ENAMETOOLONG;
		path[n++] = c;
	}
	path[n] = '\0';
	return 0;
}

/* What a line of mountinfo (proc(5)) says: "36 35 98:0 /inside /mount/point …". */
static int read_mount_line(
	const char *line, uint64_t *ret_id, uint64_t *ret_parent, char *path, size_t size)
{
	*ret_id = take_number(&line);
	*ret_parent = take_number(&line);
	for (int field = 0; field < 2; line++) {
		if (!*line)
			return -EPROTO;
		field += *line == ' ';
	}
	return take_path(line, path, size);
}

/* The path of a mount on @root other than @keep. Return: 1, 0 if there is none, or −errno. */
static int find_child_mount(int mountinfo, uint64_t root, uint64_t keep, char *path, size_t size)
{
	char buffer[8192];
	size_t used = 0;
	long n;

	if (ins_sys(lseek, mountinfo, 0, SEEK_SET_) < 0)
		return -EIO;
	while ((n = ins_sys(read, mountinfo, buffer + used, sizeof(buffer) - used)) > 0) {
		size_t start = 0;

		used += (size_t)n;
		for (size_t i = 0; i < used; i++) {
			uint64_t id, parent;
			int r;

			if (buffer[i] != '\n')
				continue;
			buffer[i] = '\0';
			r = read_mount_line(buffer + start, &id, &parent, path, size);
			if (r < 0 || (parent == root && id != keep && id != root))
				return r < 0 ? r : 1;
			start = i + 1;
		}
		if (start == 0 && used == sizeof(buffer))
			return -EOVERFLOW;
		memmove(buffer, buffer + start, used - start);
		used -= start;
	}
	return (int)n;
}

/*
 * Without pivot_root (the host's root is an initramfs, which cannot be moved away) the old root
 * stays in the namespace below the new one. Somebody inside with CAP_SYS_ADMIN can get there again
 * through the namespace's own root. So it is emptied: everything that is mounted on it goes, above
 * all the host's procfs and sysfs, whose presence would allow the guest fresh ones without masks.
 */
static int empty_old_root(struct ins_child *child)
{
	uint64_t root = mount_id(AT_FDCWD, "/"), keep = mount_id(child->root_fd, "");
	long mountinfo = ins_sys(
		openat, child->slots[INS_SLOT_PROC], "self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
	char path[4096];
	int r;

	if (mountinfo < 0 || !root || !keep)
		return ins_child_detail(child, "look at the host's mounts",
			mountinfo < 0 ? (int)mountinfo : -ENOSYS);
	while ((r = find_child_mount((int)mountinfo, root, keep, path, sizeof(path))) > 0) {
		r = (int)ins_sys(umount2, path, MNT_DETACH);
		if (r < 0) {
			(void)ins_child_detail(child, path, r);
			break;
		}
	}
	(void)ins_sys(close, mountinfo);
	return r;
}

int ins_mount_pivot_op(struct ins_child *child, const struct ins_op *op)
{
	int r = (int)ins_sys(fchdir, child->root_fd);

	if (r < 0)
		return r;
	if (op->pivot.no_pivot)
		r = empty_old_root(child);
	else if (!op->pivot.chroot_only)
		r = pivot(child);
	if (r == 0 && (op->pivot.no_pivot || op->pivot.chroot_only)) {
		r = (int)ins_sys(chroot, ".");
		if (r < 0)
			(void)ins_child_detail(child, "chroot", r);
	}
	return r < 0 ? r : (int)ins_sys(chdir, "/");
}

int ins_mount_root_propagation_op(struct ins_child *child, const struct ins_op *op)
{
	return ins_tree_change(child->root_fd, &op->remount.attrs);
}

int ins_mount_root_readonly_op(struct ins_child *child, const struct ins_op *op)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	(void)op;
	return ins_tree_set(child->root_fd, false, &attr);
}
