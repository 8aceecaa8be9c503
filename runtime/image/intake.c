/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "intake.h"

volatile int intake_is_interrupted;

/* --- paths -------------------------------------------------------------------------------------- */

int intake_clean(const char *path, char clean[PATH_MAX], struct ins_error *err)
{
	const char *whole = path;
	size_t used = 0, depth = 0;

	if (!path || !*path || *path == '/')
		return ins_error_text(
			err, EINVAL, "\"%.200s\": a path has to be relative", path ? path : "");
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !strncmp(path, "..", 2))
			return ins_error_text(
				err, EINVAL, "\"%.200s\" would lead out of the image", whole);
		if (n > NAME_MAX || used + n + 2 > PATH_MAX || depth > INTAKE_DEPTH)
			return ins_error_text(err, EINVAL,
				"\"%.100s…\" is too long or deeper than %d directories", whole,
				INTAKE_DEPTH);
		if (n > 0 && !(n == 1 && *path == '.')) {
			if (used > 0)
				clean[used++] = '/';
			memcpy(clean + used, path, n);
			used += n;
			depth++;
		}
		path += n + (path[n] == '/');
	}
	clean[used] = '\0';
	return 0;
}

/* The kernel itself sees that the way stays inside, whatever changes meanwhile. */
static int open_inside(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};

	return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof(how));
}

static int make_parents(int root, const char *path)
{
	char part[PATH_MAX];

	for (size_t i = 1; i <= strlen(path); i++) {
		cleanup_fd int above = -1;
		const char *name;

		if (path[i] && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		name = strrchr(part, '/');
		if (name)
			part[name - part] = '\0';
		above = open_inside(root, name ? part : "");
		if (above < 0)
			return -1;
		if (mkdirat(above, name ? name + 1 : part, 0755) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

int intake_parent(const struct intake *intake, const char *clean, bool make, int *ret_fd,
	const char **ret_name, struct ins_error *err)
{
	const char *slash = strrchr(clean, '/');
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%.*s", slash ? (int)(slash - clean) : 0, clean);
	fd = open_inside(intake->root, path);
	if (fd < 0 && errno == ENOENT && !make)
		return -ENOENT;
	if (fd < 0 && errno == ENOENT && make_parents(intake->root, path) == 0)
		fd = open_inside(intake->root, path);
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return ins_error_text(err, EINVAL,
			"its way goes through a symbolic link, or through what is no directory");
	if (fd < 0)
		return ins_error_set(err, errno, "make its directory");
	*ret_fd = fd;
	*ret_name = slash ? slash + 1 : clean;
	return 0;
}

int intake_take_away(int parent, const char *name, struct ins_error *err)
{
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return ins_error_set(err, errno, "replace \"%.200s\"", name);
	return ins_tree_remove(parent, name, err);
}

/* --- what an entry is besides its content -------------------------------------------------------------- */

bool intake_keeps(const char *attribute)
{
	/* Those of an overlay would hide or redirect files once the image is a layer of one. */
	if (!strncmp(attribute, "user.", strlen("user.")))
		return strncmp(attribute, "user.overlay.", strlen("user.overlay.")) != 0;
	return !strcmp(attribute, "security.capability");
}

/*
 * What a layer hides, and where a directory was before it was renamed. The kernel takes no ".." there, but it
 * would tell of an I/O error. The other attributes name files by handles, which are others here.
 */
static bool layer_keeps(const char *name, const char *value, size_t size)
{
	if (!strcmp(name, "trusted.overlay.opaque"))
		return size == 1 && *value == 'y';
	return !strcmp(name, "trusted.overlay.redirect") && size > 0 && size < PATH_MAX &&
	       !memchr(value, '\0', size) && !memmem(value, size, "..", 2);
}

static int set_attributes(
	const struct intake *intake, int fd, struct archive_entry *entry, struct ins_error *err)
{
	const char *name;
	const void *value;
	size_t size;

	(void)archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK) {
		if ((intake_keeps(name) || (intake->is_layer && layer_keeps(name, value, size))) &&
			fsetxattr(fd, name, value, size, 0) < 0)
			return ins_error_set(err, errno, "set the extended attribute %s", name);
	}
	return 0;
}

static struct timespec time_of(struct archive_entry *entry)
{
	if (!archive_entry_mtime_is_set(entry))
		return (struct timespec){ 0 };
	return (struct timespec){ archive_entry_mtime(entry), archive_entry_mtime_nsec(entry) };
}

/* chown takes set-id bits and capabilities away: it comes first. */
static int set_metadata(
	const struct intake *intake, int fd, struct archive_entry *entry, struct ins_error *err)
{
	struct timespec times[2] = { time_of(entry), time_of(entry) };
	int r;

	if (fchown(fd, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry)) < 0)
		return ins_error_set(err, errno, "set the owner");
	if (fchmod(fd, archive_entry_perm(entry) & 07777) < 0)
		return ins_error_set(err, errno, "set the mode");
	r = set_attributes(intake, fd, entry, err);
	if (r == 0 && futimens(fd, times) < 0)
		r = ins_error_set(err, errno, "set the time");
	return r;
}

static int set_metadata_at(
	int parent, const char *name, struct archive_entry *entry, struct ins_error *err)
{
	struct timespec times[2] = { time_of(entry), time_of(entry) };

	if (fchownat(parent, name, (uid_t)archive_entry_uid(entry), (gid_t)archive_entry_gid(entry),
		    AT_SYMLINK_NOFOLLOW) < 0)
		return ins_error_set(err, errno, "set the owner");
	if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return ins_error_set(err, errno, "set the time");
	return 0;
}

/* --- content -------------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *data, size_t size, int64_t offset)
{
	while (size > 0) {
		ssize_t n = pwrite(fd, data, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
		offset += n;
	}
	return 0;
}

/* @size: where the file ends so far. */
static int grow(struct intake *intake, int64_t *size, int64_t end, struct ins_error *err)
{
	if (end <= *size)
		return 0;
	if ((uint64_t)(end - *size) > INTAKE_BYTES - intake->bytes)
		return ins_error_text(err, EFBIG, "the files have more than %llu GiB together",
			(unsigned long long)(INTAKE_BYTES >> 30));
	intake->bytes += (uint64_t)(end - *size);
	*size = end;
	return 0;
}

static int copy_data(struct intake *intake, struct archive *archive, struct archive_entry *entry,
	int fd, struct ins_error *err)
{
	int64_t size = 0, offset;
	const void *data;
	size_t n;
	int r = archive_entry_size_is_set(entry)
			? grow(intake, &size, archive_entry_size(entry), err)
			: 0;

	while (r == 0) {
		int got = archive_read_data_block(archive, &data, &n, &offset);

		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			return ins_error_text(err, EINVAL, "%s", archive_error_string(archive));
		if (intake_is_interrupted)
			return ins_error_text(err, ECANCELED, "interrupted");
		r = n <= (size_t)INTAKE_BYTES && offset <= (int64_t)INTAKE_BYTES && offset >= 0
			    ? grow(intake, &size, offset + (int64_t)n, err)
			    : ins_error_text(err, EFBIG, "too large");
		if (r == 0) {
			r = write_all(fd, data, n, offset);
			if (r < 0)
				ins_error_set(err, -r, "write");
		}
		ins_progress_at(intake->progress,
			intake->progress->total > 0 ? (uint64_t)archive_filter_bytes(archive, -1)
						    : intake->bytes);
	}
	/* A hole may be the last that it has. */
	if (r == 0 && ftruncate(fd, size) < 0)
		r = ins_error_set(err, errno, "write");
	return r;
}

static int put_file(struct intake *intake, int parent, const char *name, struct archive *archive,
	struct archive_entry *entry, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "make the file");
	r = copy_data(intake, archive, entry, fd, err);
	return r < 0 ? r : set_metadata(intake, fd, entry, err);
}

static int put_directory(const struct intake *intake, int parent, const char *name,
	struct archive_entry *entry, struct ins_error *err)
{
	cleanup_fd int fd = -1;
	struct stat s;
	int r = 0;

	if (fstatat(parent, name, &s, AT_SYMLINK_NOFOLLOW) == 0 && !S_ISDIR(s.st_mode))
		r = intake_take_away(parent, name, err);
	if (r < 0)
		return r;
	if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make the directory");
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? ins_error_set(err, errno, "open the directory")
		      : set_metadata(intake, fd, entry, err);
}

/* The other name has to be in the image, too. */
static int put_hard_link(const struct intake *intake, int parent, const char *name,
	const char *clean, const char *target, struct ins_error *err)
{
	cleanup_fd int other = -1;
	const char *other_name;
	char path[PATH_MAX];
	int r = intake_clean(target, path, err);

	if (r < 0 || !strcmp(path, clean))
		return r;
	r = intake_parent(intake, path, false, &other, &other_name, err);
	if (r == 0)
		r = intake_take_away(parent, name, err);
	if (r == 0 && linkat(other, other_name, parent, name, 0) < 0)
		r = -errno;
	if (r == -ENOENT)
		return ins_error_text(
			err, EINVAL, "a hard link to \"%.200s\", which is not there", path);
	return r < 0 ? ins_error_set(err, -r, "link it to \"%.200s\"", path) : 0;
}

static bool is_whiteout(const struct intake *intake, struct archive_entry *entry)
{
	return intake->is_layer && archive_entry_filetype(entry) == AE_IFCHR &&
	       archive_entry_rdevmajor(entry) == 0 && archive_entry_rdevminor(entry) == 0;
}

static int put_whiteout(
	int parent, const char *name, struct archive_entry *entry, struct ins_error *err)
{
	int r = intake_take_away(parent, name, err);

	if (r == 0 && mknodat(parent, name, S_IFCHR, 0) < 0)
		r = ins_error_set(err, errno, "make what hides a file");
	return r < 0 ? r : set_metadata_at(parent, name, entry, err);
}

static int leave_out(struct intake *intake, const char *clean)
{
	if (intake->devices++ == 0)
		snprintf(intake->device, sizeof(intake->device), "%.200s", clean);
	return 0;
}

static int put_kind(struct intake *intake, int parent, const char *name, struct archive *archive,
	struct archive_entry *entry, struct ins_error *err)
{
	const char *target = archive_entry_symlink(entry);
	int r = intake_take_away(parent, name, err);

	if (r < 0)
		return r;
	if (archive_entry_filetype(entry) == AE_IFREG)
		return put_file(intake, parent, name, archive, entry, err);
	if (archive_entry_filetype(entry) == AE_IFIFO) {
		if (mkfifoat(parent, name, 0600) < 0)
			return ins_error_set(err, errno, "make the fifo");
		if (fchmodat(parent, name, archive_entry_perm(entry) & 07777, 0) < 0)
			return ins_error_set(err, errno, "set the mode");
		return set_metadata_at(parent, name, entry, err);
	}
	if (archive_entry_filetype(entry) != AE_IFLNK || !target)
		return ins_error_text(err, EINVAL, "it is of an unknown kind");
	if (symlinkat(target, parent, name) < 0)
		return ins_error_set(err, errno, "make the symbolic link");
	return set_metadata_at(parent, name, entry, err);
}

static int check_entry(struct intake *intake, struct archive_entry *entry, struct ins_error *err)
{
	int64_t uid = archive_entry_uid(entry), gid = archive_entry_gid(entry);

	if (intake_is_interrupted)
		return ins_error_text(err, ECANCELED, "interrupted");
	if (uid < 0 || uid >= INTAKE_IDS || gid < 0 || gid >= INTAKE_IDS)
		return ins_error_text(err, EINVAL,
			"it belongs to %lld:%lld, and a partition has the ids from 0 to %d",
			(long long)uid, (long long)gid, INTAKE_IDS - 1);
	if (++intake->entries > INTAKE_ENTRIES)
		return ins_error_text(
			err, EFBIG, "more than %llu files", (unsigned long long)INTAKE_ENTRIES);
	return 0;
}

static int put_entry(struct intake *intake, const char *clean, struct archive *archive,
	struct archive_entry *entry, struct ins_error *err)
{
	const char *link = archive_entry_hardlink(entry), *name;
	cleanup_fd int parent = -1;
	unsigned int type = archive_entry_filetype(entry);
	int r = check_entry(intake, entry, err);

	if (r < 0)
		return r;
	if (!*clean)
		return type == AE_IFDIR ? put_directory(intake, intake->root, ".", entry, err)
					: ins_error_text(err, EINVAL, "it is no directory");
	/* A partition's /dev is made when it starts; and 0:0 is how an overlay hides a file. */
	if (!link && (type == AE_IFCHR || type == AE_IFBLK || type == AE_IFSOCK) &&
		!is_whiteout(intake, entry))
		return leave_out(intake, clean);
	r = intake_parent(intake, clean, true, &parent, &name, err);
	if (r < 0)
		return r;
	if (link)
		return put_hard_link(intake, parent, name, clean, link, err);
	if (type == AE_IFDIR)
		return put_directory(intake, parent, name, entry, err);
	if (type == AE_IFCHR)
		return put_whiteout(parent, name, entry, err);
	return put_kind(intake, parent, name, archive, entry, err);
}

int intake_put(struct intake *intake, const char *path, struct archive *archive,
	struct archive_entry *entry, struct ins_error *err)
{
	char clean[PATH_MAX];
	int r = intake_clean(path ? path : archive_entry_pathname(entry), clean, err);

	if (r < 0)
		return r;
	r = put_entry(intake, clean, archive, entry, err);
	if (r < 0 && r != -ECANCELED)
		ins_error_prefix(err, "%.200s", *clean ? clean : ".");
	return r;
}
