/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each thing goes in with its length before it or with a length that is known, so that no two trees have
 * the same bytes. Names are sorted by their bytes: file systems list them in orders of their own.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "digest.h"
#include "intake.h"
#include "verity.h"

#define BUFFER_SIZE     ((size_t)256 << 10)
#define ATTRIBUTES_SIZE ((size_t)64 << 10) /* the kernel's own limit, of a list and of a value */

struct digest {
	struct sha256_ctx sha;
	uint64_t size; /* of all files so far */
	struct ins_progress *progress;
	uint8_t *buffer;     /* BUFFER_SIZE */
	char *names, *value; /* ATTRIBUTES_SIZE each */
};

static void digest_free(struct digest *digest)
{
	free(digest->buffer);
	free(digest->names);
	free(digest->value);
}

static int digest_start(struct digest *digest, struct ins_error *err)
{
	sha256_init(&digest->sha);
	digest->buffer = malloc(BUFFER_SIZE);
	digest->names = malloc(ATTRIBUTES_SIZE);
	digest->value = malloc(ATTRIBUTES_SIZE);
	return digest->buffer && digest->names && digest->value
		       ? 0
		       : ins_error_set(err, ENOMEM, "compute a digest");
}

static void digest_end(struct digest *digest, char text[DIGEST_SIZE])
{
	uint8_t raw[SHA256_DIGEST_SIZE];

	sha256_digest(&digest->sha, sizeof(raw), raw);
	text += sprintf(text, DIGEST_PREFIX);
	for (size_t i = 0; i < sizeof(raw); i++)
		text += sprintf(text, "%02x", raw[i]);
}

static void feed_number(struct digest *digest, uint64_t number)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (56 - 8 * i));
	sha256_update(&digest->sha, sizeof(bytes), bytes);
}

static void feed(struct digest *digest, const void *data, size_t size)
{
	feed_number(digest, size);
	sha256_update(&digest->sha, size, data);
}

/* @verity: takes them instead; NULL. */
static int feed_bytes(struct digest *digest, int fd, struct verity *verity, struct ins_error *err)
{
	uint64_t size = 0;
	ssize_t n;

	while ((n = pread(fd, digest->buffer, BUFFER_SIZE, (off_t)size)) != 0) {
		if (intake_is_interrupted)
			return ins_error_text(err, ECANCELED, "interrupted");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ins_error_set(err, errno, "read");
		if (verity)
			verity_feed(verity, digest->buffer, (size_t)n);
		else
			sha256_update(&digest->sha, (size_t)n, digest->buffer);
		size += (uint64_t)n;
		digest->size += (uint64_t)n;
		ins_progress_at(digest->progress, digest->size);
	}
	return 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int feed_attributes(struct digest *digest, int fd, struct ins_error *err)
{
	const char *list[256];
	size_t count = 0;
	ssize_t n = flistxattr(fd, digest->names, ATTRIBUTES_SIZE);

	if (n < 0 && errno != ENOTSUP)
		return ins_error_set(err, errno, "list the extended attributes");
	for (const char *name = digest->names; name < digest->names + (n < 0 ? 0 : n);
		name += strlen(name) + 1) {
		if (!intake_keeps(name))
			continue;
		if (count == ARRAY_LENGTH(list))
			return ins_error_text(err, E2BIG,
				"it has more than %zu extended attributes", ARRAY_LENGTH(list));
		list[count++] = name;
	}
	qsort(list, count, sizeof(list[0]), by_bytes);
	feed_number(digest, count);
	for (size_t i = 0; i < count; i++) {
		n = fgetxattr(fd, list[i], digest->value, ATTRIBUTES_SIZE);
		if (n < 0)
			return ins_error_set(err, errno, "read the extended attribute %s", list[i]);
		feed(digest, list[i], strlen(list[i]));
		feed(digest, digest->value, (size_t)n);
	}
	return 0;
}

static int feed_link(struct digest *digest, int dir, const char *name, struct ins_error *err)
{
	ssize_t n = readlinkat(dir, name, (char *)digest->buffer, BUFFER_SIZE);

	if (n < 0)
		return ins_error_set(err, errno, "read the symbolic link");
	feed(digest, digest->buffer, (size_t)n);
	return 0;
}

static int feed_file(struct digest *digest, int fd, const struct stat *s, struct ins_error *err)
{
	int r = feed_attributes(digest, fd, err);

	if (r < 0)
		return r;
	feed_number(digest, (uint64_t)s->st_size);
	return feed_bytes(digest, fd, NULL, err);
}

static int feed_entry(
	struct digest *digest, int dir, const char *name, int depth, struct ins_error *err);

static int is_entry(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int feed_directory(struct digest *digest, int fd, int depth, struct ins_error *err)
{
	struct dirent **entries;
	int n, r = feed_attributes(digest, fd, err);

	if (r < 0)
		return r;
	n = scandirat(fd, ".", &entries, is_entry, by_name);
	if (n < 0)
		return ins_error_set(err, errno, "list");
	feed_number(digest, (uint64_t)n);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = feed_entry(digest, fd, entries[i]->d_name, depth + 1, err);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int feed_entry(
	struct digest *digest, int dir, const char *name, int depth, struct ins_error *err)
{
	cleanup_fd int fd = -1;
	struct stat s;
	int r = 0;

	if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return ins_error_set(err, errno, "stat of %.200s", name);
	if (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)) {
		fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &s) < 0)
			return ins_error_set(err, errno, "open %.200s", name);
	}
	feed(digest, name, strlen(name));
	feed_number(digest, s.st_mode);
	feed_number(digest, s.st_uid);
	feed_number(digest, s.st_gid);
	if (S_ISREG(s.st_mode))
		r = feed_file(digest, fd, &s, err);
	else if (S_ISLNK(s.st_mode))
		r = feed_link(digest, dir, name, err);
	else if (S_ISDIR(s.st_mode))
		r = depth > INTAKE_DEPTH + 1 ? ins_error_text(err, EINVAL, "too deep")
					     : feed_directory(digest, fd, depth, err);
	else
		feed_number(digest, s.st_rdev);
	if (r < 0 && r != -ECANCELED)
		ins_error_prefix(err, "%.100s", name);
	return r;
}

/* Its digest is the one of fs-verity, so that where the kernel knows that, nothing has to be read. */
static int feed_erofs(struct digest *digest, int image, bool measured, struct ins_error *err)
{
	cleanup_fd int fd = openat(image, "root.erofs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t value[SHA256_DIGEST_SIZE];
	struct verity verity;
	struct stat s;
	int r = 0;

	if (fd < 0 || fstat(fd, &s) < 0)
		return ins_error_set(err, errno, "open root.erofs");
	if (!measured || !verity_measured(fd, value)) {
		verity_start(&verity);
		r = feed_bytes(digest, fd, &verity, err);
		verity_end(&verity, value);
	}
	digest->size = (uint64_t)s.st_size;
	feed(digest, "root.erofs", strlen("root.erofs"));
	feed(digest, value, sizeof(value));
	return r;
}

int digest_image(int image, const json_t *config, bool measured, struct ins_progress *progress,
	char ret_digest[DIGEST_SIZE], uint64_t *ret_size, struct ins_error *err)
{
	cleanup_with(digest_free) struct digest digest = { .progress = progress };
	cleanup_free char *text =
		config ? json_dumps(config, JSON_SORT_KEYS | JSON_COMPACT) : strdup("");
	bool is_erofs = faccessat(image, "root.erofs", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	int r = digest_start(&digest, err);

	if (r == 0 && !text)
		r = ins_error_set(err, ENOMEM, "compute a digest");
	if (r == 0)
		r = is_erofs ? feed_erofs(&digest, image, measured, err)
			     : feed_entry(&digest, image, "root", 0, err);
	if (r < 0)
		return r;
	feed(&digest, text, strlen(text));
	digest_end(&digest, ret_digest);
	if (ret_size)
		*ret_size = digest.size;
	return 0;
}

int digest_file(int fd, char ret_digest[DIGEST_SIZE], struct ins_error *err)
{
	struct ins_progress none = { 0 };
	cleanup_with(digest_free) struct digest digest = { .progress = &none };
	int r = digest_start(&digest, err);

	if (r == 0)
		r = feed_bytes(&digest, fd, NULL, err);
	if (r == 0)
		digest_end(&digest, ret_digest);
	return r;
}
