/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files of an image come from. */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include <jansson.h>

#include "intake.h"

/* source_directory - all below a directory, without what is mounted there. */
int source_directory(struct intake *intake, const char *path, struct ins_error *err);

/* source_begin - a tar is going to be unpacked: the size of its file, if it is one, is what there is to do. */
void source_begin(struct ins_progress *progress, int fd);

/* Told of each entry of an archive. Return: 0, −errno. */
typedef int source_entry_fn(void *data, struct archive *archive, struct archive_entry *entry,
	struct ins_error *err);

/* source_tar - visit the entries of a tar in any compression; @fd is read to its end. */
int source_tar(int fd, source_entry_fn *visit, void *data, struct ins_error *err);

/* source_tar_put - the visitor that puts each one in its place; @data: the intake. */
int source_tar_put(void *data, struct archive *archive, struct archive_entry *entry,
	struct ins_error *err);

/**
 * source_oci - an image of a directory in OCI image layout
 * @path: with ":TAG" behind it if it has several
 * @ret_config: how its program is started, or NULL: what image.json has as "config"; to be released
 */
int source_oci(struct intake *intake, const char *path, json_t **ret_config, struct ins_error *err);

/**
 * source_recipe - run a recipe, and take what it has made
 * @program: its path
 * @arguments: NULL at the end
 * @scratch: a directory for its work; left as it is
 * @scratch_path: the same, absolute
 */
int source_recipe(struct intake *intake, const char *program, char *const *arguments, int scratch,
	const char *scratch_path, struct ins_error *err);

#endif
