/* SPDX-License-Identifier: Apache-2.0 */
/* A new partition that begins with what another one has: the layers are shared. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/disk.h"
#include "partition/make.h"
#include "partition/own.h"
#include "partition/snapshot.h"

/* What two partitions cannot have both. */
static const enum ins_setting own_settings[] = { INS_SETTING_ADDRESS, INS_SETTING_PUBLISH,
	INS_SETTING_HOSTNAME };

struct cloning {
	struct ins_partition from;
	struct ins_layer_copy copy; /* of the upper of one that runs */
	struct ins_layers layers;   /* what the new one consists of */
};

static void release(struct cloning *cloning)
{
	ins_layer_copy_end(&cloning->copy);
	ins_layers_clear(&cloning->layers);
	ins_partition_close(&cloning->from);
}

static int drop_own_settings(
	struct ins_context *context, struct ins_partition *from, struct ins_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(own_settings); i++) {
		enum ins_setting setting = own_settings[i];

		if (from->definition.values[setting].n == 0)
			continue;
		ins_context_log(context, INS_LOG_WARNING,
			"%s of partition \"%s\" is not copied: no two can have it",
			ins_settings[setting].key, from->name);
		r = ins_definition_set(&from->definition, setting, NULL, err);
	}
	return r;
}

static int gather_snapshot(struct cloning *cloning, const char *name, struct ins_error *err)
{
	const struct ins_snapshot *snapshot;
	int r = ins_snapshot_find(&cloning->from, name, &snapshot, err);

	return r < 0 ? r : ins_layers_copy(&snapshot->layers, &cloning->layers, err);
}

static int gather(struct cloning *cloning, struct ins_error *err)
{
	struct ins_partition *from = &cloning->from;
	enum ins_status status;
	int r = ins_partition_status(from, &status, NULL, err);

	if (r == 0)
		r = status == INS_STATUS_STOPPED && !ins_disk_has_image(from)
			    ? ins_own_share(from, err)
			    : ins_snapshot_copy(from, &cloning->copy, err);
	if (r == 0)
		r = ins_layers_copy(&from->state.layers, &cloning->layers, err);
	if (r == 0 && cloning->copy.dir >= 0)
		r = ins_layers_push(&cloning->layers, cloning->copy.id, err);
	return r;
}

/* What is said about the other one's files is no news from here on: nobody removes a layer that @from names as
 * long as @from is locked, and what is copied is published when the library is locked, too. */
static int make(struct ins_context *context, struct cloning *cloning, const char *name,
	struct ins_error *err)
{
	cleanup_with(ins_making_end) struct ins_making making = INS_MAKING_NONE;
	const struct ins_partition *from = &cloning->from;
	int r = ins_partition_begin(context, name, &from->definition, &making, err);

	if (r == 0 && cloning->copy.dir >= 0)
		r = ins_layer_copy_publish(&cloning->copy, err);
	if (r < 0)
		return r;
	memcpy(making.state.image, from->state.image, sizeof(making.state.image));
	making.state.layers = cloning->layers;
	cloning->layers = (struct ins_layers){ 0 };
	making.is_copy = true;
	return ins_partition_finish(&making, name, &from->definition, err);
}

int ins_partition_clone(struct ins_context *context, const char *name, const char *snapshot,
	const char *to, struct ins_error *err)
{
	cleanup_with(release) struct cloning cloning = { .from = INS_PARTITION_CLOSED,
		.copy = INS_LAYER_COPY_NONE };
	int r = ins_name_check("partition", to, err);

	if (r == 0)
		r = ins_partition_open(context, name, INS_PARTITION_CHANGE, &cloning.from, err);
	/* Better before it is copied than afterwards. */
	if (r == 0 && ins_partition_exists(&cloning.from.library, to))
		r = ins_error_text(err, EEXIST, "there is a partition \"%s\" already", to);
	if (r == 0)
		r = snapshot ? gather_snapshot(&cloning, snapshot, err) : gather(&cloning, err);
	if (r == 0)
		r = drop_own_settings(context, &cloning.from, err);
	if (r < 0)
		return r;
	r = make(context, &cloning, to, err);
	if (r < 0)
		ins_snapshot_withdraw(&cloning.from, &cloning.copy);
	return r;
}
