/* SPDX-License-Identifier: Apache-2.0 */
/* An image while it is made: a hidden directory of the library, locked, so that gc knows it alive. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <jansson.h>
#include <limits.h>

#include "digest.h"
#include "image/library.h"

struct image {
	struct ins_library library;
	char name[96];  /* of the directory; "": there is none (any more) */
	int dir, root;  /* the directory, and root in it; −1 */
	json_t *config; /* NULL: none */
	uint64_t bytes; /* of the files, for the progress */
};

#define IMAGE_NONE                                                                      \
	((struct image){ .library = INS_LIBRARY_CLOSED, .dir = -1, .root = -1 })

/* image_begin - open the library and make the hidden directory for a template called @template. */
int image_begin(const char *library, const char *template, struct image *image, struct ins_error *err);

/* image_path - of something in the hidden directory. Return: 0, −ENAMETOOLONG. */
int image_path(
	const struct image *image, const char *file, char path[PATH_MAX], struct ins_error *err);

/* image_pack - the files become one erofs image, always the same for the same files. */
int image_pack(struct image *image, struct ins_progress *progress, struct ins_error *err);

/* image_finish - compute the digest, and make it an image, which the template names. @source: for people. */
int image_finish(struct image *image, const char *template, const char *source,
	struct ins_progress *progress, struct ins_error *err);

/* image_end - what is not finished goes. */
void image_end(struct image *image);

/* image_check - compare an image with its digest. @measured: as for digest_image(). Return: 0, −EBADMSG, −ENOENT,
 * −errno. */
int image_check(const char *library, const char *id, bool measured, struct ins_progress *progress,
	struct ins_error *err);

#endif
