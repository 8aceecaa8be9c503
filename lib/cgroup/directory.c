/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
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

int ins_cgroup_open_beneath(int dirfd, const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

	while (*path == '/')
		path++;
	return (int)ins_sys(openat2, dirfd, *path ? path : ".", &how, sizeof(how));
}

int ins_cgroup_write(int cgroup, const char *name, const char *text)
{
	cleanup_fd int fd = openat(cgroup, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	/* A write of nothing does not reach the file: an empty set of cpus is an empty line. */
	if (fd < 0 || write(fd, text[0] ? text : "\n", text[0] ? strlen(text) : 1) < 0)
		return -errno;
	return 0;
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
	} while (entry && (entry->d_type != DT_DIR || entry->d_name[0] == '.'));
	return entry ? entry->d_name : NULL;
}
