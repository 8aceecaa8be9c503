/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/directory.h"
#include "sys/bare.h"

int ins_cgroup_open_mount(const char *mount, struct ins_error *err)
{
	cleanup_fd int fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs s;

	if (fd < 0 || fstatfs(fd, &s) < 0)
		return ins_error_set(err, errno, "open the cgroup2 hierarchy %s", mount);
	if (s.f_type != CGROUP2_SUPER_MAGIC)
		return ins_error_text(err, EINVAL, "%s is not a cgroup2 hierarchy", mount);
	return TAKE_FD(fd);
}

/*
 * An ordinary user's container may be root as that very user, and own its cgroup as they do. Then it can take
 * from all that is in there the modes by which its owner, who is nobody to override them, has access. The owner
 * puts them back.
 */
#define DIRECTORY_MODE 0755
#define FILE_MODE      0644

static bool put_mode_back(int fd)
{
	char path[32];

	/* fchmod() takes no O_PATH fd. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, DIRECTORY_MODE) == 0;
}

int ins_cgroup_open_beneath(int dirfd, const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

	while (*path == '/')
		path++;
	return (int)ins_sys(openat2, dirfd, *path ? path : ".", &how, sizeof(how));
}

int ins_cgroup_open_own(int dirfd, const char *path)
{
	int fd = ins_cgroup_open_beneath(dirfd, path, O_RDONLY);
	cleanup_fd int closed = fd == -EACCES ? ins_cgroup_open_beneath(dirfd, path, O_PATH) : -1;

	return closed >= 0 && put_mode_back(closed) ? ins_cgroup_open_beneath(dirfd, path, O_RDONLY)
						    : fd;
}

int ins_cgroup_open_entry(int cgroup, const char *name, int flags)
{
	int fd = openat(cgroup, name, flags | O_CLOEXEC | O_NOFOLLOW);
	mode_t mode = flags & O_DIRECTORY ? DIRECTORY_MODE : FILE_MODE;

	if (fd >= 0 || errno != EACCES)
		return fd < 0 ? -errno : fd;
	(void)put_mode_back(cgroup);
	if (fchmodat(cgroup, name, mode, 0) < 0)
		return -EACCES;
	fd = openat(cgroup, name, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* A write of nothing does not reach the file: an empty set of cpus is an empty line. */
static int write_text(int fd, const char *text)
{
	return write(fd, text[0] ? text : "\n", text[0] ? strlen(text) : 1) < 0 ? -errno : 0;
}

int ins_cgroup_write(int cgroup, const char *name, const char *text)
{
	cleanup_fd int fd = openat(cgroup, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : write_text(fd, text);
}

int ins_cgroup_command(int cgroup, const char *name, const char *text)
{
	cleanup_fd int fd = ins_cgroup_open_entry(cgroup, name, O_WRONLY);

	return fd < 0 ? fd : write_text(fd, text);
}

int ins_cgroup_read(int cgroup, const char *name, size_t max, char **ret_text)
{
	int r = ins_file_read(cgroup, name, max, ret_text, NULL, NULL);
	cleanup_fd int fd = r == -EACCES ? ins_cgroup_open_entry(cgroup, name, O_RDONLY) : -1;

	return fd < 0 ? r : ins_file_read(cgroup, name, max, ret_text, NULL, NULL);
}

DIR *ins_cgroup_entries(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);

	if (!entries)
		ins_close(copy);
	return entries;
}

const char *ins_cgroup_next_child(DIR *entries)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(entries);
		/* The kernel takes other names with a dot in front, too. */
	} while (entry && (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
				  !strcmp(entry->d_name, "..")));
	return entry ? entry->d_name : NULL;
}
