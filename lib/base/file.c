/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

/* Enough for most files of procfs and sysfs in one read. */
#define FIRST_SIZE 4096

/* As read(2), but for a signal in between. */
static ssize_t read_some(int fd, char *buffer, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, buffer, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

static int read_all(int fd, const char *path, size_t expected, size_t max, char **ret_text,
	size_t *ret_size, struct ins_error *err)
{
	/* One byte more than the file is said to have, so that the read which finds its end has
	 * room, and one for the zero. */
	size_t capacity = expected > 0 ? expected + 2 : FIRST_SIZE;
	cleanup_free char *text = malloc(capacity);
	size_t size = 0;

	if (!text)
		return ins_error_set(err, ENOMEM, "read %s", path);
	for (;;) {
		ssize_t n;

		if (size + 1 == capacity) {
			char *larger = realloc(text, capacity * 2);

			if (!larger)
				return ins_error_set(err, ENOMEM, "read %s", path);
			text = larger;
			capacity *= 2;
		}
		n = read_some(fd, text + size, capacity - 1 - size);
		if (n < 0)
			return ins_error_set(err, errno, "read %s", path);
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > max)
			return ins_error_text(err, EFBIG, "%s: larger than %zu bytes", path, max);
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_size)
		*ret_size = size;
	return 0;
}

int ins_file_read(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_size,
	struct ins_error *err)
{
	/* Without O_NONBLOCK the open of a fifo waits for a writer. */
	cleanup_fd int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return ins_error_set(err, errno, "open %s", path);
	if (fstat(fd, &st) < 0)
		return ins_error_set(err, errno, "stat %s", path);
	if (S_ISDIR(st.st_mode))
		return ins_error_set(err, EISDIR, "read %s", path);
	if (!S_ISREG(st.st_mode))
		return ins_error_text(err, EINVAL, "%s: not a regular file", path);
	if (st.st_size < 0 || (uintmax_t)st.st_size > max)
		return ins_error_text(err, EFBIG, "%s: larger than %zu bytes", path, max);
	return read_all(fd, path, (size_t)st.st_size, max, ret_text, ret_size, err);
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int replace(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
	bool durable, struct ins_error *err)
{
	char temporary[PATH_MAX];
	uint32_t random;
	cleanup_fd int fd = -1;
	int n, r;

	/* GRND_INSECURE (Linux 5.6) never blocks; O_EXCL below is what makes the name safe. */
	if (getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return ins_error_set(err, errno, "write %s: no random name", path);
	n = snprintf(temporary, sizeof(temporary), "%s.%08x.tmp", path, random);
	if (n < 0 || (size_t)n >= sizeof(temporary))
		return ins_error_set(err, ENAMETOOLONG, "write %s", path);
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return ins_error_set(err, errno, "write %s", path);
	r = write_all(fd, data, size);
	/* Else the new name could reach the disk before what it names. */
	if (r == 0 && durable && fdatasync(fd) < 0)
		r = -errno;
	/* A network filesystem may say only now that there was no room. */
	if (r == 0 && close(TAKE_FD(fd)) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, temporary, 0);
		return ins_error_set(err, -r, "write %s", path);
	}
	return 0;
}

int ins_file_write(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
	struct ins_error *err)
{
	return replace(dirfd, path, data, size, mode, false, err);
}

int ins_file_write_durable(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
	struct ins_error *err)
{
	return replace(dirfd, path, data, size, mode, true, err);
}
