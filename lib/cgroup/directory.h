/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of the cgroup2 hierarchy, and their files. */
#ifndef INSULA_CGROUP_DIRECTORY_H
#define INSULA_CGROUP_DIRECTORY_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "insula.h"

/* ins_cgroup_open_mount - the top of the hierarchy, as an O_PATH fd. Return: it, or −errno; −EINVAL if
 * something else is mounted there. */
int ins_cgroup_open_mount(const char *mount, struct ins_error *err);

/**
 * ins_cgroup_open_beneath - a cgroup below another
 * @path: whatever its parts are, no symlink, no mount and no way out is followed; "" is @dirfd itself
 * @flags: O_RDONLY or O_PATH
 *
 * Return: its fd, or −errno (openat2, Linux 5.6).
 */
int ins_cgroup_open_beneath(int dirfd, const char *path, uint64_t flags);

/* ins_cgroup_open_own - the same for a container's own cgroup, to be read: a mode that the guest has
 * taken from it is put back, if it is the caller's to change. */
int ins_cgroup_open_own(int dirfd, const char *path);

/**
 * ins_cgroup_open_entry - a file of a container's own cgroup, or with O_DIRECTORY a cgroup in it
 * @name: one component
 *
 * Return: its fd, or −errno: −EACCES only if its modes are not the caller's to change, either.
 */
int ins_cgroup_open_entry(int cgroup, const char *name, int flags);

/* ins_cgroup_read - the text of a file of a cgroup, to be freed with free(). Return: 0, −EFBIG if it is
 * larger than @max, −errno as above. */
int ins_cgroup_read(int cgroup, const char *name, size_t max, char **ret_text);

/* ins_cgroup_command - ins_cgroup_write() into a file of a container's own cgroup, also if the guest has
 * taken its modes. */
int ins_cgroup_command(int cgroup, const char *name, const char *text);

/* ins_cgroup_write - a text into a file of a cgroup, by one write; "" is written as an empty line.
 * Return: 0, −ENOENT if there is no such file, −errno. */
int ins_cgroup_write(int cgroup, const char *name, const char *text);

/* ins_cgroup_entries - the entries of a cgroup's directory, by an fd of their own; to be closed with
 * closedir(). NULL with errno. */
DIR *ins_cgroup_entries(int cgroup);

/* ins_cgroup_next_child - the name of the next cgroup in a directory; NULL with errno 0 at its end. */
const char *ins_cgroup_next_child(DIR *entries);

/* ins_cgroup_is_gone - whether −errno says that the cgroup was removed: the kernel says ENODEV of an open
 * file of it, ENOENT of a name. */
static inline bool ins_cgroup_is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

#endif
