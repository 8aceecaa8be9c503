/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caches in files: what is dear to make and the same for many containers.
 *
 * A cache is a directory below ".cache" in the state directory. An entry is named by a hash of its
 * key, but holds the key itself: a hash that meets another's, or a file that somebody moved, is a
 * miss and never another's value. An entry that a kill or a full disk cut short is one as well.
 * Nothing depends on a cache: without the directory, room or rights there are only misses.
 */
#ifndef INSULA_BASE_CACHE_H
#define INSULA_BASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer keys are not kept. */
#define INS_CACHE_LARGEST_KEY ((size_t)1 << 20)

/**
 * ins_cache_hash - 64 bits that tell data apart that nobody has made up to collide
 *
 * It finds damage, it does not keep out an enemy: that is done by who may write the file.
 */
uint64_t ins_cache_hash(const void *data, size_t size);

/**
 * ins_cache_read - look a value up
 * @state_root: the state directory; NULL: there is none
 * @cache: which one, a file name
 * @max: a longer value is a miss
 * @ret_value: as it was written, unless the disk has damaged it; to be freed with free()
 *
 * Return: true if there is an entry for exactly this key, in a file that nobody else may write.
 */
bool ins_cache_read(const char *state_root, const char *cache, const void *key, size_t key_size,
	size_t max, void **ret_value, size_t *ret_size);

/* ins_cache_write - keep a value for the next time, if possible. */
void ins_cache_write(const char *state_root, const char *cache, const void *key, size_t key_size,
	const void *value, size_t size);

#endif
