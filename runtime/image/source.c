/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and tars, read by libarchive. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "source.h"

#define BLOCK_SIZE ((size_t)64 << 10)

static void free_reader(struct archive **archive)
{
	(void)archive_read_free(*archive);
}

static void free_resolver(struct archive_entry_linkresolver **resolver)
{
	archive_entry_linkresolver_free(*resolver);
}

static int broken(struct archive *archive, struct ins_error *err)
{
	const char *words = archive_error_string(archive);

	return ins_error_text(err, EINVAL, "%s", words ? words : "it cannot be read");
}

/* --- tar ------------------------------------------------------------------------------------------------ */

/* Not what libarchive would start other programs for. */
static int open_tar(struct archive *archive, int fd)
{
	static int (*const filters[])(struct archive *) = {
		archive_read_support_filter_gzip,
		archive_read_support_filter_bzip2,
		archive_read_support_filter_xz,
		archive_read_support_filter_lzma,
		archive_read_support_filter_zstd,
		archive_read_support_filter_lz4,
		archive_read_support_filter_compress,
	};

	for (size_t i = 0; i < ARRAY_LENGTH(filters); i++)
		(void)filters[i](archive);
	if (archive_read_support_format_tar(archive) != ARCHIVE_OK)
		return -1;
	return archive_read_open_fd(archive, fd, BLOCK_SIZE) < ARCHIVE_WARN ? -1 : 0;
}

void source_begin(struct ins_progress *progress, int fd)
{
	struct stat s;

	ins_progress_stage(progress, "unpacking",
		fstat(fd, &s) == 0 && S_ISREG(s.st_mode) ? (uint64_t)s.st_size : 0);
}

int source_tar(int fd, source_entry_fn *visit, void *data, struct ins_error *err)
{
	cleanup_with(free_reader) struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	int r = 0, got;

	if (!archive)
		return ins_error_set(err, ENOMEM, "read a tar");
	if (open_tar(archive, fd) < 0)
		return broken(archive, err);
	while (r == 0) {
		got = archive_read_next_header(archive, &entry);
		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			return broken(archive, err);
		r = visit(data, archive, entry, err);
	}
	return r;
}

int source_tar_put(
	void *data, struct archive *archive, struct archive_entry *entry, struct ins_error *err)
{
	return intake_put(data, NULL, archive, entry, err);
}

/* --- directory -------------------------------------------------------------------------------------------- */

/* libarchive puts the directory's own path before each. */
static const char *strip(const char *path, size_t prefix)
{
	path += strnlen(path, prefix);
	path += strspn(path, "/");
	return *path ? path : ".";
}

static int put_from_disk(struct intake *intake, struct archive *archive,
	struct archive_entry_linkresolver *resolver, struct archive_entry *entry, size_t prefix,
	struct ins_error *err)
{
	struct archive_entry *rest = NULL;
	cleanup_free char *link = NULL;

	archive_entry_linkify(resolver, &entry, &rest);
	if (archive_entry_hardlink(entry)) {
		link = strdup(strip(archive_entry_hardlink(entry), prefix));
		if (!link)
			return ins_error_set(err, ENOMEM, "copy a directory");
		archive_entry_copy_hardlink(entry, link);
	}
	return intake_put(
		intake, strip(archive_entry_pathname(entry), prefix), archive, entry, err);
}

static int put_directory(struct intake *intake, const char *path, struct ins_error *err)
{
	cleanup_with(free_reader) struct archive *archive = archive_read_disk_new();
	cleanup_with(free_resolver) struct archive_entry_linkresolver *resolver =
		archive_entry_linkresolver_new();
	int r = 0;

	if (!archive || !resolver)
		return ins_error_set(err, ENOMEM, "copy a directory");
	archive_entry_linkresolver_set_strategy(resolver, ARCHIVE_FORMAT_TAR);
	(void)archive_read_disk_set_symlink_physical(archive);
	(void)archive_read_disk_set_behavior(archive, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS |
							      ARCHIVE_READDISK_NO_ACL |
							      ARCHIVE_READDISK_NO_FFLAGS);
	if (archive_read_disk_open(archive, path) < ARCHIVE_WARN)
		return broken(archive, err);
	while (r == 0) {
		struct archive_entry *entry = archive_entry_new();
		int got;

		if (!entry)
			return ins_error_set(err, ENOMEM, "copy a directory");
		got = archive_read_next_header2(archive, entry);
		if (got >= ARCHIVE_WARN && got != ARCHIVE_EOF) {
			(void)archive_read_disk_descend(archive);
			r = put_from_disk(intake, archive, resolver, entry, strlen(path), err);
		} else if (got != ARCHIVE_EOF) {
			r = broken(archive, err);
		}
		archive_entry_free(entry);
		if (got == ARCHIVE_EOF)
			break;
	}
	return r;
}

/*
 * Whose directory it is may put a link in the place of a file between libarchive's look at it and its opening: to what
 * only we may read. Seen through a mount of its own, which is attached nowhere, no link in it is followed, and no
 * device opened. Who may not mount has nothing to lose. Return: an fd, −EPERM, −errno.
 */
static int open_without_links(const char *path, struct ins_error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSYMFOLLOW | MOUNT_ATTR_NODEV };
	cleanup_fd int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 && errno == EPERM)
		return -EPERM;
	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return ins_error_set(err, errno, "look at it through a mount of its own");
	return TAKE_FD(fd);
}

int source_directory(struct intake *intake, const char *path, struct ins_error *err)
{
	cleanup_fd int mount = open_without_links(path, err);
	char own[sizeof("/proc/self/fd//.") + 3 * sizeof(int)];

	if (mount < 0)
		return mount == -EPERM ? put_directory(intake, path, err) : mount;
	snprintf(own, sizeof(own), "/proc/self/fd/%d/.", mount);
	return put_directory(intake, own, err);
}
