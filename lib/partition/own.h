/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partition has changed of its root: own/upper, with own/work for overlayfs beside it.
 *
 * To hand the upper to others, or to give it up, takes several steps on disk, and one may be killed between
 * them. So state.json says first, in one step, what the root now consists of and what becomes of the upper;
 * the rest is done again by whoever next opens the partition for a change, until it is done.
 */
#ifndef INSULA_PARTITION_OWN_H
#define INSULA_PARTITION_OWN_H

#include "partition/partition.h"

/* ins_own_settle - do what state.own asks for; nothing if that is nothing. The partition does not run. */
int ins_own_settle(struct ins_partition *partition, struct ins_error *err);

/* ins_own_is_empty - it has changed nothing. Return: 1, 0, −errno. */
int ins_own_is_empty(const struct ins_partition *partition, struct ins_error *err);

/**
 * ins_own_to_layer - let the upper become the topmost layer, and begin a new one; nothing is copied
 *
 * If the upper is empty nothing changes. Only the state in memory changes: whoever calls saves it, and then
 * calls ins_own_settle(). The partition does not run, and until then the library is locked: what a sweep has
 * read of the state before must not be what it goes by afterwards.
 */
int ins_own_to_layer(struct ins_partition *partition, struct ins_error *err);

/* ins_own_share - the same, saved and done. */
int ins_own_share(struct ins_partition *partition, struct ins_error *err);

/* ins_own_inherit - a new upper gets the attributes of the root directory that the topmost layer has. */
int ins_own_inherit(const struct ins_library *library, int dir, const struct ins_layers *layers,
	struct ins_error *err);

/* ins_own_new_machine_id - if a layer has a machine-id(5) let a new upper have an empty one: systemd then makes another
 * when it boots. What the image itself has stays: no guest has written that. */
int ins_own_new_machine_id(const struct ins_library *library, int dir,
	const struct ins_layers *layers, struct ins_error *err);

#endif
