/* SPDX-License-Identifier: Apache-2.0 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fsverity.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "verity.h"

#define BLOCK_BITS 12 /* of VERITY_BLOCK */

_Static_assert(1 << BLOCK_BITS == VERITY_BLOCK, "the block's size and its logarithm");

/* --- the tree ---------------------------------------------------------------------------------------------- */

/* The hash of a level's block, which is filled up with zeros. The level is empty then. */
static void close_block(struct verity_level *level, uint8_t hash[SHA256_DIGEST_SIZE])
{
	struct sha256_ctx sha;

	memset(level->hashes + level->used, 0, VERITY_BLOCK - level->used);
	sha256_init(&sha);
	sha256_update(&sha, VERITY_BLOCK, level->hashes);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, hash);
	level->used = 0;
}

/* A full block goes up only when there is one more hash: the last block of the highest level is the root. */
static void add_hash(struct verity_level *level, const uint8_t hash[SHA256_DIGEST_SIZE])
{
	uint8_t above[SHA256_DIGEST_SIZE];

	if (level->used == VERITY_BLOCK) {
		close_block(level, above);
		add_hash(level + 1, above);
	}
	memcpy(level->hashes + level->used, hash, SHA256_DIGEST_SIZE);
	level->used += SHA256_DIGEST_SIZE;
}

static void end_leaf(struct verity *verity)
{
	uint8_t hash[SHA256_DIGEST_SIZE];

	sha256_digest(&verity->sha, sizeof(hash), hash);
	add_hash(verity->levels, hash);
}

void verity_start(struct verity *verity)
{
	memset(verity, 0, sizeof(*verity));
	sha256_init(&verity->sha);
}

void verity_feed(struct verity *verity, const uint8_t *data, size_t size)
{
	while (size > 0) {
		size_t room = VERITY_BLOCK - verity->size % VERITY_BLOCK;
		size_t n = size < room ? size : room;

		sha256_update(&verity->sha, n, data);
		verity->size += n;
		data += n;
		size -= n;
		if (n == room)
			end_leaf(verity);
	}
}

/* The root of a file of one block is the hash of that; of none, zeros. */
static void find_root(struct verity *verity, uint8_t root[SHA256_DIGEST_SIZE])
{
	static const uint8_t zeros[VERITY_BLOCK];
	struct verity_level *level = verity->levels;
	size_t rest = verity->size % VERITY_BLOCK;

	if (rest > 0) {
		sha256_update(&verity->sha, VERITY_BLOCK - rest, zeros);
		end_leaf(verity);
	}
	if (verity->size <= VERITY_BLOCK) {
		memcpy(root, level->hashes, SHA256_DIGEST_SIZE);
		return;
	}
	close_block(level, root);
	while ((++level)->used > 0) {
		add_hash(level, root);
		close_block(level, root);
	}
}

void verity_end(struct verity *verity, uint8_t ret_digest[SHA256_DIGEST_SIZE])
{
	struct fsverity_descriptor descriptor = { .version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.log_blocksize = BLOCK_BITS,
		.data_size = htole64(verity->size) };

	find_root(verity, descriptor.root_hash);
	sha256_init(&verity->sha);
	sha256_update(&verity->sha, sizeof(descriptor), (const uint8_t *)&descriptor);
	sha256_digest(&verity->sha, SHA256_DIGEST_SIZE, ret_digest);
}

/* --- the kernel's ------------------------------------------------------------------------------------------ */

bool verity_measured(int fd, uint8_t ret_digest[SHA256_DIGEST_SIZE])
{
	union {
		struct fsverity_digest digest;
		uint8_t bytes[sizeof(struct fsverity_digest) + SHA256_DIGEST_SIZE];
	} measured = { .digest = { .digest_size = SHA256_DIGEST_SIZE } };

	if (ioctl(fd, FS_IOC_MEASURE_VERITY, &measured) < 0 ||
		measured.digest.digest_algorithm != FS_VERITY_HASH_ALG_SHA256)
		return false;
	memcpy(ret_digest, measured.bytes + sizeof(measured.digest), SHA256_DIGEST_SIZE);
	return true;
}

int verity_enable(int dir, const char *file, struct ins_error *err)
{
	const struct fsverity_enable_arg arg = { .version = 1,
		.hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
		.block_size = VERITY_BLOCK };
	cleanup_fd int fd = openat(dir, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : ins_error_set(err, errno, "open %s", file);
	if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) == 0)
		return 0;
	switch (errno) {
	case EINTR:
		return ins_error_text(err, ECANCELED, "interrupted");
	case ENOSPC:
	case EDQUOT:
	case EIO:
		return ins_error_set(err, errno, "enable fs-verity for %s", file);
	default:
		return 0;
	}
}
