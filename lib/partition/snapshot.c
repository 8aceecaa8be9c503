/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a partition, and the way back to one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/disk.h"
#include "partition/layer.h"
#include "partition/make.h"
#include "partition/own.h"
#include "partition/snapshot.h"
#include "partition/stop.h"

static struct ins_snapshot *find(const struct ins_partition_state *state, const char *name)
{
	for (size_t i = 0; i < state->n_snapshots; i++) {
		if (!strcmp(state->snapshots[i].name, name))
			return &state->snapshots[i];
	}
	return NULL;
}

static int no_snapshot(
	const struct ins_partition *partition, const char *name, struct ins_error *err)
{
	const struct ins_partition_state *state = &partition->state;
	char list[512] = "there are none";
	size_t used = 0;

	for (size_t i = 0; i < state->n_snapshots && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
			i > 0 ? ", " : "there are: ", state->snapshots[i].name);
	return ins_error_text(err, ENOENT, "partition \"%s\" has no snapshot \"%s\" (%s%s)",
		partition->name, name, list, used < sizeof(list) ? "" : "…");
}

int ins_snapshot_find(const struct ins_partition *partition, const char *name,
	const struct ins_snapshot **ret_snapshot, struct ins_error *err)
{
	const struct ins_snapshot *snapshot = find(&partition->state, name);

	if (!snapshot)
		return no_snapshot(partition, name, err);
	*ret_snapshot = snapshot;
	return 0;
}

/* --- taking one ------------------------------------------------------------------------------------------- */

static void clear(struct ins_snapshot *snapshot)
{
	free(snapshot->name);
	free(snapshot->made);
	ins_layers_clear(&snapshot->layers);
}

static int check(const struct ins_partition *partition, const char *name, struct ins_error *err)
{
	int r = ins_name_check("snapshot", name, err);

	if (r < 0)
		return r;
	if (find(&partition->state, name))
		return ins_error_text(err, EEXIST, "partition \"%s\" has a snapshot \"%s\" already",
			partition->name, name);
	if (partition->state.n_snapshots >= INS_SNAPSHOTS_MAX)
		return ins_error_text(err, E2BIG,
			"partition \"%s\" has %d snapshots, and more are not possible: remove one "
			"(`insula snapshot %s --remove SNAPSHOT`)",
			partition->name, INS_SNAPSHOTS_MAX, partition->name);
	return 0;
}

/* Put a snapshot of @layers at the end of the list, in memory. What was there stays there on failure. */
static int append(struct ins_partition_state *state, const char *name,
	const struct ins_layers *layers, struct ins_error *err)
{
	struct ins_snapshot *grown =
		reallocarray(state->snapshots, state->n_snapshots + 1, sizeof(*grown));
	struct ins_snapshot snapshot = { 0 };
	int r;

	if (!grown)
		return ins_error_set(err, ENOMEM, "a list of snapshots");
	state->snapshots = grown;
	snapshot.name = strdup(name);
	snapshot.made = malloc(INS_TIME_SIZE);
	r = snapshot.name && snapshot.made ? ins_layers_copy(layers, &snapshot.layers, err)
					   : ins_error_set(err, ENOMEM, "a snapshot");
	if (r < 0) {
		clear(&snapshot);
		return r;
	}
	ins_partition_now(snapshot.made, INS_TIME_SIZE);
	state->snapshots[state->n_snapshots++] = snapshot;
	return 0;
}

static int snapshot_stopped(
	struct ins_partition *partition, const char *name, struct ins_error *err)
{
	int r = ins_library_lock(&partition->library, INS_LIBRARY_SHARED, err);

	if (r == 0)
		r = ins_own_to_layer(partition, err);
	if (r == 0)
		r = append(&partition->state, name, &partition->state.layers, err);
	if (r == 0)
		r = ins_partition_state_save(partition->dir, &partition->state, err);
	return r < 0 ? r : ins_own_settle(partition, err);
}

int ins_snapshot_copy(
	struct ins_partition *partition, struct ins_layer_copy *copy, struct ins_error *err)
{
	cleanup_with(ins_thaw) struct ins_freezer freezer = INS_FREEZER_NONE;
	cleanup_fd int upper = ins_disk_open_upper(partition, err);
	struct ins_progress progress = ins_context_progress(partition->context);
	int r = upper < 0 ? upper : ins_layers_check(partition, &partition->state.layers, err);

	if (r == 0)
		r = ins_freeze(partition, &freezer, err);
	if (r < 0)
		return r;
	ins_progress_stage(&progress, "copying", 0);
	r = ins_layer_copy(&partition->library, upper, copy, &progress, err);
	ins_progress_end(&progress);
	return r;
}

void ins_snapshot_withdraw(struct ins_partition *partition, struct ins_layer_copy *copy)
{
	char id[1][INS_LAYER_ID_SIZE];
	struct ins_layers layers = { 1, id };
	struct ins_error ignored = { 0 };

	if (copy->dir < 0)
		return;
	memcpy(id[0], copy->id, sizeof(id[0]));
	ins_layer_copy_end(copy);
	(void)ins_snapshot_release(partition, &layers, &ignored);
}

static int snapshot_running(
	struct ins_partition *partition, const char *name, struct ins_error *err)
{
	cleanup_with(ins_layer_copy_end) struct ins_layer_copy copy = INS_LAYER_COPY_NONE;
	struct ins_layers layers = { 0 };
	int r = ins_snapshot_copy(partition, &copy, err);

	if (r == 0)
		r = ins_layers_copy(&partition->state.layers, &layers, err);
	if (r == 0)
		r = ins_layers_push(&layers, copy.id, err);
	if (r == 0)
		r = append(&partition->state, name, &layers, err);
	ins_layers_clear(&layers);
	if (r == 0)
		r = ins_library_lock(&partition->library, INS_LIBRARY_SHARED, err);
	if (r == 0)
		r = ins_layer_copy_publish(&copy, err);
	if (r == 0)
		r = ins_partition_state_save(partition->dir, &partition->state, err);
	if (r < 0)
		ins_snapshot_withdraw(partition, &copy);
	return r;
}

int ins_partition_snapshot(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	enum ins_status status;
	int r = ins_partition_open(context, name, INS_PARTITION_CHANGE, &partition, err);

	if (r == 0)
		r = check(&partition, snapshot, err);
	if (r == 0)
		r = ins_partition_status(&partition, &status, NULL, err);
	if (r < 0)
		return r;
	/* What lies in an image cannot be moved out of it. */
	return status == INS_STATUS_STOPPED && !ins_disk_has_image(&partition)
		       ? snapshot_stopped(&partition, snapshot, err)
		       : snapshot_running(&partition, snapshot, err);
}

int ins_partition_snapshots(struct ins_context *context, const char *name,
	ins_snapshot_visit_fn *visit, void *data, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);

	for (size_t i = 0; r == 0 && i < partition.state.n_snapshots; i++) {
		const struct ins_snapshot *snapshot = &partition.state.snapshots[i];
		struct ins_snapshot_info info = { .name = snapshot->name,
			.made = snapshot->made,
			.n_layers = snapshot->layers.n };

		r = visit(data, &info);
	}
	return r;
}

/* --- giving layers up ------------------------------------------------------------------------------------- */

int ins_snapshot_release(
	struct ins_partition *partition, const struct ins_layers *layers, struct ins_error *err)
{
	int r;

	if (layers->n == 0)
		return 0;
	ins_library_unlock(&partition->library);
	r = ins_library_lock(&partition->library, INS_LIBRARY_EXCLUSIVE, err);
	if (r == 0)
		r = ins_layers_release(&partition->library, layers, err);
	ins_library_unlock(&partition->library);
	return r;
}

int ins_partition_snapshot_remove(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_partition_state *state = &partition.state;
	const struct ins_snapshot *found;
	struct ins_snapshot removed;
	size_t i;
	int r = ins_partition_open(context, name, INS_PARTITION_CHANGE, &partition, err);

	if (r == 0)
		r = ins_snapshot_find(&partition, snapshot, &found, err);
	if (r < 0)
		return r;
	removed = *found;
	i = (size_t)(found - state->snapshots);
	state->n_snapshots--;
	memmove(state->snapshots + i, state->snapshots + i + 1,
		(state->n_snapshots - i) * sizeof(*state->snapshots));
	r = ins_partition_state_save(partition.dir, state, err);
	if (r == 0)
		r = ins_snapshot_release(&partition, &removed.layers, err);
	clear(&removed);
	return r;
}

/* --- going back ------------------------------------------------------------------------------------------- */

static int go_back(
	struct ins_partition *partition, const struct ins_snapshot *snapshot, struct ins_error *err)
{
	struct ins_partition_state *state = &partition->state;
	struct ins_layers layers = { 0 }, before;
	int r = ins_layers_copy(&snapshot->layers, &layers, err);

	if (r < 0)
		return r;
	before = state->layers;
	state->layers = layers;
	state->own = INS_OWN_VOID;
	r = ins_partition_state_save(partition->dir, state, err);
	if (r == 0)
		r = ins_own_settle(partition, err);
	if (r == 0)
		r = ins_snapshot_release(partition, &before, err);
	ins_layers_clear(&before);
	return r;
}

int ins_partition_rollback(
	struct ins_context *context, const char *name, const char *snapshot, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	const struct ins_snapshot *found = NULL;
	enum ins_status status;
	int r = ins_partition_open(context, name, INS_PARTITION_CHANGE, &partition, err);

	if (r == 0)
		r = ins_snapshot_find(&partition, snapshot, &found, err);
	if (r == 0)
		r = ins_partition_status(&partition, &status, NULL, err);
	if (r == 0 && status != INS_STATUS_STOPPED)
		r = ins_error_text(err, EBUSY,
			"partition \"%s\" is %s: stop it first, or use --restart", name,
			ins_status_name(status));
	/* What has ended is not always taken away yet. */
	if (r == 0)
		r = ins_partition_clear(&partition, err);
	return r < 0 ? r : go_back(&partition, found, err);
}
