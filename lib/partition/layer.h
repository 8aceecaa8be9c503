/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: what partitions have changed of their roots at some moment. Nobody changes them any more, several
 * partitions may name one, and who names it is known from their state.json alone.
 *
 *     layers/ID/          what was a partition's upper
 *     layers/.ID/         a copy that is being made: root/, and links/ which helps with it. Its maker has it
 *                         locked.
 */
#ifndef INSULA_PARTITION_LAYER_H
#define INSULA_PARTITION_LAYER_H

#include "partition/partition.h"

/* ins_layer_id - a new id, by chance: 16 hex digits. */
int ins_layer_id(char ret_id[INS_LAYER_ID_SIZE], struct ins_error *err);

/* ins_layers_push - put a layer on top of others. Return: 0, −ENOMEM. */
int ins_layers_push(
	struct ins_layers *layers, const char id[INS_LAYER_ID_SIZE], struct ins_error *err);

/* ins_layers_contain - is it one of them? */
bool ins_layers_contain(const struct ins_layers *layers, const char *id);

/* ins_layers_check - is there room for one more? Return: 0, −E2BIG with words about what to do. */
int ins_layers_check(
	const struct ins_partition *partition, const struct ins_layers *layers, struct ins_error *err);

/* A layer that is being copied. Whatever happens, it ends with ins_layer_copy_end(). */
struct ins_layer_copy {
	const struct ins_library *library;
	char id[INS_LAYER_ID_SIZE];
	int dir; /* layers/.ID, locked; −1: there is none */
};

#define INS_LAYER_COPY_NONE ((struct ins_layer_copy){ .dir = -1 })

/**
 * ins_layer_copy - copy an upper, which nobody changes meanwhile
 * @upper: its directory
 * @progress: told of the bytes
 *
 * What this takes depends on how much there is. The library need not be locked. Return: 0, −errno.
 */
int ins_layer_copy(const struct ins_library *library, int upper, struct ins_layer_copy *copy,
	struct ins_progress *progress, struct ins_error *err);

/* ins_layer_copy_publish - make it a layer. The library is locked until somebody names it. Return: 0,
 * −errno. */
int ins_layer_copy_publish(struct ins_layer_copy *copy, struct ins_error *err);

/* ins_layer_copy_end - take back what was not published; unlock. */
void ins_layer_copy_end(struct ins_layer_copy *copy);

/**
 * ins_layers_release - remove those of some layers that no partition names any more; none if one has lost its state
 * @candidates: by who has named them until now
 *
 * The library is locked, exclusively. If it is not known what some partition names, nothing is removed.
 */
int ins_layers_release(const struct ins_library *library, const struct ins_layers *candidates,
	struct ins_error *err);

/* ins_layers_of_state - all layers that a state names, each as often as it does. @ret_layers: to be
 * cleared. */
int ins_layers_of_state(const struct ins_partition_state *state, struct ins_layers *ret_layers,
	struct ins_error *err);

#endif
