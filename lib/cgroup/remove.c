/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups taken away, with all that a guest has made below them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/devices.h"
#include "cgroup/directory.h"

/* The way from a cgroup down to one below it, as names: cgroups can be nested deeper than fds may
 * be open or a stack may grow. */
struct way {
	char (*names)[NAME_MAX + 1];
	size_t n, capacity;
};

static void cleanup_way(struct way *way)
{
	free(way->names);
}

/* Go down into @name. Return: 0 or −errno. */
static int step_down(int *here, struct way *way, const char *name)
{
	int next = ins_cgroup_open_entry(*here, name, O_RDONLY | O_DIRECTORY);

	if (next < 0)
		return next;
	if (way->n == way->capacity) {
		size_t capacity = way->capacity ? way->capacity * 2 : 8;
		void *grown = reallocarray(way->names, capacity, sizeof(*way->names));

		if (!grown) {
			ins_close(next);
			return -ENOMEM;
		}
		way->names = grown;
		way->capacity = capacity;
	}
	memcpy(way->names[way->n++], name, strlen(name) + 1);
	ins_close(*here);
	*here = next;
	return 0;
}

/* Go back up, and remove where we were. cgroup2 has neither symlinks nor moves of directories, so
 * ".." is where we came from. */
static int step_up(int *here, struct way *way)
{
	int next = openat(*here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (next < 0)
		return -errno;
	ins_close(*here);
	*here = next;
	if (unlinkat(next, way->names[--way->n], AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno; /* nothing was left below it, so it has processes */
	return 0;
}

/* Remove all cgroups below @cgroup, however deep a guest has nested them. */
static int remove_children(int cgroup)
{
	cleanup_fd int here = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_with(cleanup_way) struct way way = {};
	int r = here < 0 ? -errno : 0;

	while (r == 0) {
		cleanup_dir DIR *entries = ins_cgroup_entries(here);
		const char *name = entries ? ins_cgroup_next_child(entries) : NULL;

		if (!name && (!entries || errno))
			return -errno;
		if (!name && way.n == 0)
			return 0;
		if (!name)
			r = step_up(&here, &way);
		else if (unlinkat(here, name, AT_REMOVEDIR) < 0)
			r = step_down(&here, &way, name);
	}
	return r;
}

/* Cut the last component off @path. Return: it; NULL if there is none. */
static char *cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* Remove the last component of @path, which is cut off. Return: 0, also if it is gone, or −errno.
 */
static int remove_last(int top, char *path)
{
	const char *name = cut_last(path);
	cleanup_fd int parent = name ? ins_cgroup_open_beneath(top, path, O_PATH) : -EINVAL;

	if (parent < 0)
		return ins_cgroup_is_gone(parent) ? 0 : parent;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Remove the cgroup at @path, which is cut, and those that were made above it. Only its processes
 * or what is below it can keep it: −EBUSY. */
static int remove_made(int top, char *path, unsigned int made)
{
	int r = remove_last(top, path);

	for (unsigned int i = 1; r == 0 && i < made && path[0]; i++) {
		r = remove_last(top, path);
		/* Others may live up there by now. */
		if (r == -EBUSY || r == -ENOTEMPTY)
			return 0;
	}
	return r;
}

bool ins_cgroup_remove_empty(const char *mount, const char *path, unsigned int made)
{
	cleanup_fd int top = made > 0 ? ins_cgroup_open_mount(mount, NULL) : -1;
	cleanup_free char *way = top >= 0 ? strdup(path) : NULL;

	return way && remove_made(top, way, made) == 0;
}

int ins_cgroup_remove(const char *mount, const char *path, unsigned int made, struct ins_error *err)
{
	cleanup_fd int top = ins_cgroup_open_mount(mount, err), cgroup = -1;
	cleanup_free char *way = strdup(path);
	int r = 0;

	if (top < 0)
		return top;
	if (!way)
		return ins_error_set(err, ENOMEM, "remove the cgroup %s", path);
	cgroup = ins_cgroup_open_own(top, path);
	if (cgroup < 0 && !ins_cgroup_is_gone(cgroup))
		return ins_error_set(err, -cgroup, "open the cgroup %s", path);
	if (cgroup >= 0)
		r = remove_children(cgroup);
	if (r < 0 && !ins_cgroup_is_gone(r))
		return ins_error_set(err, -r, "remove the cgroups below %s", path);
	if (made == 0 && cgroup >= 0)
		ins_cgroup_disclaim(cgroup);
	if (made == 0)
		return cgroup >= 0 ? ins_devices_detach(cgroup, err) : 0;
	r = remove_made(top, way, made);
	return r < 0 ? ins_error_set(err, -r, "remove the cgroup %s", path) : 0;
}
