/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "mount/own_image.h"
#include "partition/disk.h"
#include "partition/own.h"
#include "sys/bare.h"

/* "IN" in front: other programs count their projects from 1. */
#define PROJECT_BASE 0x494e0000U

/* What an image is made under: a name that gc knows for one that is not finished. */
#define UNFINISHED_IMAGE INS_DISK_IMAGE ".00000000.tmp"

/* An ext4 of less is all bookkeeping. The size is a multiple of the second: a smaller rest at the end would
 * have no room for a group's tables, and would stay unused. */
#define IMAGE_MIN  ((uint64_t)16 << 20)
#define IMAGE_STEP ((uint64_t)8 << 20)
#define IMAGE_MAX  ((uint64_t)16 << 40) /* of more mke2fs takes minutes, and gigabytes */

/* An ext4 has one inode for so many bytes, and not more, and an empty file takes no block: without a limit of their own
 * a guest could take all there are. */
#define BYTES_PER_INODE ((uint64_t)16 << 10)
#define INODES_MIN      ((uint64_t)4096)

/* --- project quotas ---------------------------------------------------------------------------------- */

/* quotactl_fd(2) is of Linux 5.14: no path of a block device has to be found. */
static long quotactl(int dir, int command, uint32_t id, void *argument)
{
	return ins_sys(quotactl_fd, dir, QCMD(command, PRJQUOTA), id, argument);
}

/* Projects are counted here, and their limits hold. */
static bool has_quota(int dir)
{
	struct fs_quota_statv state = { .qs_version = FS_QSTATV_VERSION1 };

	return quotactl(dir, Q_XGETQSTATV, 0, &state) == 0 && state.qs_flags & FS_QUOTA_PDQ_ENFD;
}

/* @bytes: 0: no limit. The unit is 1024 bytes, whatever a block is there. */
static int set_limit(int dir, uint32_t number, uint64_t bytes, struct ins_error *err)
{
	uint64_t inodes =
		bytes / BYTES_PER_INODE > INODES_MIN ? bytes / BYTES_PER_INODE : INODES_MIN;
	struct if_dqblk limit = { .dqb_bhardlimit = (bytes + QIF_DQBLKSIZE - 1) / QIF_DQBLKSIZE,
		.dqb_ihardlimit = bytes > 0 ? inodes : 0,
		.dqb_valid = QIF_LIMITS };
	long r = quotactl(dir, Q_SETQUOTA, PROJECT_BASE + number, &limit);

	return r < 0 ? ins_error_set(err, (int)-r, "disk: set the limit of project %u",
			       PROJECT_BASE + number)
		     : 0;
}

/* What is made below it later is the project's, too. */
static int make_project(int dir, const char *name, uint32_t number, struct ins_error *err)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct fsxattr attributes;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return ins_error_set(err, errno, "disk: look at %s", name);
	attributes.fsx_projid = PROJECT_BASE + number;
	attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &attributes) < 0)
		return ins_error_set(err, errno, "disk: make %s a project", name);
	return 0;
}

static int make_projects(int dir, uint32_t number, struct ins_error *err)
{
	static const char *const names[] = { "own", "own/upper", "own/work" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(names); i++)
		r = make_project(dir, names[i], number, err);
	return r;
}

static bool is_project(int dir, uint32_t number)
{
	cleanup_fd int fd = openat(dir, "own", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct fsxattr attributes;

	return fd >= 0 && ioctl(fd, FS_IOC_FSGETXATTR, &attributes) == 0 &&
	       attributes.fsx_projid == PROJECT_BASE + number;
}

/* --- images ------------------------------------------------------------------------------------------ */

static uint64_t image_size(uint64_t bytes)
{
	return (bytes + IMAGE_STEP - 1) / IMAGE_STEP * IMAGE_STEP;
}

static int empty_upper(int dir, struct ins_error *err)
{
	cleanup_fd int upper =
		openat(dir, "own/upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return upper < 0 ? ins_error_set(err, errno, "open own/upper") : ins_tree_empty(upper, err);
}

static int make_image(int dir, const char *path, uint64_t bytes, struct ins_error *err)
{
	struct ins_error why = { 0 };
	char own[PATH_MAX];
	int r;

	if (bytes < IMAGE_MIN)
		return ins_error_key(err, EINVAL, "disk",
			"at least %" PRIu64 "M: it is a file system of its own, for the library's "
			"has no project quotas",
			IMAGE_MIN >> 20);
	if (bytes > IMAGE_MAX)
		return ins_error_key(err, EINVAL, "disk",
			"at most %" PRIu64 "T: it is a file system of its own, for the library's "
			"has no project quotas",
			IMAGE_MAX >> 40);
	snprintf(own, sizeof(own), "%s/own", path);
	if (unlinkat(dir, UNFINISHED_IMAGE, 0) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "disk: remove %s", UNFINISHED_IMAGE);
	r = ins_own_image_make(dir, UNFINISHED_IMAGE, image_size(bytes), own, &why);
	/* Not twice. */
	if (r == 0)
		r = empty_upper(dir, &why);
	if (r == 0 && renameat(dir, UNFINISHED_IMAGE, dir, INS_DISK_IMAGE) < 0)
		r = ins_error_set(&why, errno, "name it");
	if (r == 0)
		return 0;
	return ins_error_key(err, r == -ENOENT ? ENOTSUP : -r, "disk",
		"the library's file system has no project quotas (ext4 and xfs have them with the "
		"mount option prjquota), and no file system of its own could be made: %s",
		why.text);
}

static bool has_image(int dir)
{
	return faccessat(dir, INS_DISK_IMAGE, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* --- both -------------------------------------------------------------------------------------------- */

/* 0: no limit. */
static uint64_t wanted(const struct ins_definition *definition)
{
	const char *size = ins_definition_get(definition, INS_SETTING_DISK);

	return size ? ins_setting_bytes(size) : 0;
}

int ins_disk_make(int dir, const char *path, const struct ins_definition *definition,
	uint32_t number, struct ins_error *err)
{
	uint64_t bytes = wanted(definition);
	int r;

	if (!has_quota(dir))
		return bytes > 0 ? make_image(dir, path, bytes, err) : 0;
	r = make_projects(dir, number, err);
	/* Whoever had the number before may have left a limit. */
	return r < 0 ? r : set_limit(dir, number, bytes, err);
}

static int change_image(
	const struct ins_partition *partition, uint64_t bytes, struct ins_error *err)
{
	char path[PATH_MAX];
	struct stat s;
	int r = ins_partition_path(partition, INS_DISK_IMAGE, path, sizeof(path), err);

	if (r < 0)
		return r;
	if (stat(path, &s) < 0)
		return ins_error_set(err, errno, "disk: look at %s", path);
	if (bytes > IMAGE_MAX)
		return ins_error_key(err, EINVAL, "disk", "at most %" PRIu64 "T", IMAGE_MAX >> 40);
	if (image_size(bytes) < (uint64_t)s.st_size)
		return ins_error_key(err, EINVAL, "disk",
			"it can only be made larger here: it is a file system of its own, which "
			"has %" PRIu64 "M",
			(uint64_t)s.st_size >> 20);
	return ins_own_image_grow(path, image_size(bytes), err);
}

int ins_disk_change(const struct ins_partition *partition, const struct ins_definition *after,
	struct ins_error *err)
{
	uint64_t bytes = wanted(after);
	char path[PATH_MAX];
	enum ins_status status;
	int r;

	if (bytes == wanted(&partition->definition))
		return 0;
	if (has_image(partition->dir))
		return change_image(partition, bytes, err);
	if (has_quota(partition->dir) && is_project(partition->dir, partition->state.number))
		return set_limit(partition->dir, partition->state.number, bytes, err);
	if (bytes == 0)
		return 0;
	r = ins_partition_status(partition, &status, NULL, err);
	if (r < 0)
		return r;
	if (status != INS_STATUS_STOPPED || ins_own_is_empty(partition, err) <= 0)
		return ins_error_key(err, ENOTSUP, "disk",
			"it was made without a limit where the library's file system has no "
			"project "
			"quotas, and has been written to since: spawn another one with --disk");
	r = ins_partition_path(partition, "", path, sizeof(path), err);
	return r < 0 ? r : ins_disk_make(partition->dir, path, after, partition->state.number, err);
}

bool ins_disk_has_image(const struct ins_partition *partition)
{
	return has_image(partition->dir);
}

int ins_disk_open_upper(const struct ins_partition *partition, struct ins_error *err)
{
	cleanup_fd int mount = -1;
	char path[PATH_MAX];
	int fd, r;

	if (has_image(partition->dir)) {
		r = ins_partition_path(partition, INS_DISK_IMAGE, path, sizeof(path), err);
		if (r < 0)
			return r;
		mount = ins_own_image_mount(path, err);
		if (mount < 0)
			return mount;
	}
	fd = openat(mount < 0 ? partition->dir : mount, mount < 0 ? "own/upper" : "upper",
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? ins_error_set(err, errno, "open the upper of partition %s", partition->name)
		      : fd;
}

int ins_disk_renew(const struct ins_partition *partition, struct ins_error *err)
{
	char path[PATH_MAX];
	int r = ins_partition_path(partition, "", path, sizeof(path), err);

	if (r == 0 && unlinkat(partition->dir, INS_DISK_IMAGE, 0) < 0 && errno != ENOENT)
		r = ins_error_set(err, errno, "disk: remove %s", INS_DISK_IMAGE);
	return r < 0 ? r
		     : ins_disk_make(partition->dir, path, &partition->definition,
			       partition->state.number, err);
}
