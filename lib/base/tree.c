/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"

struct removal {
	int top;            /* the directory that goes */
	unsigned long next; /* the name for the next directory that is moved up to there */
};

static bool is_dot(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* A directory further down that is not empty comes up to the top: so the tree never gets deeper than two. */
static int lift(struct removal *removal, int dir, const char *name)
{
	char lifted[32];
	int r;

	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	do {
		snprintf(lifted, sizeof(lifted), ".%lu", removal->next++);
		r = renameat2(dir, name, removal->top, lifted, RENAME_NOREPLACE);
	} while (r < 0 && errno == EEXIST);
	return r < 0 ? -errno : 0;
}

static DIR *open_directory(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		ins_close(fd);
	return dir;
}

/* Remove what is in a directory, or lift it, and the directory itself. */
static int remove_flat(struct removal *removal, const char *name)
{
	cleanup_dir DIR *dir = open_directory(removal->top, name);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while (errno = 0, entry = readdir(dir)) {
		int r = 0;

		if (is_dot(entry->d_name))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			r = errno == EISDIR || errno == EPERM
				    ? lift(removal, dirfd(dir), entry->d_name)
				    : -errno;
		if (r < 0)
			return r;
	}
	if (errno || unlinkat(removal->top, name, AT_REMOVEDIR) < 0)
		return -errno;
	return 0;
}

/* One pass over the top. Return: how many directories were there; −errno. */
static int sweep(struct removal *removal)
{
	cleanup_dir DIR *dir = open_directory(removal->top, ".");
	struct dirent *entry;
	int n = 0;

	if (!dir)
		return -errno;
	while (errno = 0, entry = readdir(dir)) {
		int r;

		if (is_dot(entry->d_name) || unlinkat(removal->top, entry->d_name, 0) == 0)
			continue;
		if (errno != EISDIR && errno != EPERM)
			return -errno;
		r = remove_flat(removal, entry->d_name);
		if (r < 0)
			return r;
		n = 1;
	}
	return errno ? -errno : n;
}

static int remove_all(int top)
{
	struct removal removal = { .top = top };
	int r;

	do {
		r = sweep(&removal);
	} while (r > 0);
	return r;
}

int ins_tree_empty(int dir, struct ins_error *err)
{
	int r = remove_all(dir);

	return r < 0 ? ins_error_set(err, -r, "remove what is in a directory") : 0;
}

int ins_tree_remove(int dirfd, const char *name, struct ins_error *err)
{
	cleanup_fd int top = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int r;

	if (top < 0)
		return errno == ENOENT ? 0
				       : ins_error_set(err, errno, "open %s to remove it", name);
	r = remove_all(top);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? ins_error_set(err, -r, "remove %s", name) : 0;
}
