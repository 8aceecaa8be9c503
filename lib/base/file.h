/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files of the host in and out of memory. Not for paths inside a guest. */
#ifndef INSULA_BASE_FILE_H
#define INSULA_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "insula.h"

/**
 * ins_file_read - read a whole regular file
 * @dirfd: what a relative @path starts from, or AT_FDCWD
 * @max: more bytes than this are an error
 * @ret_text: the content with a zero byte after it, to be freed with free()
 * @ret_size: its length without that; NULL if not wanted
 *
 * Never blocks on what only looks like a file: the kind is checked before the first read. Files of
 * procfs and sysfs, which claim to be empty, are read to their end.
 *
 * Return: 0, −EFBIG (more than @max), −EINVAL (not a regular file), −errno of open or read.
 */
int ins_file_read(int dirfd, const char *path, size_t max, char **ret_text, size_t *ret_size,
	struct ins_error *err);

/**
 * ins_file_write - make or replace a file, so that others see all of the new content or the old
 * @mode: permissions, the umask applies
 *
 * Writes a file with a random name, @path with ".XXXXXXXX.tmp" after it, and renames it. Atomic
 * against other processes and against being killed (then the temporary file may be left), not
 * against a power failure: nothing is synced.
 *
 * Return: 0 or −errno; on failure nothing is changed.
 */
int ins_file_write(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
	struct ins_error *err);

/* ins_file_write_durable - the same, and after a power failure, too, it is the old content or the new. */
int ins_file_write_durable(int dirfd, const char *path, const void *data, size_t size, mode_t mode,
	struct ins_error *err);

#endif
