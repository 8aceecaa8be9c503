/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "partition/copy.h"
#include "partition/layer.h"
#include "plan/plan.h"

/* --- lists ------------------------------------------------------------------------------------------------ */

int ins_layer_id(char ret_id[INS_LAYER_ID_SIZE], struct ins_error *err)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return ins_error_set(err, errno, "no random id for a layer");
	snprintf(ret_id, INS_LAYER_ID_SIZE, "%016jx", (uintmax_t)random);
	return 0;
}

static int make_room(struct ins_layers *layers, size_t more, struct ins_error *err)
{
	char(*grown)[INS_LAYER_ID_SIZE] =
		reallocarray(layers->v, layers->n + more, sizeof(*layers->v));

	if (!grown)
		return ins_error_set(err, ENOMEM, "a list of layers");
	layers->v = grown;
	return 0;
}

int ins_layers_push(
	struct ins_layers *layers, const char id[INS_LAYER_ID_SIZE], struct ins_error *err)
{
	int r = make_room(layers, 1, err);

	if (r < 0)
		return r;
	memmove(layers->v + 1, layers->v, layers->n * sizeof(*layers->v));
	memcpy(layers->v[0], id, INS_LAYER_ID_SIZE);
	layers->n++;
	return 0;
}

static int append(struct ins_layers *layers, const struct ins_layers *more, struct ins_error *err)
{
	int r = more->n > 0 ? make_room(layers, more->n, err) : 0;

	if (r == 0 && more->n > 0)
		memcpy(layers->v + layers->n, more->v, more->n * sizeof(*more->v));
	if (r == 0)
		layers->n += more->n;
	return r;
}

bool ins_layers_contain(const struct ins_layers *layers, const char *id)
{
	for (size_t i = 0; i < layers->n; i++) {
		if (!strcmp(layers->v[i], id))
			return true;
	}
	return false;
}

int ins_layers_check(const struct ins_partition *partition, const struct ins_layers *layers,
	struct ins_error *err)
{
	/* The image is one of them. */
	if (layers->n + 1 < INS_OVERLAY_LAYERS)
		return 0;
	return ins_error_text(err, E2BIG,
		"partition \"%s\" consists of %d layers already, and more are not possible: go "
		"back "
		"to an older snapshot (`insula rollback`), or make a template of its files",
		partition->name, INS_OVERLAY_LAYERS);
}

int ins_layers_of_state(const struct ins_partition_state *state, struct ins_layers *ret_layers,
	struct ins_error *err)
{
	struct ins_layers all = { 0 };
	int r = append(&all, &state->layers, err);

	for (size_t i = 0; r == 0 && i < state->n_snapshots; i++)
		r = append(&all, &state->snapshots[i].layers, err);
	if (r < 0)
		ins_layers_clear(&all);
	else
		*ret_layers = all;
	return r;
}

/* --- copies ----------------------------------------------------------------------------------------------- */

static void hide(const struct ins_layer_copy *copy, char hidden[INS_LAYER_ID_SIZE + 1])
{
	snprintf(hidden, INS_LAYER_ID_SIZE + 1, ".%s", copy->id);
}

static int begin_copy(struct ins_layer_copy *copy, int *ret_root, int *ret_links)
{
	char hidden[INS_LAYER_ID_SIZE + 1];

	hide(copy, hidden);
	if (mkdirat(copy->library->layers, hidden, 0700) < 0)
		return -errno;
	copy->dir = openat(
		copy->library->layers, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (copy->dir < 0 || flock(copy->dir, LOCK_EX | LOCK_NB) < 0 ||
		mkdirat(copy->dir, "root", 0700) < 0 || mkdirat(copy->dir, "links", 0700) < 0)
		return -errno;
	*ret_root = openat(copy->dir, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	*ret_links = openat(copy->dir, "links", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *ret_root < 0 || *ret_links < 0 ? -errno : 0;
}

int ins_layer_copy(const struct ins_library *library, int upper, struct ins_layer_copy *copy,
	struct ins_progress *progress, struct ins_error *err)
{
	cleanup_fd int root = -1, links = -1;
	int r = ins_layer_id(copy->id, err);

	if (r < 0)
		return r;
	copy->library = library;
	r = begin_copy(copy, &root, &links);
	if (r < 0)
		return ins_error_set(err, -r, "make %s/layers/.%s", library->path, copy->id);
	r = ins_copy_tree(upper, root, links, progress, err);
	if (r == 0)
		r = ins_tree_remove(copy->dir, "links", err);
	return r;
}

int ins_layer_copy_publish(struct ins_layer_copy *copy, struct ins_error *err)
{
	/* The name must not survive a power failure that the files do not. */
	if (syncfs(copy->dir) < 0 ||
		renameat2(copy->dir, "root", copy->library->layers, copy->id, RENAME_NOREPLACE) < 0)
		return ins_error_set(
			err, errno, "make the layer %s/layers/%s", copy->library->path, copy->id);
	return 0;
}

void ins_layer_copy_end(struct ins_layer_copy *copy)
{
	char hidden[INS_LAYER_ID_SIZE + 1];

	if (copy->dir < 0)
		return;
	hide(copy, hidden);
	(void)ins_tree_remove(copy->library->layers, hidden, NULL);
	copy->dir = ins_close(copy->dir);
}

/* --- removal ---------------------------------------------------------------------------------------------- */

static DIR *open_entries(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		ins_close(fd);
	return dir;
}

static int read_used(const struct ins_library *library, const char *name, struct ins_layers *used,
	struct ins_error *err)
{
	cleanup_fd int dir =
		openat(library->partitions, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct ins_partition_state state = { 0 };
	struct ins_layers layers = { 0 };
	int r;

	if (dir < 0)
		return errno == ENOENT ? 0 : ins_error_set(err, errno, "open partition %s", name);
	/* Of one whose state is lost it is not known what it needs: then nothing may go, and gc says why. */
	r = ins_partition_state_load(dir, &state, NULL);
	if (r < 0)
		return -ESTALE;
	r = ins_layers_of_state(&state, &layers, err);
	if (r == 0)
		r = append(used, &layers, err);
	ins_layers_clear(&layers);
	ins_partition_state_clear(&state);
	return r < 0 ? ins_error_prefix(err, "partition %s", name) : 0;
}

/* What is hidden names nothing: it is being removed, or was never finished. */
static int collect_used(
	const struct ins_library *library, struct ins_layers *used, struct ins_error *err)
{
	cleanup_dir DIR *dir = open_entries(library->partitions);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return ins_error_set(err, errno, "read %s/partitions", library->path);
	while (r == 0 && (errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			r = read_used(library, entry->d_name, used, err);
	}
	if (r == 0 && errno)
		r = ins_error_set(err, errno, "read %s/partitions", library->path);
	return r;
}

/* In one step it is none any more. */
static int remove_layer(const struct ins_library *library, const char *id, struct ins_error *err)
{
	char hidden[INS_LAYER_ID_SIZE + 1];

	snprintf(hidden, sizeof(hidden), ".%.*s", INS_LAYER_ID_SIZE - 1, id);
	if (renameat2(library->layers, id, library->layers, hidden, RENAME_NOREPLACE) < 0)
		return errno == ENOENT ? 0
				       : ins_error_set(err, errno, "remove the layer %s/layers/%s",
						 library->path, id);
	return ins_tree_remove(library->layers, hidden, err);
}

int ins_layers_release(const struct ins_library *library, const struct ins_layers *candidates,
	struct ins_error *err)
{
	struct ins_layers used = { 0 };
	int r = candidates->n > 0 ? collect_used(library, &used, err) : 0;

	if (r == -ESTALE) {
		ins_layers_clear(&used);
		return 0;
	}
	for (size_t i = 0; r == 0 && i < candidates->n; i++) {
		if (!ins_layers_contain(&used, candidates->v[i]))
			r = remove_layer(library, candidates->v[i], err);
	}
	ins_layers_clear(&used);
	return r;
}
