/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "text.h"

const char *text_number(char buffer[NUMBER_SIZE], uint64_t value)
{
	size_t at = NUMBER_SIZE - 1;

	buffer[at] = '\0';
	do {
		buffer[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	return &buffer[at];
}

size_t text_join_all(char *to, size_t size, const char *const texts[], size_t n_texts)
{
	size_t used = 0;

	for (size_t i = 0; i < n_texts; i++) {
		size_t n = strlen(texts[i]);

		if (n > size - 1 - used)
			n = size - 1 - used;
		memcpy(to + used, texts[i], n);
		used += n;
	}
	to[used] = '\0';
	return used;
}

uint64_t text_take_number(const char **text)
{
	uint64_t value = 0;

	for (; **text >= '0' && **text <= '9'; ++*text) {
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
			return 0;
	}
	return value;
}

const char *directory_next(struct directory *directory)
{
	const struct dirent64 *entry;

	if (directory->at == directory->n) {
		long n = syscall(SYS_getdents64, directory->fd, directory->entries,
			sizeof(directory->entries));

		directory->at = 0;
		directory->n = n > 0 ? (size_t)n : 0;
		if (n <= 0)
			return NULL;
	}
	entry = (const struct dirent64 *)(directory->entries + directory->at);
	directory->at += entry->d_reclen;
	return entry->d_name;
}
