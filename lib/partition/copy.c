/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a tree. A guest has chosen its names and its depth, so nothing here recurses, and only two
 * directories are open at a time: the way back up is "..", which is compared with what was there on the way
 * down.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/copy.h"

#define OVERLAY_PREFIX "trusted.overlay."

/* A directory on the way to where we are. */
struct level {
	struct level *up;
	dev_t device;
	ino_t inode;
	char *names; /* of the directories in it that are still to be copied, each with its zero byte */
	size_t size, room;
};

struct copying {
	int from, to; /* the directory that we are in */
	int links;    /* a second name for each file that has several: its inode's number */
	struct level *level;
	struct ins_progress *progress;
	uint64_t bytes; /* that were copied */
};

/* --- attributes ------------------------------------------------------------------------------------------- */

/* What extended attributes and modes are reached by: a symlink or a pipe cannot be opened but with O_PATH. */
static void fd_path(int fd, char path[32])
{
	snprintf(path, 32, "/proc/self/fd/%d", fd);
}

static int copy_xattr(const char *from, const char *to, const char *name, char *value)
{
	ssize_t n = getxattr(from, name, value, XATTR_SIZE_MAX);

	return n < 0 || setxattr(to, name, value, (size_t)n, 0) < 0 ? -errno : 0;
}

static int copy_xattrs(const char *from, const char *to, bool overlay)
{
	cleanup_free char *names = NULL, *value = NULL;
	ssize_t n = listxattr(from, NULL, 0);
	int r = 0;

	if (n <= 0)
		return n == 0 || errno == ENOTSUP ? 0 : -errno;
	names = malloc(XATTR_LIST_MAX + 1);
	value = malloc(XATTR_SIZE_MAX);
	if (!names || !value)
		return -ENOMEM;
	n = listxattr(from, names, XATTR_LIST_MAX);
	if (n < 0)
		return -errno;
	names[n] = '\0';
	for (const char *name = names; r == 0 && name < names + n; name += strlen(name) + 1) {
		if (overlay || strncmp(name, OVERLAY_PREFIX, strlen(OVERLAY_PREFIX)) != 0)
			r = copy_xattr(from, to, name, value);
	}
	return r;
}

int ins_copy_attributes(int from, int to, bool overlay, struct ins_error *err)
{
	char from_path[32], to_path[32];
	struct stat s;
	int r;

	fd_path(from, from_path);
	fd_path(to, to_path);
	/* A new owner takes away set-id bits and capabilities: so the owner goes first. */
	r = fstat(from, &s) < 0 || fchownat(to, "", s.st_uid, s.st_gid, AT_EMPTY_PATH) < 0 ? -errno
											   : 0;
	if (r == 0)
		r = copy_xattrs(from_path, to_path, overlay);
	if (r == 0 && !S_ISLNK(s.st_mode) && chmod(to_path, s.st_mode & 07777) < 0)
		r = -errno;
	if (r == 0 &&
		utimensat(to, "", (struct timespec[]){ s.st_atim, s.st_mtim }, AT_EMPTY_PATH) < 0)
		r = -errno;
	return r < 0 ? ins_error_set(err, -r, "copy owner, mode, attributes and times") : 0;
}

/* --- files ------------------------------------------------------------------------------------------------ */

/* So much at once, for the progress to be seen. */
#define PIECE ((off_t)16 << 20)

static int copy_piece(struct copying *copying, int from, int to, off_t start, off_t end)
{
	if (lseek(to, start, SEEK_SET) < 0)
		return -errno;
	while (start < end) {
		ssize_t n = sendfile(
			to, from, &start, (size_t)(end - start < PIECE ? end - start : PIECE));

		if (n < 0 && errno != EINTR)
			return -errno;
		/* It has become shorter. */
		if (n == 0)
			return -EBUSY;
		copying->bytes += n > 0 ? (uint64_t)n : 0;
		ins_progress_at(copying->progress, copying->bytes);
	}
	return 0;
}

static int copy_data(struct copying *copying, int from, int to, off_t size)
{
	off_t start = 0, end;
	int r = 0;

	if (size == 0 || ioctl(to, FICLONE, from) == 0)
		return 0;
	if (ftruncate(to, size) < 0)
		return -errno;
	while (r == 0 && (start = lseek(from, start, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		if (end < 0)
			return -errno;
		r = copy_piece(copying, from, to, start, end);
		start = end;
	}
	/* There is nothing but a hole behind. */
	return r < 0 || errno == ENXIO ? r : -errno;
}

static int copy_regular(
	struct copying *copying, const char *name, const struct stat *s, struct ins_error *err)
{
	cleanup_fd int from = openat(
		copying->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	cleanup_fd int to = -1;
	int r;

	if (from < 0)
		return -errno;
	to = openat(copying->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = to < 0 ? -errno : copy_data(copying, from, to, s->st_size);
	return r < 0 ? r : ins_copy_attributes(from, to, true, err);
}

static int copy_symlink(const struct copying *copying, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(copying->from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, copying->to, name) < 0 ? -errno : 0;
}

/* Symlinks, pipes, sockets, whiteouts. */
static int copy_special(
	struct copying *copying, const char *name, const struct stat *s, struct ins_error *err)
{
	cleanup_fd int from = -1, to = -1;
	int r;

	if (S_ISLNK(s->st_mode))
		r = copy_symlink(copying, name);
	else
		r = mknodat(copying->to, name, (s->st_mode & S_IFMT) | 0600, 0) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	from = openat(copying->from, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	to = openat(copying->to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return from < 0 || to < 0 ? -errno : ins_copy_attributes(from, to, true, err);
}

static bool is_device(const struct stat *s)
{
	return S_ISBLK(s->st_mode) || (S_ISCHR(s->st_mode) && s->st_rdev != 0);
}

static int copy_file(
	struct copying *copying, const char *name, const struct stat *s, struct ins_error *err)
{
	char link[24];
	int r;

	if (is_device(s))
		return 0;
	snprintf(link, sizeof(link), "%ju", (uintmax_t)s->st_ino);
	if (s->st_nlink > 1 && linkat(copying->links, link, copying->to, name, 0) == 0)
		return 0;
	r = S_ISREG(s->st_mode) ? copy_regular(copying, name, s, err)
				: copy_special(copying, name, s, err);
	if (r == 0 && s->st_nlink > 1 && linkat(copying->to, name, copying->links, link, 0) < 0 &&
		errno != EEXIST)
		r = -errno;
	return r;
}

/* --- directories ------------------------------------------------------------------------------------------ */

static int remember(struct level *level, const char *name)
{
	size_t n = strlen(name) + 1;

	if (level->room - level->size < n) {
		size_t room = level->room * 2 + n + 64;
		char *names = realloc(level->names, room);

		if (!names)
			return -ENOMEM;
		level->names = names;
		level->room = room;
	}
	memcpy(level->names + level->size, name, n);
	level->size += n;
	return 0;
}

/* The last of those remembered; NULL: none is left. It is valid until the next remember(). */
static const char *recall(struct level *level)
{
	size_t start = level->size;

	if (start == 0)
		return NULL;
	for (start--; start > 0 && level->names[start - 1]; start--)
		continue;
	level->size = start;
	return level->names + start;
}

/* Copy all files of the directory that we are in, and remember its directories. */
static int copy_entries(struct copying *copying, struct ins_error *err)
{
	int fd = openat(copying->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = 0;

	if (!dir) {
		r = -errno;
		ins_close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		const char *name = entry->d_name;
		struct stat s;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (fstatat(copying->from, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
			return -errno;
		r = S_ISDIR(s.st_mode) ? remember(copying->level, name)
				       : copy_file(copying, name, &s, err);
		if (r < 0)
			return ins_error_set(err, -r, "copy the file %.64s", name);
	}
	return r < 0 ? r : -errno;
}

static int go_to(struct copying *copying, const char *name)
{
	int from = openat(copying->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int to = openat(copying->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (from < 0 || to < 0) {
		int r = -errno;

		ins_close(from);
		ins_close(to);
		return r;
	}
	ins_close(copying->from);
	ins_close(copying->to);
	copying->from = from;
	copying->to = to;
	return 0;
}

static int enter(struct copying *copying, struct ins_error *err)
{
	struct level *level = calloc(1, sizeof(*level));
	struct stat s;

	if (!level)
		return -ENOMEM;
	level->up = copying->level;
	copying->level = level;
	if (fstat(copying->from, &s) < 0)
		return -errno;
	level->device = s.st_dev;
	level->inode = s.st_ino;
	return copy_entries(copying, err);
}

/* The attributes come last: what is made in a directory changes its times. */
static int leave(struct copying *copying, struct ins_error *err)
{
	struct level *level = copying->level;
	int r = ins_copy_attributes(copying->from, copying->to, true, err);
	struct stat s;

	if (r == 0 && level->up) {
		r = go_to(copying, "..");
		if (r == 0 && (fstat(copying->from, &s) < 0 || s.st_ino != level->up->inode ||
				      s.st_dev != level->up->device))
			r = -EBUSY;
	}
	copying->level = level->up;
	free(level->names);
	free(level);
	return r;
}

static int step(struct copying *copying, struct ins_error *err)
{
	const char *name = recall(copying->level);
	int r;

	if (!name)
		return leave(copying, err);
	r = mkdirat(copying->to, name, 0700) < 0 ? -errno : go_to(copying, name);
	return r < 0 ? r : enter(copying, err);
}

int ins_copy_tree(int from, int to, int links, struct ins_progress *progress, struct ins_error *err)
{
	struct copying copying = { .links = links, .progress = progress };
	int r;

	copying.from = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	copying.to = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = copying.from < 0 || copying.to < 0 ? -errno : enter(&copying, err);
	while (r == 0 && copying.level)
		r = step(&copying, err);
	while (copying.level) {
		struct level *level = copying.level;

		copying.level = level->up;
		free(level->names);
		free(level);
	}
	ins_close(copying.from);
	ins_close(copying.to);
	return r < 0 ? ins_error_set(err, -r, "copy what a partition has changed") : 0;
}
