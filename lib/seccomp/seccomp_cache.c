/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters in files: the cache of all containers, and the filter of one container.
 *
 * An entry of the cache is named by a hash of its key, but holds the key itself: a hash that meets
 * another's, or a file that somebody moved, is a miss and never another container's filter. A file
 * that a kill or a full disk cut short is one as well.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "seccomp/seccomp.h"
#include "sys/bare.h"

/* To be changed when equal input is to give another program. */
#define KEY_VERSION 1

/* As many different profiles as one host will see in use; more push out the oldest. */
#define MOST_ENTRIES 64

/* A profile with each system call there is in rules of its own stays far below. */
#define LARGEST_KEY ((size_t)1 << 20)

/* Head, key and instructions at their greatest. */
#define LARGEST_FILE \
	(sizeof(struct head) + LARGEST_KEY + INS_SECCOMP_MAX * sizeof(struct sock_filter))

static const char magic[8] = "INSBPF1";

/* The head of a file. After it come the key, filled up to eight bytes, and the instructions. */
struct head {
	char magic[8];
	uint64_t checksum; /* of everything that follows */
	uint32_t key_size;
	uint32_t n;
	uint32_t flags;
	uint32_t listener;
};

/* FNV-1a on words of eight bytes: it finds damage, it does not keep out an enemy. That is done by
 * who may write the file. */
static uint64_t hash_bytes(const void *data, size_t size)
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

/* --- the key --------------------------------------------------------------------------------- */

struct bytes {
	char *data;
	size_t size, capacity;
	bool failed; /* no memory: nothing more is added */
};

static void add_bytes(struct bytes *bytes, const void *data, size_t size)
{
	if (bytes->capacity - bytes->size < size) {
		size_t capacity = (bytes->capacity + size) * 2;
		char *grown = bytes->failed ? NULL : realloc(bytes->data, capacity);

		if (!grown) {
			bytes->failed = true;
			return;
		}
		bytes->data = grown;
		bytes->capacity = capacity;
	}
	memcpy(bytes->data + bytes->size, data, size);
	bytes->size += size;
}

static void add_number(struct bytes *bytes, uint64_t number)
{
	add_bytes(bytes, &number, sizeof(number));
}

/* The length comes first, so that no two lists of texts give the same bytes. */
static void add_text(struct bytes *bytes, const char *text)
{
	size_t length = text ? strlen(text) : 0;

	add_number(bytes, text ? length : UINT64_MAX);
	if (length > 0)
		add_bytes(bytes, text, length);
}

static void add_texts(struct bytes *bytes, const struct ins_strings *list)
{
	add_number(bytes, list->n);
	for (size_t i = 0; i < list->n; i++)
		add_text(bytes, list->v[i]);
}

static void add_rule(struct bytes *bytes, const struct ins_spec_seccomp_rule *rule)
{
	add_texts(bytes, &rule->names);
	add_text(bytes, rule->action);
	add_number(bytes, rule->has_errno);
	add_number(bytes, rule->has_errno ? rule->errno_ret : 0);
	add_number(bytes, rule->n_args);
	for (size_t i = 0; i < rule->n_args; i++) {
		add_number(bytes, rule->args[i].index);
		add_number(bytes, rule->args[i].value);
		add_number(bytes, rule->args[i].value_two);
		add_text(bytes, rule->args[i].op);
	}
}

/*
 * What is not in it: the kernel. A program is the same for all of them; what a kernel lacks is found
 * when it is loaded, or by the planner before.
 */
int ins_seccomp_key(const struct ins_spec_seccomp *spec, void **ret_key, size_t *ret_size,
	struct ins_error *err)
{
	const struct scmp_version *version = seccomp_version();
	struct bytes bytes = {};

	add_number(&bytes, KEY_VERSION);
	add_number(&bytes, version ? version->major : 0);
	add_number(&bytes, version ? version->minor : 0);
	add_number(&bytes, version ? version->micro : 0);
	add_number(&bytes, seccomp_arch_native());
	add_text(&bytes, spec->default_action);
	add_number(&bytes, spec->has_default_errno);
	add_number(&bytes, spec->has_default_errno ? spec->default_errno : 0);
	add_texts(&bytes, &spec->architectures);
	add_texts(&bytes, &spec->flags);
	add_number(&bytes, spec->n_rules);
	for (size_t i = 0; i < spec->n_rules; i++)
		add_rule(&bytes, &spec->rules[i]);
	if (bytes.failed) {
		free(bytes.data);
		return ins_error_set(err, ENOMEM, "look up the seccomp filter");
	}
	*ret_key = bytes.data;
	*ret_size = bytes.size;
	return 0;
}

/* --- files ----------------------------------------------------------------------------------- */

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* The bytes of a file, to be freed with free(); NULL: no memory. */
static void *make_file(
	const void *key, size_t key_size, const struct ins_plan_filter *filter, size_t *ret_size)
{
	size_t program_size = filter->n * sizeof(struct sock_filter);
	size_t size = sizeof(struct head) + padded(key_size) + program_size;
	struct head *head = calloc(1, size);
	char *body = (char *)(head + 1);

	if (!head)
		return NULL;
	memcpy(head->magic, magic, sizeof(magic));
	head->key_size = (uint32_t)key_size;
	head->n = filter->n;
	head->flags = filter->flags;
	head->listener = filter->listener;
	if (key_size > 0)
		memcpy(body, key, key_size);
	memcpy(body + padded(key_size), filter->instructions, program_size);
	head->checksum = hash_bytes(
		&head->key_size, size - offsetof(struct head, key_size));
	*ret_size = size;
	return head;
}

/* Is this a whole file, made from this key? Then the instructions go to the arena. */
static bool take_file(const void *file, size_t size, const void *key, size_t key_size,
	struct ins_arena *arena, struct ins_plan_filter *ret_filter)
{
	const struct head *head = file;
	const char *body = (const char *)(head + 1);
	size_t program_size;
	const void *instructions;

	if (size < sizeof(*head) || memcmp(head->magic, magic, sizeof(magic)) != 0 ||
		head->key_size != key_size || head->n == 0 || head->n > INS_SECCOMP_MAX)
		return false;
	program_size = head->n * sizeof(struct sock_filter);
	if (size != sizeof(*head) + padded(key_size) + program_size ||
		memcmp(body, key, key_size) != 0 ||
		head->checksum !=
			hash_bytes(&head->key_size, size - offsetof(struct head, key_size)))
		return false;
	instructions = ins_arena_copy(arena, body + padded(key_size), program_size);
	if (!instructions)
		return false;
	*ret_filter = (struct ins_plan_filter){ .n = head->n,
		.instructions = instructions,
		.flags = head->flags,
		.listener = head->listener != 0 };
	return true;
}

/* --- the cache --------------------------------------------------------------------------------- */

static void entry_name(char *name, size_t size, const void *key, size_t key_size)
{
	snprintf(name, size, "%016llx", (unsigned long long)hash_bytes(key, key_size));
}

bool ins_seccomp_cache_read(const char *state_root, const void *key, size_t key_size,
	struct ins_arena *arena, struct ins_plan_filter *ret_filter)
{
	const struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	cleanup_fd int root = -1, fd = -1;
	cleanup_free void *file = NULL;
	char path[64] = ".cache/seccomp/";
	struct stat st;

	if (!state_root || key_size > LARGEST_KEY)
		return false;
	root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return false;
	entry_name(path + strlen(path), sizeof(path) - strlen(path), key, key_size);
	fd = (int)ins_sys(openat2, root, path, &how, sizeof(how)); /* Linux 5.6 */
	/* Whoever could write to it could choose the filter. */
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		(st.st_mode & 077) != 0)
		return false;
	if (st.st_size <= 0 || (size_t)st.st_size > LARGEST_FILE)
		return false;
	file = malloc((size_t)st.st_size);
	if (!file || read(fd, file, (size_t)st.st_size) != st.st_size)
		return false;
	return take_file(file, (size_t)st.st_size, key, key_size, arena, ret_filter);
}

/* Open a directory of the cache below @dirfd, and make it if it is missing. −1: not to be used. */
static int open_directory(int dirfd, const char *name)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || (st.st_mode & 022) != 0)
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
		struct stat st;

		if (entry->d_name[0] == '.' ||
			fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n++;
		if (oldest[0] && (st.st_mtim.tv_sec > oldest_time.tv_sec ||
				(st.st_mtim.tv_sec == oldest_time.tv_sec &&
					st.st_mtim.tv_nsec >= oldest_time.tv_nsec)))
			continue;
		memcpy(oldest, entry->d_name, strlen(entry->d_name) + 1);
		oldest_time = st.st_mtim;
	}
	return n >= MOST_ENTRIES && unlinkat(directory, oldest, 0) == 0;
}

void ins_seccomp_cache_write(const char *state_root, const void *key, size_t key_size,
	const struct ins_plan_filter *filter)
{
	cleanup_fd int root = -1, cache = -1, directory = -1;
	cleanup_free void *file = NULL;
	char name[32];
	size_t size;

	if (!state_root || key_size > LARGEST_KEY)
		return;
	root = open(state_root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	cache = root < 0 ? -1 : open_directory(root, ".cache");
	directory = cache < 0 ? -1 : open_directory(cache, "seccomp");
	file = directory < 0 ? NULL : make_file(key, key_size, filter, &size);
	if (!file)
		return;
	while (evict_oldest(directory))
		;
	entry_name(name, sizeof(name), key, key_size);
	(void)ins_file_write(directory, name, file, size, 0600, NULL);
}

/* --- the filter of a container ----------------------------------------------------------------- */

int ins_seccomp_filter_store(int dirfd, const char *name, const struct ins_plan_filter *filter,
	struct ins_error *err)
{
	size_t size;
	cleanup_free void *file = make_file(NULL, 0, filter, &size);

	if (!file)
		return ins_error_set(err, ENOMEM, "save the seccomp filter");
	return ins_file_write(dirfd, name, file, size, 0600, err);
}

int ins_seccomp_filter_load(struct ins_arena *arena, int dirfd, const char *name,
	struct ins_plan_filter *ret_filter, struct ins_error *err)
{
	size_t size, most = sizeof(struct head) + INS_SECCOMP_MAX * sizeof(struct sock_filter);
	cleanup_free char *file = NULL;
	int r = ins_file_read(dirfd, name, most, &file, &size, err);

	if (r < 0)
		return r;
	if (!take_file(file, size, "", 0, arena, ret_filter))
		return ins_error_text(err, EBADMSG, "%s: not a whole seccomp filter", name);
	return 0;
}
