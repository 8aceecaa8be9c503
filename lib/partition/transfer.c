/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions as archives, and back. insula-image writes and reads them; what it has taken from one lies in a
 * hidden directory, layers/.ID, until all of it has been looked at. Nothing in there is believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/tree.h"
#include "image/worker.h"
#include "partition/disk.h"
#include "partition/make.h"
#include "partition/own.h"
#include "partition/snapshot.h"
#include "plan/plan.h"

/* --- a place for what is on its way ----------------------------------------------------------------------- */

struct scratch {
	const struct ins_library *library;
	char name[INS_LAYER_ID_SIZE + 1], path[PATH_MAX];
	int dir; /* locked */
};

#define SCRATCH_NONE ((struct scratch){ .dir = -1 })

static int begin_scratch(
	const struct ins_library *library, struct scratch *scratch, struct ins_error *err)
{
	char id[INS_LAYER_ID_SIZE];
	int r = ins_layer_id(id, err);

	if (r < 0)
		return r;
	snprintf(scratch->name, sizeof(scratch->name), ".%s", id);
	r = snprintf(
		scratch->path, sizeof(scratch->path), "%s/layers/%s", library->path, scratch->name);
	if (r >= (int)sizeof(scratch->path))
		return ins_error_set(err, ENAMETOOLONG, "the library %.64s…", library->path);
	if (mkdirat(library->layers, scratch->name, 0700) < 0)
		return ins_error_set(err, errno, "make %s", scratch->path);
	scratch->library = library;
	scratch->dir = openat(
		library->layers, scratch->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (scratch->dir < 0 || flock(scratch->dir, LOCK_EX | LOCK_NB) < 0)
		return ins_error_set(err, errno, "lock %s", scratch->path);
	return 0;
}

static void end_scratch(struct scratch *scratch)
{
	if (scratch->library)
		(void)ins_tree_remove(scratch->library->layers, scratch->name, NULL);
	scratch->dir = ins_close(scratch->dir);
}

/* --- export ----------------------------------------------------------------------------------------------- */

struct exporting {
	struct ins_partition partition;
	struct ins_layer_copy copy; /* of the upper of one that runs */
	struct scratch scratch;
	char **words; /* of insula-image; NULL at the end */
	size_t n, room;
};

static void end_export(struct exporting *exporting)
{
	while (exporting->n > 0)
		free(exporting->words[--exporting->n]);
	free(exporting->words);
	ins_layer_copy_end(&exporting->copy);
	end_scratch(&exporting->scratch);
	ins_partition_close(&exporting->partition);
}

static int add_word(struct exporting *exporting, struct ins_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int add_word(struct exporting *exporting, struct ins_error *err, const char *format, ...)
{
	char **words = reallocarray(exporting->words, exporting->n + 2, sizeof(*words)), *word;
	va_list ap;
	int n;

	if (!words)
		return ins_error_set(err, ENOMEM, "export a partition");
	exporting->words = words;
	va_start(ap, format);
	n = vasprintf(&word, format, ap);
	va_end(ap);
	if (n < 0)
		return ins_error_set(err, ENOMEM, "export a partition");
	words[exporting->n++] = word;
	words[exporting->n] = NULL;
	return 0;
}

/* What the root consists of now becomes layers: so there are no other files to be told of. */
static int gather_layers(struct exporting *exporting, struct ins_error *err)
{
	struct ins_partition *partition = &exporting->partition;
	enum ins_status status;
	int r = ins_partition_status(partition, &status, NULL, err);

	if (r == 0 && status == INS_STATUS_STOPPED && !ins_disk_has_image(partition))
		return ins_own_share(partition, err);
	if (r == 0)
		r = ins_snapshot_copy(partition, &exporting->copy, err);
	return r < 0 ? r : ins_layers_push(&partition->state.layers, exporting->copy.id, err);
}

static int add_layers(struct exporting *exporting, struct ins_error *err)
{
	const char *library = exporting->partition.library.path;
	struct ins_layers all = { 0 };
	int r = ins_layers_of_state(&exporting->partition.state, &all, err);

	for (size_t i = 0; r == 0 && i < all.n; i++) {
		const char *id = all.v[i];
		struct ins_layers before = { i, all.v };

		if (ins_layers_contain(&before, id))
			continue;
		if (!strcmp(id, exporting->copy.id))
			r = add_word(
				exporting, err, "layers/%s=%s/layers/.%s/root", id, library, id);
		else
			r = add_word(exporting, err, "layers/%s=%s/layers/%s", id, library, id);
	}
	ins_layers_clear(&all);
	return r;
}

static int put_words_together(struct exporting *exporting, bool with_image, struct ins_error *err)
{
	struct ins_partition *partition = &exporting->partition;
	int r;

	partition->state.name = strdup(partition->name);
	if (!partition->state.name)
		return ins_error_set(err, ENOMEM, "export a partition");
	r = ins_partition_state_save(exporting->scratch.dir, &partition->state, err);
	if (r == 0)
		r = ins_partition_save_definition(
			exporting->scratch.dir, &partition->definition, err);
	/* The first two are the worker's. */
	for (int i = 0; r == 0 && i < 2; i++)
		r = add_word(exporting, err, "%s", "");
	if (r == 0)
		r = add_word(exporting, err, "pack");
	if (r == 0)
		r = add_word(exporting, err, "state.json=%s/state.json", exporting->scratch.path);
	if (r == 0)
		r = add_word(exporting, err, INS_DEFINITION_FILE "=%s/" INS_DEFINITION_FILE,
			exporting->scratch.path);
	if (r == 0 && with_image)
		r = add_word(exporting, err, "image=%s/images/%s", partition->library.path,
			partition->state.image);
	return r < 0 ? r : add_layers(exporting, err);
}

/* The worker puts words of its own in the place of the first two. */
static int pack(struct exporting *exporting, int fd, struct ins_error *err)
{
	char words[INS_WORKER_SIZE], *first = exporting->words[0], *second = exporting->words[1];
	int r = ins_worker_ask(exporting->partition.context, exporting->words, fd, words, err);

	exporting->words[0] = first;
	exporting->words[1] = second;
	return r;
}

int ins_partition_export(struct ins_context *context, const char *name, int fd, bool with_image,
	struct ins_error *err)
{
	cleanup_with(end_export) struct exporting exporting = { .partition = INS_PARTITION_CLOSED,
		.copy = INS_LAYER_COPY_NONE,
		.scratch = SCRATCH_NONE };
	struct ins_partition *partition = &exporting.partition;
	int r = ins_partition_open(context, name, INS_PARTITION_CHANGE, partition, err);

	if (r == 0)
		r = gather_layers(&exporting, err);
	if (r == 0)
		r = begin_scratch(&partition->library, &exporting.scratch, err);
	if (r == 0)
		r = put_words_together(&exporting, with_image, err);
	return r < 0 ? r : pack(&exporting, fd, err);
}

/* --- import ----------------------------------------------------------------------------------------------- */

struct importing {
	struct ins_library library;
	struct scratch scratch;
	struct ins_definition definition;
	struct ins_partition_state state; /* as the archive says */
	struct ins_making making;
	struct ins_layers theirs, ours; /* ids of the layers: in the archive, and here */
};

static void end_import(struct importing *importing)
{
	/* Nobody else can have named them: the library is still locked. */
	for (size_t i = 0; !importing->making.is_done && i < importing->ours.n; i++)
		(void)ins_tree_remove(importing->library.layers, importing->ours.v[i], NULL);
	ins_making_end(&importing->making);
	ins_layers_clear(&importing->theirs);
	ins_layers_clear(&importing->ours);
	ins_partition_state_clear(&importing->state);
	ins_definition_clear(&importing->definition);
	end_scratch(&importing->scratch);
	ins_library_close(&importing->library);
}

static int unpack(const struct importing *importing, const struct ins_context *context, int fd,
	struct ins_error *err)
{
	char words[INS_WORKER_SIZE];
	char *argv[] = { NULL, NULL, (char *)"unpack", (char *)importing->scratch.path, NULL };

	return ins_worker_ask(context, argv, fd, words, err);
}

/* The same layer twice is a loop to overlayfs: it would be told at each start. */
static bool is_twice(const struct ins_layers *layers)
{
	for (size_t i = 0; i < layers->n; i++) {
		struct ins_layers before = { i, layers->v };

		if (ins_layers_contain(&before, layers->v[i]))
			return true;
	}
	return false;
}

static bool is_name_taken(const struct ins_partition_state *state, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++) {
		if (!strcmp(state->snapshots[i].name, name))
			return true;
	}
	return false;
}

/* What state.json says is ours elsewhere, and somebody's here. */
static int check_state(const struct ins_partition_state *state, struct ins_error *err)
{
	int r = 0;

	if (state->layers.n + 1 > INS_OVERLAY_LAYERS || state->n_snapshots > INS_SNAPSHOTS_MAX)
		return ins_error_text(err, E2BIG, "state.json: too many layers or snapshots");
	if (is_twice(&state->layers))
		return ins_error_text(err, EINVAL, "state.json: a layer is in it twice");
	for (size_t i = 0; r == 0 && i < state->n_snapshots; i++) {
		const struct ins_snapshot *snapshot = &state->snapshots[i];

		r = ins_name_check("snapshot", snapshot->name, err);
		if (r == 0 && (snapshot->layers.n + 1 > INS_OVERLAY_LAYERS ||
				      is_twice(&snapshot->layers) ||
				      is_name_taken(state, i, snapshot->name) ||
				      strlen(snapshot->made) >= INS_TIME_SIZE ||
				      snapshot->made[strspn(snapshot->made, "0123456789-:TZ")]))
			r = ins_error_text(err, EINVAL, "state.json: the snapshot %s is broken",
				snapshot->name);
	}
	return r;
}

static int load(struct importing *importing, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r = ins_partition_state_load(importing->scratch.dir, &importing->state, err);

	if (r == 0)
		r = check_state(&importing->state, err);
	if (r == 0)
		r = ins_file_read(importing->scratch.dir, INS_DEFINITION_FILE,
			INS_DEFINITION_SIZE_MAX, &text, &size, err);
	if (r == 0)
		r = ins_definition_parse(text, size, &importing->definition, err);
	if (r == 0)
		r = ins_name_check("template",
			ins_definition_get(&importing->definition, INS_SETTING_TEMPLATE) ?: "",
			err);
	return r < 0 ? ins_error_prefix(err, "the archive") : 0;
}

/* One that came along is compared with what it says of itself; that one of its name was in order once says
 * nothing of it. */
static int take_image(
	struct importing *importing, struct ins_context *context, struct ins_error *err)
{
	const char *template = ins_definition_get(&importing->definition, INS_SETTING_TEMPLATE);
	struct ins_library *library = &importing->library;
	const char *id = importing->state.image;
	char path[PATH_MAX], target[sizeof("../images/") + INS_IMAGE_ID_SIZE];
	int r;

	if (renameat2(importing->scratch.dir, "image", library->images, id, RENAME_NOREPLACE) < 0)
		return ins_error_text(err, ENOENT,
			"the image %s, which template \"%s\" named, is not here: make that "
			"template "
			"here, or export the partition --with-image",
			id, template);
	ins_image_forget(id, context->root);
	r = ins_image_use(library, id, context, path, err);
	if (r < 0) {
		(void)ins_tree_remove(library->images, id, NULL);
		ins_image_forget(id, context->root);
		return r;
	}
	/* If the name is taken it stays: the image has a user without it. */
	snprintf(target, sizeof(target), "../images/%s", id);
	if (symlinkat(target, library->templates, template) < 0)
		return errno == EEXIST
			       ? 0
			       : ins_error_set(err, errno, "make the template %s", template);
	ins_context_log(context, INS_LOG_WARNING,
		"the image of the archive is the template \"%s\" from now on", template);
	return 0;
}

static int settle_image(
	struct importing *importing, struct ins_context *context, struct ins_error *err)
{
	bool is_there = faccessat(importing->library.images, importing->state.image, F_OK,
				AT_SYMLINK_NOFOLLOW) == 0;

	return is_there ? 0 : take_image(importing, context, err);
}

/* Ids are given anew: what lies here under theirs may be something else. */
static int take_layer(struct importing *importing, const char *theirs, struct ins_error *err)
{
	char path[sizeof("layers/") + INS_LAYER_ID_SIZE], id[INS_LAYER_ID_SIZE];
	struct stat s;
	int r = ins_layer_id(id, err);

	snprintf(path, sizeof(path), "layers/%s", theirs);
	if (r == 0)
		r = ins_layers_push(&importing->theirs, theirs, err);
	if (r == 0)
		r = ins_layers_push(&importing->ours, id, err);
	if (r < 0)
		return r;
	if (fstatat(importing->scratch.dir, path, &s, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(s.st_mode))
		return ins_error_text(err, EINVAL, "the layer %s is missing", theirs);
	if (renameat2(importing->scratch.dir, path, importing->library.layers, id,
		    RENAME_NOREPLACE) < 0)
		return ins_error_set(err, errno, "make the layer %s", id);
	return 0;
}

static int take_layers(
	struct importing *importing, struct ins_layers *layers, struct ins_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < layers->n; i++) {
		if (!ins_layers_contain(&importing->theirs, layers->v[i]))
			r = take_layer(importing, layers->v[i], err);
		for (size_t k = 0; r == 0 && k < importing->theirs.n; k++) {
			if (!strcmp(importing->theirs.v[k], layers->v[i])) {
				memcpy(layers->v[i], importing->ours.v[k], INS_LAYER_ID_SIZE);
				break;
			}
		}
	}
	return r;
}

static int take_all(struct importing *importing, struct ins_error *err)
{
	struct ins_partition_state *theirs = &importing->state, *state = &importing->making.state;
	int r = take_layers(importing, &theirs->layers, err);

	for (size_t i = 0; r == 0 && i < theirs->n_snapshots; i++)
		r = take_layers(importing, &theirs->snapshots[i].layers, err);
	if (r < 0)
		return r;
	memcpy(state->image, theirs->image, sizeof(state->image));
	state->layers = theirs->layers;
	state->snapshots = theirs->snapshots;
	state->n_snapshots = theirs->n_snapshots;
	theirs->layers = (struct ins_layers){ 0 };
	theirs->snapshots = NULL;
	theirs->n_snapshots = 0;
	return 0;
}

/* @name: NULL: the one in the archive. */
static int check_name(const struct importing *importing, const char *name, struct ins_error *err)
{
	int r;

	if (!name)
		return ins_error_text(err, EINVAL, "the archive does not say its name: give one");
	r = ins_name_check("partition", name, err);
	if (r == 0 && ins_partition_exists(&importing->library, name))
		r = ins_error_text(err, EEXIST, "there is a partition \"%s\" already", name);
	return r;
}

static int finish_import(struct importing *importing, struct ins_context *context, const char *name,
	struct ins_error *err)
{
	int r = ins_partition_begin(context, name, &importing->definition, &importing->making, err);

	if (r == 0)
		r = take_all(importing, err);
	if (r == 0)
		r = settle_image(importing, context, err);
	if (r == 0 && syncfs(importing->scratch.dir) < 0)
		r = ins_error_set(err, errno, "write the files of partition %s", name);
	return r < 0 ? r
		     : ins_partition_finish(&importing->making, name, &importing->definition, err);
}

int ins_partition_import(struct ins_context *context, const char *name, int fd, char **ret_name,
	struct ins_error *err)
{
	cleanup_with(end_import) struct importing importing = {
		.library = INS_LIBRARY_CLOSED, .scratch = SCRATCH_NONE, .making = INS_MAKING_NONE
	};
	cleanup_free char *found = NULL;
	int r = ins_library_open(context->library, true, &importing.library, err);

	if (r == 0 && name)
		r = check_name(&importing, name, err);
	if (r == 0)
		r = begin_scratch(&importing.library, &importing.scratch, err);
	if (r == 0)
		r = unpack(&importing, context, fd, err);
	if (r == 0)
		r = load(&importing, err);
	if (r == 0 && !name)
		r = check_name(&importing, importing.state.name, err);
	if (r < 0)
		return r;
	found = strdup(name ? name : importing.state.name);
	if (!found)
		return ins_error_set(err, ENOMEM, "import a partition");
	r = finish_import(&importing, context, found, err);
	if (r == 0 && ret_name)
		*ret_name = TAKE_PTR(found);
	return r;
}
