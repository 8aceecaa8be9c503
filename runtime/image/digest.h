/* SPDX-License-Identifier: Apache-2.0 */
/* The digest of an image: SHA-256 over all that a guest can see of it but times; of an erofs image over fs-verity's digest. */
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <jansson.h>
#include <stdint.h>

#include "base/progress.h"
#include "insula.h"

#define DIGEST_PREFIX "sha256:"
#define DIGEST_HEX    64
#define DIGEST_SIZE   (sizeof(DIGEST_PREFIX) + DIGEST_HEX)

/**
 * digest_image - of an image's directory
 * @image: holds root or root.erofs
 * @config: of image.json; NULL: none
 * @measured: an erofs image that the kernel checks by fs-verity needs not be read
 * @progress: told of the bytes
 * @ret_size: bytes of its files; may be NULL
 *
 * Return: 0, −ECANCELED, −errno.
 */
int digest_image(int image, const json_t *config, bool measured, struct ins_progress *progress,
	char ret_digest[DIGEST_SIZE], uint64_t *ret_size, struct ins_error *err);

/* digest_file - of the bytes of an open file, from its beginning. */
int digest_file(int fd, char ret_digest[DIGEST_SIZE], struct ins_error *err);

#endif
