/* SPDX-License-Identifier: Apache-2.0 */
/* What killed commands leave on the host: containers of partitions, cgroups, mounted images. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/directory.h"
#include "guest/record.h"
#include "partition/bundle_directory.h"
#include "partition/gc.h"
#include "partition/groups.h"
#include "partition/partition.h"
#include "plan/host.h"

/* The cgroup of all containers that have not been told another. */
#define CGROUP_TOP "/insula"

/* The images that are mounted, below the state directory. */
#define MOUNTED_IMAGES ".images"

/* --- containers -------------------------------------------------------------------------------------- */

static int remove_container(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	int r = ins_delete(gc->context, name, true, err);

	(void)dir;
	return r < 0 ? r : ins_bundle_directory_remove(gc->context, name, err);
}

/* Its bundle is that of the partition of its name. */
static bool is_partition(const struct ins_gc *gc, const char *id, const char *bundle)
{
	char path[PATH_MAX], link[PATH_MAX], target[PATH_MAX];
	ssize_t n;

	if (!bundle)
		return false;
	snprintf(path, sizeof(path), "%s/partitions/%s", gc->library.path, id);
	snprintf(link, sizeof(link), "%s/" INS_BUNDLE_PARTITION, bundle);
	n = readlink(link, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return !strcmp(target, path);
}

/* A container that has no process, and that nobody is at work on. */
static bool has_ended(const struct ins_store *store)
{
	struct ins_error ignored = { 0 };
	enum ins_status status;

	if (!store->record.id)
		return ins_store_busy(store, &ignored) == 0;
	return ins_store_status(store, &status, &ignored) == 0 && status == INS_STATUS_STOPPED;
}

/* The partition's lock is held while it is started or stopped; who has it takes its leftovers away: that is us, as
 * long as @ret_lock is open. Without a partition the container has nobody. */
static bool is_leftover(struct ins_gc *gc, const char *id, int *ret_lock)
{
	cleanup_fd int dir =
		openat(gc->library.partitions, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	bool is_gone = dir < 0 && errno == ENOENT, is_ours;

	if (!is_gone && (dir < 0 || flock(dir, LOCK_EX | LOCK_NB) < 0))
		return false;
	if (ins_store_open(gc->context, id, INS_LOCK_NONE, true, &store, &ignored) < 0)
		return false;
	if (store.record.id)
		is_ours =
			is_partition(gc, id, store.record.bundle) && (is_gone || has_ended(&store));
	else
		is_ours = !is_gone && has_ended(&store);
	ins_store_close(&store);
	if (is_ours)
		*ret_lock = TAKE_FD(dir);
	return is_ours;
}

static void sweep_containers(struct ins_gc *gc)
{
	struct ins_error why = { 0 };
	char **ids = NULL;
	size_t n = 0;

	if (ins_store_ids(gc->context, &ids, &n, &why) < 0)
		ins_gc_fail(gc, &why);
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int lock = -1;

		if (is_leftover(gc, ids[i], &lock))
			ins_gc_take(gc, "container", "", -1, ids[i], remove_container);
		free(ids[i]);
	}
	free(ids);
}

/* --- cgroups ----------------------------------------------------------------------------------------- */

static int remove_cgroup(struct ins_gc *gc, int top, const char *name, struct ins_error *err)
{
	cleanup_fd int cgroup = ins_cgroup_open_beneath(top, name, O_RDONLY);
	struct ins_host host;
	char path[PATH_MAX];
	int r;

	(void)gc;
	if (cgroup < 0)
		return ins_cgroup_is_gone(cgroup)
			       ? 0
			       : ins_error_set(err, -cgroup, "open the cgroup %s", name);
	r = ins_host_probe(&host, false, err);
	if (r == 0)
		r = ins_cgroup_kill(cgroup, err);
	if (r == 0)
		r = ins_cgroup_wait_empty(cgroup, INS_KILL_TIMEOUT_MS, err);
	snprintf(path, sizeof(path), CGROUP_TOP "/%s", name);
	return r < 0 ? r : ins_cgroup_remove(host.cgroup_mount, path, 1, err);
}

/* It has the mark of a container of ours, which is not there any more. */
static bool is_orphan(const struct ins_gc *gc, int top, const char *name)
{
	cleanup_fd int cgroup = ins_cgroup_open_beneath(top, name, O_RDONLY);
	char record[PATH_MAX];

	snprintf(record, sizeof(record), "%s/%s", gc->context->root, name);
	return cgroup >= 0 && ins_cgroup_is_claimed_by(cgroup, gc->context->root, name) &&
	       faccessat(AT_FDCWD, record, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static void sweep_cgroups(struct ins_gc *gc)
{
	struct ins_error ignored = { 0 };
	cleanup_dir DIR *entries = NULL;
	cleanup_fd int top = -1;
	struct ins_host host;
	const char *name;

	/* Without cgroup2, or without a container so far, there is nothing to look at. */
	if (ins_host_probe(&host, false, &ignored) < 0 || !host.cgroup_mount[0] ||
		ins_cgroup_open(host.cgroup_mount, CGROUP_TOP, &top, &ignored) < 0)
		return;
	entries = ins_cgroup_entries(top);
	while (entries && (name = ins_cgroup_next_child(entries))) {
		if (is_orphan(gc, top, name))
			ins_gc_take(gc, "cgroup", CGROUP_TOP "/", top, name, remove_cgroup);
	}
}

/* --- names in groups, bundles --------------------------------------------------------------------------------- */

static int remove_member(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	(void)dir;
	return ins_groups_leave(gc->context, name, err);
}

bool ins_gc_is_away(const struct ins_gc *gc, const char *name, int *ret_lock)
{
	cleanup_fd int dir = openat(
		gc->library.partitions, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char record[PATH_MAX];

	if (dir < 0 ? errno != ENOENT : flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	snprintf(record, sizeof(record), "%s/%s", gc->context->root, name);
	if (faccessat(AT_FDCWD, record, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT)
		return false;
	*ret_lock = TAKE_FD(dir);
	return true;
}

static int remove_bundle(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	(void)dir;
	return ins_bundle_directory_remove(gc->context, name, err);
}

/* What lies in @directory of the state directory under the names of partitions that do not run. */
static void sweep_names(
	struct ins_gc *gc, const char *directory, const char *kind, ins_gc_remove_fn *remove)
{
	char path[PATH_MAX];
	cleanup_dir DIR *dir = NULL;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/%s", gc->context->root, directory);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		cleanup_fd int lock = -1;

		if (entry->d_name[0] != '.' && ins_gc_is_away(gc, entry->d_name, &lock))
			ins_gc_take(gc, kind, "", -1, entry->d_name, remove);
	}
}

void ins_gc_containers(struct ins_gc *gc)
{
	sweep_containers(gc);
	sweep_cgroups(gc);
	sweep_names(gc, INS_GROUPS_DIRECTORY, "member", remove_member);
	sweep_names(gc, INS_BUNDLES_DIRECTORY, "bundle", remove_bundle);
}

/* --- mounted images ------------------------------------------------------------------------------------ */

static int remove_mount(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	char path[PATH_MAX];

	/* umount2(2) takes no directory's fd. EINVAL: nothing is mounted there. */
	snprintf(path, sizeof(path), "%s/" MOUNTED_IMAGES "/%s", gc->context->root, name);
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL)
		return ins_error_set(err, errno, "unmount %s", path);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "remove %s", path);
	return 0;
}

/* Of an image that is gone. "ID" is where one is mounted, "ID.checked" and the like tell of it. */
static bool is_of_nobody(const struct ins_gc *gc, const char *name)
{
	char id[NAME_MAX + 1];

	snprintf(id, sizeof(id), "%.*s", (int)strcspn(name, "."), name);
	return id[0] && faccessat(gc->library.images, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

void ins_gc_mounts(struct ins_gc *gc)
{
	char path[PATH_MAX];
	cleanup_dir DIR *dir = NULL;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/" MOUNTED_IMAGES "/", gc->context->root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		bool is_note = entry->d_type == DT_REG;

		if (is_of_nobody(gc, entry->d_name))
			ins_gc_take(gc, is_note ? "file" : "mount", path, dirfd(dir), entry->d_name,
				is_note ? ins_gc_remove_file : remove_mount);
	}
}
