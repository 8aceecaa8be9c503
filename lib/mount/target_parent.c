/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Destinations in a root file system that belongs to the host's root. The child makes what is
 * missing, but the root of a user namespace may make nothing there; so before it is born the parent
 * does. As in the child no path leads out of the root file system, whatever links it holds, and what
 * is made is a single component in a directory that was found so.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "plan/run.h"
#include "sys/bare.h"

#define OPEN_TRIES 128

static int open_in(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -EAGAIN;

	/* EAGAIN: somebody has renamed something somewhere while it went through "..". */
	for (int tries = 0; fd == -EAGAIN && tries < OPEN_TRIES; tries++)
		fd = (int)ins_sys(openat2, root, path, &how, sizeof(how));
	return fd;
}

/* The directory that @path, which is no longer than PATH_MAX, lies in. */
static int open_directory_of(int root, const char *path)
{
	const char *name = strrchr(path, '/');
	char directory[PATH_MAX];

	snprintf(directory, sizeof(directory), "%.*s/", (int)(name - path), path);
	return open_in(root, directory);
}

/* Return: 0 if it is there now. What belongs to others is left to the child: there it belongs to its
 * root, or nobody is to make anything. */
static int make(int root, const char *path, bool is_directory)
{
	const char *name = strrchr(path, '/') + 1;
	cleanup_fd int there = open_in(root, path);
	cleanup_fd int directory = there == -ENOENT ? open_directory_of(root, path) : -1;
	cleanup_fd int file = -1;
	struct stat status;

	if (there >= 0)
		return 0;
	if (directory < 0 || fstat(directory, &status) < 0 || status.st_uid != geteuid())
		return -EACCES;
	if (is_directory && mkdirat(directory, name, 0755) < 0)
		return -errno;
	file = openat(directory, name,
		is_directory ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
			     : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0644);
	/* Whatever the caller's umask is. */
	return file < 0 || fchmod(file, is_directory ? 0755 : 0644) < 0 ? -errno : 0;
}

static void make_target(int root, const struct ins_mount_target *target)
{
	char path[PATH_MAX];
	struct stat source;
	bool is_directory =
		!target->source || (stat(target->source, &source) == 0 && S_ISDIR(source.st_mode));
	int r = 0;

	snprintf(path, sizeof(path), "%s", target->path);
	for (size_t end = 1; r == 0 && path[end - 1]; end++) {
		char saved = path[end];

		if (saved != '/' && saved != '\0')
			continue;
		path[end] = '\0';
		r = make(root, path, saved == '/' || is_directory);
		path[end] = saved;
	}
}

/* Never fails: what is not there afterwards the child misses, and can tell which mount it is for. */
int ins_mount_targets_make_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int root = open(run->plan->rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)err;
	if (root < 0)
		return 0;
	for (uint32_t i = 0; i < op->targets.n; i++) {
		/* Mostly it is there. */
		cleanup_fd int there = open_in(root, op->targets.v[i].path);

		if (there == -ENOENT)
			make_target(root, &op->targets.v[i]);
	}
	return 0;
}
