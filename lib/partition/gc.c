/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What killed commands leave in the library. Nobody adds anything to it meanwhile; but long work, which has
 * not locked it, goes on under hidden names, locked one by one.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "base/tree.h"
#include "partition/gc.h"
#include "partition/make.h"
#include "spec/emit.h"

/* --- telling ----------------------------------------------------------------------------------------- */

void ins_gc_fail(struct ins_gc *gc, const struct ins_error *why)
{
	ins_context_warn(gc->context, why->text);
	if (gc->result == 0) {
		gc->result = -why->code;
		gc->first = *why;
	}
}

static int describe(const char *kind, const char *name, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);

	ins_emit_string(&emit, root, "kind", kind);
	ins_emit_string(&emit, root, "name", name);
	return ins_emit_text(&emit, JSON_COMPACT, ret_text, err);
}

void ins_gc_tell(struct ins_gc *gc, const char *kind, const char *name)
{
	cleanup_free char *json = NULL;
	struct ins_error why = { 0 };
	struct ins_leftover leftover = { kind, name, NULL };
	int r;

	if (!gc->visit)
		return;
	if (describe(kind, name, &json, &why) < 0) {
		ins_gc_fail(gc, &why);
		return;
	}
	leftover.json = json;
	r = gc->visit(gc->data, &leftover);
	if (r < 0) {
		gc->result = r;
		gc->is_over = true;
	}
}

void ins_gc_take(struct ins_gc *gc, const char *kind, const char *where, int dir, const char *name,
	ins_gc_remove_fn *remove)
{
	struct ins_error why = { 0 };
	char shown[PATH_MAX];

	if (gc->is_over)
		return;
	if (!gc->dry && remove(gc, dir, name, &why) < 0) {
		ins_gc_fail(gc, &why);
		return;
	}
	snprintf(shown, sizeof(shown), "%s%s", where, name);
	ins_gc_tell(gc, kind, shown);
}

/* --- ways to take something away --------------------------------------------------------------------- */

static int remove_tree(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	(void)gc;
	return ins_tree_remove(dir, name, err);
}

static int remove_image(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	int r = ins_tree_remove(dir, name, err);

	if (r == 0)
		ins_image_forget(name, gc->context->root);
	return r;
}

int ins_gc_remove_file(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	(void)gc;
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "remove %s", name);
	return 0;
}

static int remove_number(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	uint64_t number;

	if (ins_number_u64(name, 0, INS_NUMBERS - 1, &number) < 0)
		return ins_gc_remove_file(gc, dir, name, err);
	return ins_number_give(&gc->library, (uint32_t)number, err);
}

/* --- going through directories ----------------------------------------------------------------------- */

typedef void entry_fn(struct ins_gc *gc, int dir, const char *name);

static void for_each(struct ins_gc *gc, int dir, entry_fn *fn)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct ins_error why = { 0 };
	struct dirent *entry;

	if (!entries)
		ins_close(fd);
	while (entries && !gc->is_over && (errno = 0, entry = readdir(entries))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			fn(gc, dir, entry->d_name);
	}
	if (!entries || errno) {
		(void)ins_error_set(
			&why, errno ? errno : EIO, "read a directory of %s", gc->library.path);
		ins_gc_fail(gc, &why);
	}
}

/* Nobody is at work on it. @ret_dir: locked, if it is a directory. */
static bool is_free(int dir, const char *name, int *ret_dir)
{
	cleanup_fd int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return false;
	*ret_dir = TAKE_FD(fd);
	return true;
}

static void clear_hidden(struct ins_gc *gc, int dir, const char *name)
{
	cleanup_fd int locked = -1;

	if (name[0] != '.' || !is_free(dir, name, &locked))
		return;
	if (locked >= 0)
		ins_gc_take(gc, "directory", gc->where, dir, name, remove_tree);
	else
		ins_gc_take(gc, "file", gc->where, dir, name, ins_gc_remove_file);
}

/* "NAME.XXXXXXXX.tmp", as ins_file_write() names what it will rename. */
static bool is_temporary(const char *name)
{
	size_t n = strlen(name);
	const char *end = name + n - strlen(".XXXXXXXX.tmp");

	return n > strlen(".XXXXXXXX.tmp") && end[0] == '.' && !strcmp(end + 9, ".tmp") &&
	       strspn(end + 1, "0123456789abcdef") == 8;
}

static void clear_temporary(struct ins_gc *gc, int dir, const char *name)
{
	if (is_temporary(name))
		ins_gc_take(gc, "file", gc->where, dir, name, ins_gc_remove_file);
}

/* As each command does for the partition that it is about. */
static int settle_change(struct ins_gc *gc, int dir, const char *name, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;

	(void)dir;
	return ins_partition_open(gc->context, name, INS_PARTITION_CHANGE, &partition, err);
}

static void clear_partition(struct ins_gc *gc, int dir, const char *name)
{
	cleanup_fd int locked = -1;

	snprintf(gc->where, sizeof(gc->where), "partitions/%s/", name);
	if (name[0] == '.' || !is_free(dir, name, &locked) || locked < 0)
		return;
	for_each(gc, locked, clear_temporary);
	if (!ins_partition_is_changing(locked))
		return;
	locked = ins_close(locked);
	ins_gc_take(gc, "change", "partitions/", dir, name, settle_change);
}

/* --- what is needed ---------------------------------------------------------------------------------- */

/* Ids of layers and images, and the numbers, that somebody names. */
struct needs {
	char (*ids)[INS_IMAGE_ID_SIZE];
	size_t n, capacity;
	char *owners[INS_NUMBERS]; /* the name of the partition with this number; NULL: none */
};

static void clear_needs(struct needs *needs)
{
	free(needs->ids);
	for (size_t i = 0; i < INS_NUMBERS; i++)
		free(needs->owners[i]);
}

static int need(struct needs *needs, const char *id)
{
	if (needs->n == needs->capacity) {
		size_t capacity = needs->capacity ? 2 * needs->capacity : 64;
		void *grown = reallocarray(needs->ids, capacity, sizeof(*needs->ids));

		if (!grown)
			return -ENOMEM;
		needs->ids = grown;
		needs->capacity = capacity;
	}
	snprintf(needs->ids[needs->n++], sizeof(*needs->ids), "%s", id);
	return 0;
}

static int need_layers(struct needs *needs, const struct ins_layers *layers)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < layers->n; i++)
		r = need(needs, layers->v[i]);
	return r;
}

static int need_state(
	struct needs *needs, const char *name, const struct ins_partition_state *state)
{
	int r = need(needs, state->image);

	if (r == 0)
		r = need_layers(needs, &state->layers);
	for (size_t i = 0; r == 0 && i < state->n_snapshots; i++)
		r = need_layers(needs, &state->snapshots[i].layers);
	if (r < 0 || needs->owners[state->number])
		return r;
	needs->owners[state->number] = strdup(name);
	return needs->owners[state->number] ? 0 : -ENOMEM;
}

static int need_partition(const struct ins_library *library, const char *name, struct needs *needs,
	struct ins_error *err)
{
	struct ins_partition_state state = { 0 };
	cleanup_fd int dir = openat(library->partitions, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : ins_error_set(err, errno, "open partition %s", name);
	r = ins_partition_state_load(dir, &state, err);
	if (r < 0)
		return ins_error_prefix(err, "partition %s", name);
	r = need_state(needs, name, &state);
	ins_partition_state_clear(&state);
	return r < 0 ? ins_error_set(err, -r, "gather what partitions need") : 0;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Of one partition that is broken it is not known what it needs: then nothing may go. */
static int gather(struct ins_gc *gc, struct needs *needs, struct ins_error *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = ins_partition_names(gc->context, &names, &n, err);

	for (size_t i = 0; i < n; i++) {
		if (r == 0)
			r = need_partition(&gc->library, names[i], needs, err);
		free(names[i]);
	}
	free(names);
	return r;
}

/* The images that have a name: "../images/ID". */
static int gather_templates(struct ins_gc *gc, struct needs *needs, struct ins_error *err)
{
	int fd = openat(gc->library.templates, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int r = dir ? 0 : -errno;

	if (!dir)
		ins_close(fd);
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		char target[PATH_MAX];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		const char *id;

		if (n < 0)
			continue;
		target[n] = '\0';
		id = strrchr(target, '/');
		if (entry->d_name[0] != '.' && id)
			r = need(needs, id + 1);
	}
	if (r == 0)
		r = -errno;
	return r < 0 ? ins_error_set(err, -r, "read %s/templates", gc->library.path) : 0;
}

/* --- what nobody needs --------------------------------------------------------------------------------- */

struct sweep {
	int dir;
	const char *kind;
	ins_gc_remove_fn *remove;
};

static void sweep_ids(struct ins_gc *gc, const struct needs *needs, const struct sweep *sweep)
{
	int fd = openat(sweep->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		ins_close(fd);
	while (dir && (entry = readdir(dir))) {
		const char *id = entry->d_name;

		if (id[0] != '.' && (needs->n == 0 || !bsearch(id, needs->ids, needs->n,
							      sizeof(*needs->ids), compare_ids)))
			ins_gc_take(gc, sweep->kind, "", sweep->dir, id, sweep->remove);
	}
}

/* One of this name is being made, or removed: it may have the number. */
static bool is_in_work(const struct ins_library *library, const char *name)
{
	char hidden[INS_HIDDEN_SIZE];
	cleanup_fd int locked = -1;

	ins_hidden_name(name, hidden);
	return !is_free(library->partitions, hidden, &locked);
}

static void sweep_numbers(struct ins_gc *gc, const struct needs *needs)
{
	int fd = openat(gc->library.numbers, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		ins_close(fd);
	while (dir && (entry = readdir(dir))) {
		char name[NAME_MAX + 1];
		uint64_t i;

		if (ins_number_u64(entry->d_name, 0, INS_NUMBERS - 1, &i) < 0 ||
			ins_number_owner(
				gc->library.numbers, (uint32_t)i, name, sizeof(name), NULL) < 0 ||
			(needs->owners[i] && !strcmp(needs->owners[i], name)) ||
			is_in_work(&gc->library, name))
			continue;
		ins_gc_take(gc, "number", "", gc->library.numbers, entry->d_name, remove_number);
	}
}

static int sweep_unneeded(struct ins_gc *gc, struct ins_error *err)
{
	cleanup_with(clear_needs) struct needs needs = { 0 };
	int r = gather(gc, &needs, err);

	if (r == 0)
		r = gather_templates(gc, &needs, err);
	if (r < 0)
		return r;
	if (needs.n > 1)
		qsort(needs.ids, needs.n, sizeof(*needs.ids), compare_ids);
	sweep_numbers(gc, &needs);
	sweep_ids(gc, &needs, &(struct sweep){ gc->library.layers, "layer", remove_tree });
	sweep_ids(gc, &needs, &(struct sweep){ gc->library.images, "image", remove_image });
	return 0;
}

static void sweep_library(struct ins_gc *gc)
{
	const struct ins_library *library = &gc->library;
	const struct {
		int dir;
		const char *where;
	} parts[] = { { library->partitions, "partitions/" }, { library->images, "images/" },
		{ library->layers, "layers/" }, { library->templates, "templates/" } };
	struct ins_error why = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		snprintf(gc->where, sizeof(gc->where), "%s", parts[i].where);
		for_each(gc, parts[i].dir, clear_hidden);
	}
	for_each(gc, library->partitions, clear_partition);
	if (sweep_unneeded(gc, &why) < 0)
		ins_gc_fail(gc, &why);
}

int ins_gc(struct ins_context *context, bool dry, ins_leftover_visit_fn *visit, void *data,
	struct ins_error *err)
{
	struct ins_gc gc = { .context = context,
		.library = INS_LIBRARY_CLOSED,
		.dry = dry,
		.visit = visit,
		.data = data };
	int r = ins_library_open(context->library, false, &gc.library, err);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = ins_library_lock(&gc.library, INS_LIBRARY_EXCLUSIVE, err);
	if (r == 0) {
		ins_gc_containers(&gc);
		sweep_library(&gc);
		ins_gc_networks(&gc);
		ins_gc_mounts(&gc);
		r = gc.result;
	}
	ins_library_close(&gc.library);
	if (r < 0 && gc.first.code)
		return ins_error_text(err, -r, "not all could be taken away: %s", gc.first.text);
	return r;
}
