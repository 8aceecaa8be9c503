/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "partition/bundle_directory.h"

#define WANTED "wanted"

int ins_bundle_directory_path(const struct ins_context *context, const char *name, const char *file,
	char *path, size_t size, struct ins_error *err)
{
	int n = snprintf(path, size, "%s/" INS_BUNDLES_DIRECTORY "/%s%s%s", context->root, name,
		file[0] ? "/" : "", file);

	return n < 0 || (size_t)n >= size
		       ? ins_error_set(err, ENAMETOOLONG, "the path of the bundle of %s", name)
		       : 0;
}

static int make_directory(const char *path, struct ins_error *err)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST
		       ? ins_error_set(err, errno, "make the directory %s", path)
		       : 0;
}

static int make_directories(
	const struct ins_context *context, const char *path, struct ins_error *err)
{
	char top[PATH_MAX];
	int r;

	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return 0;
	snprintf(top, sizeof(top), "%s/" INS_BUNDLES_DIRECTORY, context->root);
	r = make_directory(context->root, err);
	if (r == 0)
		r = make_directory(top, err);
	return r < 0 ? r : make_directory(path, err);
}

/* What is there already is as good. */
static int fill(int dir, const char *path, const char *owner, struct ins_error *err)
{
	cleanup_fd int wanted = -1;

	/* But another library may have had one of this name. */
	if (unlinkat(dir, INS_BUNDLE_PARTITION, 0) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "remove %s/" INS_BUNDLE_PARTITION, path);
	if (symlinkat(owner, dir, INS_BUNDLE_PARTITION) < 0)
		return ins_error_set(err, errno, "make %s/" INS_BUNDLE_PARTITION, path);
	if (mkdirat(dir, "rootfs", 0700) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make %s/rootfs", path);
	wanted = openat(dir, WANTED, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return wanted < 0 ? ins_error_set(err, errno, "make %s/" WANTED, path) : 0;
}

int ins_bundle_directory_make(
	const struct ins_partition *partition, int *ret_dir, struct ins_error *err)
{
	const struct ins_context *context = partition->context;
	char path[PATH_MAX], owner[PATH_MAX];
	cleanup_fd int dir = -1;
	int r = ins_partition_path(partition, "", owner, sizeof(owner), err);

	if (r == 0)
		r = ins_bundle_directory_path(
			context, partition->name, "", path, sizeof(path), err);
	if (r == 0)
		r = make_directories(context, path, err);
	if (r < 0)
		return r;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return ins_error_set(err, errno, "open %s", path);
	r = fill(dir, path, owner, err);
	if (r == 0)
		*ret_dir = TAKE_FD(dir);
	return r;
}

int ins_bundle_directory_remove(
	const struct ins_context *context, const char *name, struct ins_error *err)
{
	char path[PATH_MAX];
	int r = ins_bundle_directory_path(context, name, "", path, sizeof(path), err);

	return r < 0 ? r : ins_tree_remove(AT_FDCWD, path, err);
}

bool ins_bundle_wants(const struct ins_context *context, const char *name)
{
	char path[PATH_MAX];

	return ins_bundle_directory_path(context, name, WANTED, path, sizeof(path), NULL) == 0 &&
	       access(path, F_OK) == 0;
}

int ins_bundle_forbid(const struct ins_context *context, const char *name, struct ins_error *err)
{
	char path[PATH_MAX];
	int r = ins_bundle_directory_path(context, name, WANTED, path, sizeof(path), err);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = ins_error_set(err, errno, "remove %s", path);
	return r;
}
