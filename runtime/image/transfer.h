/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions as archives:
 *
 *     state.json, definition.json    as in the library
 *     layers/ID/                     each layer that state.json names
 *     image/                         as in the library; only if that was wanted
 */
#ifndef IMAGE_TRANSFER_H
#define IMAGE_TRANSFER_H

#include "base/progress.h"
#include "insula.h"

/* transfer_pack - write a tar to @fd. @parts: "NAME=PATH" each, a file or a directory; NULL at the end. */
int transfer_pack(
	int fd, char *const *parts, struct ins_progress *progress, struct ins_error *err);

/* transfer_unpack - put what such a tar holds into an empty directory. @fd is read to its end. */
int transfer_unpack(
	int fd, const char *directory, struct ins_progress *progress, struct ins_error *err);

#endif
