/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "source.h"
#include "transfer.h"
#include "verity.h"

/* The writer takes no notice of the bytes of a hole, but they have to be there, and a file may be one hole of 8 EiB. A
 * mapping that nobody reads takes no memory. */
#define ZEROS_SIZE ((size_t)1 << 40)

/* --- what is where in an archive -------------------------------------------------------------------------- */

static bool begins(const char *path, const char *prefix)
{
	return !strncmp(path, prefix, strlen(prefix));
}

/* So much of a path says which layer it is in, or that it is in the image. */
static size_t part_length(const char *path)
{
	size_t n = strcspn(path, "/");

	if (begins(path, "layers/"))
		n += 1 + strcspn(path + n + 1, "/");
	return n;
}

/* What may stand at this place, as AE_IF…; 0: anything that can be in a root; −1: nothing. */
static int kind_at(const char *path)
{
	static const struct {
		const char *path;
		int kind;
	} places[] = { { "state.json", AE_IFREG }, { "definition.json", AE_IFREG },
		{ "layers", AE_IFDIR }, { "image", AE_IFDIR }, { "image/root", AE_IFDIR },
		{ "image/image.json", AE_IFREG }, { "image/root.erofs", AE_IFREG } };

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		if (!strcmp(path, places[i].path))
			return places[i].kind;
	}
	if (begins(path, "layers/"))
		return path[part_length(path)] ? 0 : AE_IFDIR;
	return begins(path, "image/root/") ? 0 : -1;
}

/* --- packing ---------------------------------------------------------------------------------------------- */

struct packing {
	struct archive *out, *in;
	struct archive_entry_linkresolver *resolver;
	void *zeros;      /* ZEROS_SIZE */
	const char *name; /* of the part, in the archive */
	size_t prefix;    /* so much of a path on disk stands for it */
	struct ins_progress *progress;
	uint64_t bytes; /* of files so far, for people */
	uint64_t holes; /* the same, holes as if they were data */
	uint64_t entries;
};

static void close_packing(struct packing *packing)
{
	if (packing->zeros != MAP_FAILED)
		(void)munmap(packing->zeros, ZEROS_SIZE);
	(void)archive_read_free(packing->in);
	(void)archive_write_free(packing->out);
	archive_entry_linkresolver_free(packing->resolver);
}

static int failed(struct archive *archive, struct ins_error *err)
{
	const char *words = archive_error_string(archive);
	int code = archive_errno(archive);

	return ins_error_text(err, code > 0 ? code : EIO, "%s", words ? words : "it has failed");
}

/* libarchive says no more than that it was an error of writing. */
static int failed_to_write(const struct packing *packing, struct ins_error *err)
{
	const char *words = archive_error_string(packing->out);
	int code = archive_errno(packing->out);

	if (code == EPIPE)
		return ins_error_set(err, EPIPE,
			"the archive is not whole: who reads it has gone before its end");
	if (code <= 0)
		return failed(packing->out, err);
	return ins_error_set(
		err, code, "the archive is not whole: %s", words ? words : "it has failed");
}

static int begin(struct packing *packing, int fd, struct ins_error *err)
{
	packing->zeros = mmap(
		NULL, ZEROS_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (packing->zeros == MAP_FAILED)
		return ins_error_set(err, errno, "map the zeros of holes");
	packing->out = archive_write_new();
	packing->resolver = archive_entry_linkresolver_new();
	if (!packing->out || !packing->resolver)
		return ins_error_set(err, ENOMEM, "write a tar");
	if (archive_write_set_format_pax_restricted(packing->out) != ARCHIVE_OK ||
		archive_write_set_bytes_in_last_block(packing->out, 1) != ARCHIVE_OK ||
		archive_write_open_fd(packing->out, fd) != ARCHIVE_OK)
		return failed_to_write(packing, err);
	archive_entry_linkresolver_set_strategy(packing->resolver, ARCHIVE_FORMAT_TAR);
	return 0;
}

static char *name_inside(const struct packing *packing, const char *path)
{
	char *name = NULL;

	return asprintf(&name, "%s%s", packing->name, path + strnlen(path, packing->prefix)) < 0
		       ? NULL
		       : name;
}

static int rename_entry(
	const struct packing *packing, struct archive_entry *entry, struct ins_error *err)
{
	cleanup_free char *name = name_inside(packing, archive_entry_pathname(entry)), *link = NULL;

	if (archive_entry_hardlink(entry))
		link = name_inside(packing, archive_entry_hardlink(entry));
	if (!name || (archive_entry_hardlink(entry) && !link))
		return ins_error_set(err, ENOMEM, "write a tar");
	archive_entry_copy_pathname(entry, name);
	if (link)
		archive_entry_copy_hardlink(entry, link);
	return 0;
}

static int write_data(struct packing *packing, struct ins_error *err)
{
	const void *data;
	int64_t offset, written = 0;
	size_t n;
	int r;

	while ((r = archive_read_data_block(packing->in, &data, &n, &offset)) == ARCHIVE_OK) {
		if (intake_is_interrupted)
			return ins_error_text(err, ECANCELED, "interrupted");
		/* The writer leaves the holes out that the entry tells of, but wants their zeros. */
		while (written < offset) {
			size_t gap = (uint64_t)(offset - written) < ZEROS_SIZE
					     ? (size_t)(offset - written)
					     : ZEROS_SIZE;

			if (archive_write_data(packing->out, packing->zeros, gap) < 0)
				return failed_to_write(packing, err);
			written += (int64_t)gap;
		}
		if (archive_write_data(packing->out, data, n) < 0)
			return failed_to_write(packing, err);
		written += (int64_t)n;
		packing->bytes += n;
		ins_progress_at(packing->progress, packing->bytes);
	}
	return r == ARCHIVE_EOF ? 0 : failed(packing->in, err);
}

/* What could not be taken back is not given out: a guest may make its tree as deep and its holes as large as it
 * likes, and each path is written whole. */
static int check_limits(struct packing *packing, struct archive_entry *entry, struct ins_error *err)
{
	char clean[PATH_MAX];
	int r = intake_clean(archive_entry_pathname(entry), clean, err);

	if (r < 0)
		return r;
	if (packing->entries++ == INTAKE_ENTRIES)
		return ins_error_text(err, EFBIG, "there are more than %llu files",
			(unsigned long long)INTAKE_ENTRIES);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return 0;
	if ((uint64_t)archive_entry_size(entry) > INTAKE_BYTES - packing->holes)
		return ins_error_text(err, EFBIG,
			"with \"%.100s\" the files have more than %llu GiB together, their holes "
			"included",
			clean, (unsigned long long)(INTAKE_BYTES >> 30));
	packing->holes += (uint64_t)archive_entry_size(entry);
	return 0;
}

static int pack_entry(struct packing *packing, struct archive_entry *entry, struct ins_error *err)
{
	struct archive_entry *rest = NULL;
	int r;

	/* A tar has no sockets; a program makes its own. */
	if (archive_entry_filetype(entry) == AE_IFSOCK)
		return 0;
	archive_entry_linkify(packing->resolver, &entry, &rest);
	r = rename_entry(packing, entry, err);
	/* What else lies in the directory of an image, damaged content for one, is nobody's. */
	if (r == 0 && kind_at(archive_entry_pathname(entry)) < 0)
		return 0;
	if (r == 0)
		r = check_limits(packing, entry, err);
	if (r < 0)
		return r;
	if (archive_write_header(packing->out, entry) < ARCHIVE_WARN)
		return failed_to_write(packing, err);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return 0;
	return write_data(packing, err);
}

static int pack_part(struct packing *packing, const char *path, struct ins_error *err)
{
	struct archive_entry *entry;
	int r = 0, got;

	packing->in = archive_read_disk_new();
	if (!packing->in)
		return ins_error_set(err, ENOMEM, "write a tar");
	packing->prefix = strlen(path);
	(void)archive_read_disk_set_symlink_physical(packing->in);
	(void)archive_read_disk_set_behavior(
		packing->in, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS | ARCHIVE_READDISK_NO_FFLAGS);
	if (archive_read_disk_open(packing->in, path) < ARCHIVE_WARN)
		return failed(packing->in, err);
	while (r == 0 && !intake_is_interrupted) {
		entry = archive_entry_new();
		got = archive_read_next_header2(packing->in, entry);
		if (got == ARCHIVE_OK || got == ARCHIVE_WARN) {
			(void)archive_read_disk_descend(packing->in);
			r = pack_entry(packing, entry, err);
		}
		archive_entry_free(entry);
		if (got == ARCHIVE_EOF)
			break;
		if (got < ARCHIVE_WARN)
			r = failed(packing->in, err);
	}
	(void)archive_read_free(packing->in);
	packing->in = NULL;
	return r == 0 && intake_is_interrupted ? ins_error_text(err, ECANCELED, "interrupted") : r;
}

int transfer_pack(int fd, char *const *parts, struct ins_progress *progress, struct ins_error *err)
{
	cleanup_with(close_packing) struct packing packing = { .zeros = MAP_FAILED,
		.progress = progress };
	int r = begin(&packing, fd, err);

	ins_progress_stage(progress, "packing", 0);
	for (; r == 0 && *parts; parts++) {
		const char *equals = strchr(*parts, '=');
		cleanup_free char *name = strndup(*parts, strcspn(*parts, "="));

		if (!equals || !name)
			return ins_error_set(err, EINVAL, "%s", *parts);
		packing.name = name;
		r = pack_part(&packing, equals + 1, err);
	}
	if (r == 0 && archive_write_close(packing.out) != ARCHIVE_OK)
		r = failed_to_write(&packing, err);
	return r;
}

/* --- unpacking -------------------------------------------------------------------------------------------- */

static int check_link(const char *path, const char *target, struct ins_error *err)
{
	size_t n = part_length(path);

	if (strlen(target) > n && !strncmp(path, target, n) && target[n] == '/')
		return 0;
	return ins_error_text(err, EINVAL,
		"\"%.100s\" is a link to \"%.100s\", which is not its own", path, target);
}

static int put(
	void *data, struct archive *archive, struct archive_entry *entry, struct ins_error *err)
{
	const char *link = archive_entry_hardlink(entry);
	struct intake *intake = data;
	char clean[PATH_MAX], target[PATH_MAX];
	int r = intake_clean(archive_entry_pathname(entry), clean, err), kind;

	if (r < 0)
		return r;
	kind = kind_at(clean);
	if (kind < 0 || (kind > 0 && (link || (int)archive_entry_filetype(entry) != kind)))
		return ins_error_text(err, EINVAL,
			"\"%.200s\" does not belong here: it is no archive of a partition",
			clean[0] ? clean : "./");
	if (link) {
		r = intake_clean(link, target, err);
		if (r == 0)
			r = check_link(clean, target, err);
	}
	intake->is_layer = begins(clean, "layers/");
	return r < 0 ? r : intake_put(intake, clean, archive, entry, err);
}

int transfer_unpack(
	int fd, const char *directory, struct ins_progress *progress, struct ins_error *err)
{
	cleanup_fd int root = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct intake intake = { .root = root, .progress = progress };
	int r;

	if (root < 0)
		return ins_error_set(err, errno, "open %s", directory);
	source_begin(progress, fd);
	r = source_tar(fd, put, &intake, err);
	if (r == 0 && intake.entries == 0)
		r = ins_error_text(err, EINVAL, "there is nothing in it");
	if (r == 0)
		r = verity_enable(root, "image/root.erofs", err);
	return r < 0 ? ins_error_prefix(err, "the archive") : 0;
}
