/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from outside become an image's. Whoever made the archive may have meant harm: no path leaves the
 * directory, none goes through a symbolic link, and what an image cannot have is left out or refused.
 */
#ifndef IMAGE_INTAKE_H
#define IMAGE_INTAKE_H

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/progress.h"
#include "insula.h"

/* What one image may have at most. */
#define INTAKE_BYTES   ((uint64_t)64 << 30)
#define INTAKE_ENTRIES ((uint64_t)4 << 20)
#define INTAKE_DEPTH   128
#define INTAKE_IDS     65536

struct intake {
	int root;                /* the directory that is filled; the caller's */
	uint64_t bytes, entries; /* so far; holes count as if they were data */
	uint64_t devices;        /* left out */
	char device[256];        /* the first of them */
	bool is_layer;           /* it is no image, but a layer: with what an overlay notes in one */
	struct ins_progress *progress; /* by what was read of an archive, or else by @bytes */
};

/**
 * intake_put - one entry of an archive
 * @path: of the entry, relative; NULL: the entry's own
 *
 * An entry in the place of another one replaces it, a directory keeps what it has. Return: 0, −EINVAL (the
 * message names the path), −EFBIG, −ECANCELED, −errno.
 */
int intake_put(struct intake *intake, const char *path, struct archive *archive,
	struct archive_entry *entry, struct ins_error *err);

/* intake_clean - @path without "." and double slashes; "" is the directory itself. Return: 0, −EINVAL: it is
 * absolute, has a "..", or is too deep. */
int intake_clean(const char *path, char clean[PATH_MAX], struct ins_error *err);

/**
 * intake_parent - the directory that holds what a clean path names
 * @make: with those that are missing
 * @ret_fd: O_PATH, to be closed
 * @ret_name: inside @clean
 *
 * Return: 0, −ENOENT (no error is recorded), −EINVAL (a link, or no directory), −errno.
 */
int intake_parent(const struct intake *intake, const char *clean, bool make, int *ret_fd,
	const char **ret_name, struct ins_error *err);

/* intake_take_away - whatever is there. That nothing is there is no error. */
int intake_take_away(int parent, const char *name, struct ins_error *err);

/* intake_keeps - whether an extended attribute of that name belongs to an image. */
bool intake_keeps(const char *attribute);

/* Set by a signal; long work looks at it. */
extern volatile int intake_is_interrupted;

#endif
