/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters in files: the cache of all containers, and the filter of one container.
 */
#include <errno.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "seccomp/seccomp.h"

/* To be changed when equal input is to give another program. */
#define KEY_VERSION 1

#define CACHE "seccomp"

static const char magic[8] = "INSBPF2";

/* The head of a filter in a file. After it come the instructions. */
struct head {
	char magic[8];
	uint64_t checksum; /* of everything that follows */
	uint32_t n;
	uint32_t flags;
	uint64_t listener;
};

/* A filter at its greatest. */
#define LARGEST (sizeof(struct head) + INS_SECCOMP_MAX * sizeof(struct sock_filter))

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
 * What is not in it: the kernel. A program is the same for all of them; what a kernel lacks is
 * found when it is loaded, or by the planner before.
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

static uint64_t checksum(const struct head *head, size_t size)
{
	return ins_cache_hash(&head->n, size - offsetof(struct head, n));
}

/* A filter as the bytes of a file, to be freed with free(); NULL: no memory. */
static void *pack(const struct ins_plan_filter *filter, size_t *ret_size)
{
	size_t program_size = filter->n * sizeof(struct sock_filter);
	size_t size = sizeof(struct head) + program_size;
	struct head *head = malloc(size);

	if (!head)
		return NULL;
	*head = (struct head){
		.n = filter->n, .flags = filter->flags, .listener = filter->listener
	};
	memcpy(head->magic, magic, sizeof(magic));
	memcpy(head + 1, filter->instructions, program_size);
	head->checksum = checksum(head, size);
	*ret_size = size;
	return head;
}

/* If this is a whole filter, its instructions go to the arena. */
static bool unpack(
	const void *file, size_t size, struct ins_arena *arena, struct ins_plan_filter *ret_filter)
{
	const struct head *head = file;
	const void *instructions;

	if (size < sizeof(*head) || memcmp(head->magic, magic, sizeof(magic)) != 0 ||
		head->n == 0 || head->n > INS_SECCOMP_MAX ||
		size != sizeof(*head) + head->n * sizeof(struct sock_filter) ||
		head->checksum != checksum(head, size))
		return false;
	instructions = ins_arena_copy(arena, head + 1, size - sizeof(*head));
	if (!instructions)
		return false;
	*ret_filter = (struct ins_plan_filter){ .n = head->n,
		.instructions = instructions,
		.flags = head->flags,
		.listener = head->listener != 0 };
	return true;
}

bool ins_seccomp_cache_read(const char *state_root, const void *key, size_t key_size,
	struct ins_arena *arena, struct ins_plan_filter *ret_filter)
{
	cleanup_free void *file = NULL;
	size_t size;

	return ins_cache_read(state_root, CACHE, key, key_size, LARGEST, &file, &size) &&
	       unpack(file, size, arena, ret_filter);
}

void ins_seccomp_cache_write(const char *state_root, const void *key, size_t key_size,
	const struct ins_plan_filter *filter)
{
	size_t size;
	cleanup_free void *file = pack(filter, &size);

	if (file)
		ins_cache_write(state_root, CACHE, key, key_size, file, size);
}

int ins_seccomp_filter_store(
	int dirfd, const char *name, const struct ins_plan_filter *filter, struct ins_error *err)
{
	size_t size;
	cleanup_free void *file = pack(filter, &size);

	if (!file)
		return ins_error_set(err, ENOMEM, "save the seccomp filter");
	return ins_file_write(dirfd, name, file, size, 0600, err);
}

int ins_seccomp_filter_load(struct ins_arena *arena, int dirfd, const char *name,
	struct ins_plan_filter *ret_filter, struct ins_error *err)
{
	cleanup_free char *file = NULL;
	size_t size;
	int r = ins_file_read(dirfd, name, LARGEST, &file, &size, err);

	if (r < 0)
		return r;
	if (!unpack(file, size, arena, ret_filter))
		return ins_error_text(err, EBADMSG, "%s: not a whole seccomp filter", name);
	return 0;
}
