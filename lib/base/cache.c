/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/file.h"

#define DIRECTORY ".cache"

/* As many different entries as one host will see in use; more push out the oldest. */
#define MOST_ENTRIES 64

static const char magic[8] = "INSCACH1";

/* The head of a file. After it come the value and the key. */
struct head {
	char magic[8];
	uint64_t value_size, key_size;
};

/* FNV-1a on words of eight bytes. */
uint64_t ins_cache_hash(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64_t hash = 0xcbf29ce484222325U;

	while (size > 0) {
		size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, bytes, n);
		hash = (hash ^ word) * 0x100000001b3U;
		hash ^= hash >> 29;
		bytes += n;
		size -= n;
	}
	return hash;
}

static void entry_name(char *name, size_t size, const void *key, size_t key_size)
{
	snprintf(name, size, "%016llx", (unsigned long long)ins_cache_hash(key, key_size));
}

/* Is this a whole file, made for this key? */
static bool is_entry(const char *file, size_t size, const void *key, size_t key_size)
{
	struct head head;

	if (size < sizeof(head) + key_size)
		return false;
	memcpy(&head, file, sizeof(head));
	return memcmp(head.magic, magic, sizeof(magic)) == 0 && head.key_size == key_size &&
	       head.value_size == size - sizeof(head) - key_size &&
	       memcmp(file + size - key_size, key, key_size) == 0;
}

/* Open an entry's file, unless somebody else may write to it. */
static int open_entry(const char *state_root, const char *cache, const void *key, size_t key_size,
	struct stat *ret_status)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	cleanup_fd int root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int fd = -1;
	char name[17], path[NAME_MAX + 1];
	int n;

	if (root < 0)
		return -1;
	entry_name(name, sizeof(name), key, key_size);
	n = snprintf(path, sizeof(path), DIRECTORY "/%s/%s", cache, name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how)); /* Linux 5.6 */
	if (fd < 0 || fstat(fd, ret_status) < 0 || !S_ISREG(ret_status->st_mode) ||
		ret_status->st_uid != geteuid() || (ret_status->st_mode & 077) != 0)
		return -1;
	return TAKE_FD(fd);
}

bool ins_cache_read(const char *state_root, const char *cache, const void *key, size_t key_size,
	size_t max, void **ret_value, size_t *ret_size)
{
	cleanup_fd int fd = -1;
	cleanup_free char *file = NULL;
	struct stat status;
	size_t size;

	if (!state_root || key_size > INS_CACHE_LARGEST_KEY)
		return false;
	fd = open_entry(state_root, cache, key, key_size, &status);
	if (fd < 0 || status.st_size <= 0 ||
		(uintmax_t)status.st_size > sizeof(struct head) + key_size + max)
		return false;
	size = (size_t)status.st_size;
	file = malloc(size);
	if (!file || read(fd, file, size) != status.st_size || !is_entry(file, size, key, key_size))
		return false;
	/* To the front of the memory, so that it can be freed, and is aligned. */
	size -= sizeof(struct head) + key_size;
	memmove(file, file + sizeof(struct head), size);
	*ret_value = TAKE_PTR(file);
	*ret_size = size;
	return true;
}

/* Open a directory of the cache below @dirfd, and make it if it is missing. −1: not to be used. */
static int open_directory(int dirfd, const char *name)
{
	cleanup_fd int fd = -1;
	struct stat status;

	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_uid != geteuid() ||
		(status.st_mode & 022) != 0)
		return -1;
	return TAKE_FD(fd);
}

/* Remove the oldest file if there are as many as may be. What a killed writer left is the oldest
 * some day. Return: whether one was removed. */
static bool evict_oldest(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	char oldest[NAME_MAX + 1] = "";
	struct timespec oldest_time = {};
	const struct dirent *entry;
	unsigned int n = 0;

	if (!entries) {
		ins_close(copy);
		return false;
	}
	while ((entry = readdir(entries))) {
		struct stat status;

		if (entry->d_name[0] == '.' ||
			fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n++;
		if (oldest[0] && (status.st_mtim.tv_sec > oldest_time.tv_sec ||
					 (status.st_mtim.tv_sec == oldest_time.tv_sec &&
						 status.st_mtim.tv_nsec >= oldest_time.tv_nsec)))
			continue;
		memcpy(oldest, entry->d_name, strlen(entry->d_name) + 1);
		oldest_time = status.st_mtim;
	}
	return n >= MOST_ENTRIES && unlinkat(directory, oldest, 0) == 0;
}

void ins_cache_write(const char *state_root, const char *cache, const void *key, size_t key_size,
	const void *value, size_t size)
{
	struct head head = { .value_size = size, .key_size = key_size };
	cleanup_fd int root = -1, top = -1, directory = -1;
	cleanup_free char *file = NULL;
	char name[17];

	if (!state_root || key_size > INS_CACHE_LARGEST_KEY)
		return;
	root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	top = root < 0 ? -1 : open_directory(root, DIRECTORY);
	directory = top < 0 ? -1 : open_directory(top, cache);
	file = directory < 0 ? NULL : malloc(sizeof(head) + size + key_size);
	if (!file)
		return;
	memcpy(head.magic, magic, sizeof(magic));
	memcpy(file, &head, sizeof(head));
	memcpy(file + sizeof(head), value, size);
	memcpy(file + sizeof(head) + size, key, key_size);
	while (evict_oldest(directory))
		;
	entry_name(name, sizeof(name), key, key_size);
	(void)ins_file_write(directory, name, file, sizeof(head) + size + key_size, 0600, NULL);
}
