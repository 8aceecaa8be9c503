/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fs-verity: a file that cannot be changed any more, and whose pages the kernel compares with a tree of hashes each
 * time it reads them from the disk. The digest of the tree's description stands for the content; it is
 * computed here in the same way where the file system does not do it (Documentation/filesystems/fsverity.rst,
 * "File digest computation": SHA-256, blocks of 4096 bytes, no salt).
 */
#ifndef IMAGE_VERITY_H
#define IMAGE_VERITY_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insula.h"

#define VERITY_BLOCK  4096
#define VERITY_LEVELS 8 /* each has 128 times as many blocks as the next: enough for a file of 2^63 bytes */

/* The tree while its leaves come in. Begin with all zero but the context. */
struct verity {
	struct sha256_ctx sha;  /* of the block that is being read */
	uint64_t size;          /* so much was read */
	struct verity_level {
		uint8_t hashes[VERITY_BLOCK];
		size_t used;
	} levels[VERITY_LEVELS];
};

void verity_start(struct verity *verity);
void verity_feed(struct verity *verity, const uint8_t *data, size_t size);
void verity_end(struct verity *verity, uint8_t ret_digest[SHA256_DIGEST_SIZE]);

/* verity_measured - the digest that the kernel holds a file to. Return: false, if it does not do so. */
bool verity_measured(int fd, uint8_t ret_digest[SHA256_DIGEST_SIZE]);

/**
 * verity_enable - from now on the kernel checks a file, and nobody changes it
 * @dir, @file: nobody may have it open for writing; none there is no error
 *
 * Where the kernel, the file system or its block size do not allow it, the file stays as it is, and that is no
 * error: Linux 5.4, ext4 and f2fs with the feature, btrfs from 5.15 on.
 *
 * Return: 0, −ENOSPC, −EDQUOT, −EIO, −ECANCELED (interrupted).
 */
int verity_enable(int dir, const char *file, struct ins_error *err);

#endif
