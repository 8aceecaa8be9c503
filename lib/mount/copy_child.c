/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "init/text.h"
#include "mount/copy_child.h"
#include "sys/bare.h"

/* Each level keeps two fds open. */
#define MAX_DEPTH 64

/* The most that the kernel copies at once (MAX_RW_COUNT, less a page). */
#define MAX_COPY 0x7ffff000L

#define WHAT (STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_ATIME | STATX_MTIME)

#define SEEK_SET_ 0

/* struct linux_dirent64 of getdents64(2). */
struct entry {
	uint64_t inode;
	int64_t next; /* where the directory goes on behind this one */
	uint16_t size;
	uint8_t type;
	char name[];
};

struct time {
	int64_t seconds, nanoseconds;
};

struct level {
	int from, to;
	int64_t next;
};

/* Return: 1 if the file has its owner now, 0 if it cannot have it because the user namespace does
 * not know the id (which the kernel tells by EINVAL, or by EPERM), or −errno. */
static int copy_owner(int to, const char *name, const struct statx *status)
{
	long r = ins_sys(fchownat, to, name, status->stx_uid, status->stx_gid,
		AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);

	if (r == -EINVAL || r == -EPERM)
		return 0;
	return r < 0 ? (int)r : 1;
}

/* A copy that is younger than it should be is a copy all the same. */
static void copy_times(int to, const char *name, const struct statx *status)
{
	struct time times[2] = {
		{ status->stx_atime.tv_sec, status->stx_atime.tv_nsec },
		{ status->stx_mtime.tv_sec, status->stx_mtime.tv_nsec },
	};

	(void)ins_sys(utimensat, to, name, times, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
}

/* Without its access control list a file would be open to more people than before: its mode then
 * holds what the list only allowed at most. */
static bool is_access_list(const char *name)
{
	return ins_text_starts(name, "system.posix_acl_");
}

static bool is_copied_attribute(const char *name)
{
	return is_access_list(name) || ins_text_starts(name, "user.") ||
	       ins_text_equal(name, "security.capability");
}

/* Lists have to be kept; the others as far as the new filesystem takes them: a tmpfs has got user.…
 * only since Linux 6.6. */
static int copy_attributes(int from, int to)
{
	char names[4096], value[4096];
	long n = ins_sys(flistxattr, from, names, sizeof(names));

	if (n < 0)
		return n == -EOPNOTSUPP ? 0 : (int)n;
	for (long i = 0; i < n; i += (long)ins_text_length(names + i) + 1) {
		long r;

		if (!is_copied_attribute(names + i))
			continue;
		r = ins_sys(fgetxattr, from, names + i, value, sizeof(value));
		if (r >= 0)
			r = ins_sys(fsetxattr, to, names + i, value, r, 0);
		if (r < 0 && is_access_list(names + i))
			return (int)r;
	}
	return 0;
}

/* The owner before the capabilities and the mode: changing it takes both away. Whoever gets a file
 * that was not his does not get its set-id bits. */
static int copy_status(int from, int to, const struct statx *status)
{
	uint32_t mode = status->stx_mode & 07777;
	long r;

	r = copy_owner(to, "", status);
	if (r < 0)
		return (int)r;
	if (r == 0)
		mode &= ~(uint32_t)(S_ISUID | S_ISGID);
	r = copy_attributes(from, to);
	if (r == 0)
		r = ins_sys(fchmod, to, mode);
	copy_times(to, "", status);
	return (int)r;
}

static int copy_content(int from, int to)
{
	long n;

	do {
		n = ins_sys(sendfile, to, from, NULL, MAX_COPY);
	} while (n > 0);
	return (int)n;
}

static int copy_file(int from_dir, int to_dir, const char *name)
{
	/* O_NONBLOCK: should it have become a FIFO meanwhile, nobody waits for its writer. */
	long from = ins_sys(openat, from_dir, name,
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	struct statx status;
	long to;
	int r;

	if (from < 0)
		return (int)from;
	r = (int)ins_sys(statx, from, "", AT_EMPTY_PATH, WHAT, &status);
	if (r == 0 && (status.stx_mode & S_IFMT) != S_IFREG)
		r = -EAGAIN;
	if (r < 0) {
		(void)ins_sys(close, from);
		return r;
	}
	to = ins_sys(
		openat, to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = to < 0 ? (int)to : copy_content((int)from, (int)to);
	if (r == 0)
		r = copy_status((int)from, (int)to, &status);
	if (to >= 0)
		(void)ins_sys(close, to);
	(void)ins_sys(close, from);
	return r;
}

static int copy_symlink(int from, int to, const char *name, const struct statx *status)
{
	char target[4096];
	long n = ins_sys(readlinkat, from, name, target, sizeof(target) - 1);

	if (n < 0)
		return (int)n;
	target[n] = '\0';
	n = ins_sys(symlinkat, target, to, name);
	if (n < 0)
		return (int)n;
	copy_times(to, name, status);
	n = copy_owner(to, name, status);
	return n < 0 ? (int)n : 0;
}

/* Devices, FIFOs, sockets. */
static int copy_node(int to, const char *name, const struct statx *status)
{
	uint32_t major = status->stx_rdev_major, minor = status->stx_rdev_minor;
	uint32_t device = (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12;
	long r = ins_sys(mknodat, to, name, status->stx_mode, device);

	if (r < 0)
		return (int)r;
	copy_times(to, name, status);
	r = copy_owner(to, name, status);
	return r < 0 ? (int)r : 0;
}

static int open_directory(int dirfd, const char *name)
{
	return (int)ins_sys(
		openat, dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static void close_level(const struct level *level)
{
	(void)ins_sys(close, level->from);
	(void)ins_sys(close, level->to);
}

static int open_level(struct level *level, int from, int to, const char *name)
{
	level->from = open_directory(from, name);
	if (level->from < 0)
		return level->from;
	level->to = open_directory(to, name);
	if (level->to < 0)
		(void)ins_sys(close, level->from);
	return level->to < 0 ? level->to : 0;
}

/* One entry. Return: 1 if it is a directory that is to be descended into. */
static int copy_entry(const struct level *level, const char *name)
{
	struct statx status;
	long r = ins_sys(statx, level->from, name, AT_SYMLINK_NOFOLLOW, WHAT, &status);
	bool is_mount;

	if (r < 0)
		return (int)r;
	is_mount = status.stx_attributes & STATX_ATTR_MOUNT_ROOT;
	switch (status.stx_mode & S_IFMT) {
	case S_IFDIR:
		r = ins_sys(mkdirat, level->to, name, 0755);
		return r < 0 ? (int)r : !is_mount;
	case S_IFREG:
		return is_mount ? 0 : copy_file(level->from, level->to, name);
	case S_IFLNK:
		return copy_symlink(level->from, level->to, name, &status);
	default:
		return is_mount ? 0 : copy_node(level->to, name, &status);
	}
}

/* The rest of the directory of @level up to the next one that has to be descended into, whose name
 * is left in @ret_name. Return: 1 for that, 0 at the end, or −errno. */
static int copy_entries(struct ins_child *child, struct level *level, char *ret_name, size_t size)
{
	char buffer[4096] __attribute__((aligned(8)));

	for (;;) {
		long n = ins_sys(getdents64, level->from, buffer, sizeof(buffer));
		const struct entry *entry;

		if (n <= 0)
			return (int)n;
		for (long at = 0; at < n; at += entry->size) {
			int r;

			entry = (const struct entry *)(buffer + at);
			level->next = entry->next;
			if (ins_text_equal(entry->name, ".") || ins_text_equal(entry->name, ".."))
				continue;
			r = copy_entry(level, entry->name);
			if (r < 0)
				return ins_child_detail(child, entry->name, r);
			if (r > 0)
				return ins_text_copy(ret_name, size, entry->name) < 0
					       ? -ENAMETOOLONG
					       : 1;
		}
	}
}

/* A directory is done: now nothing changes its time any more. */
static int leave_level(const struct level *level)
{
	struct statx status;
	int r = (int)ins_sys(statx, level->from, "", AT_EMPTY_PATH, WHAT, &status);

	if (r == 0)
		r = copy_status(level->from, level->to, &status);
	close_level(level);
	return r;
}

/* All that is below levels[0]. No recursion: the stack is small, and the image decides how deep it
 * goes. On failure *@depth tells which levels are still open. */
static int copy_levels(struct ins_child *child, struct level *levels, int *depth)
{
	char name[256];
	int r;

	for (;;) {
		struct level *level = &levels[*depth];

		r = copy_entries(child, level, name, sizeof(name));
		if (r < 0)
			return r;
		if (r > 0) {
			r = *depth + 1 < MAX_DEPTH
				    ? open_level(level + 1, level->from, level->to, name)
				    : -ELOOP;
			if (r < 0)
				return ins_child_detail(child, name, r);
			++*depth;
			continue;
		}
		if (*depth == 0)
			return 0;
		--*depth;
		r = leave_level(level);
		if (r < 0)
			return r;
		/* The parent's unread entries went with the buffer: read on behind the last one. */
		level--;
		if (ins_sys(lseek, level->from, level->next, SEEK_SET_) != level->next)
			return -EIO;
	}
}

int ins_copy_tree(struct ins_child *child, int from, int to)
{
	struct level levels[MAX_DEPTH];
	int depth = 0;
	int r = open_level(&levels[0], from, to, ".");

	if (r < 0)
		return ins_child_detail(child, "open what the mount hides", r);
	r = copy_levels(child, levels, &depth);
	for (; depth >= 0; depth--)
		close_level(&levels[depth]);
	return r;
}
