/* SPDX-License-Identifier: Apache-2.0 */
/* What all share that hand layers from one to another: snapshot, rollback, clone, export, remove. */
#ifndef INSULA_PARTITION_SNAPSHOT_H
#define INSULA_PARTITION_SNAPSHOT_H

#include "partition/freezer.h"
#include "partition/layer.h"

/* Of one partition: so state.json stays below what is read of one, with as many layers in each as are possible. */
#define INS_SNAPSHOTS_MAX 512

/* ins_snapshot_find - by its name. @ret_snapshot: in the partition. Return: 0, −ENOENT with words. */
int ins_snapshot_find(const struct ins_partition *partition, const char *name,
	const struct ins_snapshot **ret_snapshot, struct ins_error *err);

/* ins_snapshot_copy - copy the upper of a partition that may run: it is frozen meanwhile. */
int ins_snapshot_copy(
	struct ins_partition *partition, struct ins_layer_copy *copy, struct ins_error *err);

/* ins_snapshot_release - remove those of the layers that nobody has any more, now that the partition's state on
 * disk names them no longer. Afterwards the library is not locked. */
int ins_snapshot_release(
	struct ins_partition *partition, const struct ins_layers *layers, struct ins_error *err);

/* ins_snapshot_withdraw - end a copy that nobody came to name, published or not: the disk was full, say. Afterwards
 * the library is not locked. */
void ins_snapshot_withdraw(struct ins_partition *partition, struct ins_layer_copy *copy);

#endif
