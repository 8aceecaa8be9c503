/* SPDX-License-Identifier: Apache-2.0 */
/* What guests say: from their fifos to their logs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper.h"
#include "text.h"

/* A log that is larger becomes log.1. */
#define LOG_SIZE ((off_t)1 << 20)

int output_open(struct keeper *keeper, struct guest *guest)
{
	char path[sizeof("output/") + NAME_SIZE];
	int r;

	if (guest->fifo >= 0)
		return 0;
	text_join(path, sizeof(path), "output/", guest->name);
	if (mkfifoat(keeper->dir, path, 0600) < 0 && errno != EEXIST)
		return -errno;
	/* Also for writing: there is no end of file when the guest has none of it open. */
	guest->fifo = openat(keeper->dir, path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (guest->fifo < 0)
		return -errno;
	r = keeper_watch(keeper, guest->fifo, SOURCE_OUTPUT, (size_t)(guest - keeper->guests));
	if (r < 0) {
		close(guest->fifo);
		guest->fifo = -1;
	}
	return r;
}

static int open_log(int dir, off_t *ret_size)
{
	int fd = openat(dir, "log",
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*ret_size = st.st_size;
	return fd;
}

/* What cannot be written is lost: a full disk is not to hold the guest. */
static void append(int dir, const char *text, size_t n)
{
	off_t size;
	int fd = open_log(dir, &size);
	const char *line;
	size_t first = n;

	if (fd < 0)
		return;
	/* The cut is behind a line, if there is one. */
	if (size + (off_t)n > LOG_SIZE) {
		line = memrchr(text, '\n', n);
		first = line ? (size_t)(line + 1 - text) : size > LOG_SIZE ? 0 : n;
	}
	if (write(fd, text, first) < 0)
		first = n;
	close(fd);
	if (size + (off_t)first <= LOG_SIZE && first == n)
		return;
	(void)renameat(dir, "log", dir, "log.1");
	fd = open_log(dir, &size);
	if (fd < 0)
		return;
	if (write(fd, text + first, n - first) < 0)
		errno = 0;
	close(fd);
}

void output_log(const struct keeper *keeper, const struct guest *guest, const char *text, size_t n)
{
	char path[PATH_MAX];
	int dir;

	if (keeper->is_alone) {
		if (write(STDOUT_FILENO, text, n) < 0)
			errno = 0;
		return;
	}
	/* Not held open: who has removed all partitions may unmount the library. */
	text_join(path, sizeof(path), keeper->library, "/partitions/", guest->name);
	dir = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return;
	append(dir, text, n);
	close(dir);
}

bool output_take(struct keeper *keeper, const struct guest *guest)
{
	ssize_t n = read(guest->fifo, keeper->buffer, sizeof(keeper->buffer));

	if (n <= 0)
		return false;
	output_log(keeper, guest, keeper->buffer, (size_t)n);
	return n == sizeof(keeper->buffer);
}
