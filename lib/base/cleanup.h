/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one cleanup idiom: a local that owns something carries an attribute, and giving it away is
 * written TAKE_PTR() or TAKE_FD(). Destructors accept NULL and −1 and keep errno.
 */
#ifndef INSULA_BASE_CLEANUP_H
#define INSULA_BASE_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#define cleanup_with(fn) __attribute__((cleanup(fn)))

/* ins_close - close @fd unless it is negative; errno is kept. Return: −1, for `fd = ins_close(fd)`. */
static inline int ins_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
	}
	return -1;
}

static inline void ins_cleanup_fd(int *fd)
{
	*fd = ins_close(*fd);
}

static inline void ins_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void ins_cleanup_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static inline void ins_cleanup_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

#define cleanup_fd   cleanup_with(ins_cleanup_fd)
#define cleanup_free cleanup_with(ins_cleanup_free)
#define cleanup_file cleanup_with(ins_cleanup_file)
#define cleanup_dir  cleanup_with(ins_cleanup_dir)

#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int *taken_from_ = &(fd);                                                          \
		int taken_ = *taken_from_;                                                         \
		*taken_from_ = -1;                                                                 \
		taken_;                                                                            \
	})

#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		typeof(pointer) *taken_from_ = &(pointer);                                         \
		typeof(pointer) taken_ = *taken_from_;                                             \
		*taken_from_ = NULL;                                                               \
		taken_;                                                                            \
	})

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif
