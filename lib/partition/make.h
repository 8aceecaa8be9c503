/* SPDX-License-Identifier: Apache-2.0 */
/* What all ways to a new partition share: spawn, clone, import. */
#ifndef INSULA_PARTITION_MAKE_H
#define INSULA_PARTITION_MAKE_H

#include "partition/partition.h"

#define INS_TIME_SIZE 32

/*
 * ins_hidden_name - what a partition is called while it is made or removed
 *
 * One for each name, so that a next command of the same name finds what a killed one has left. The directory
 * is locked by who is at work on it.
 */
#define INS_HIDDEN_SIZE 80
void ins_hidden_name(const char *name, char hidden[INS_HIDDEN_SIZE]);

/* A partition that is being made. Whatever happens, it ends with ins_making_end(). */
struct ins_making {
	struct ins_library library; /* locked, shared */
	char name[INS_HIDDEN_SIZE]; /* that hides it */
	int dir;                    /* its directory, locked */
	bool has_number, is_done;
	bool is_copy; /* of one that lives on: what says who it is is not for both */
	struct ins_partition_state state; /* to be completed: image, layers, snapshots */
};

#define INS_MAKING_NONE ((struct ins_making){ .library = INS_LIBRARY_CLOSED, .dir = -1 })

/* ins_partition_begin - check the name and the definition, make the directory, take a number.
 * Return: as ins_partition_make(). */
int ins_partition_begin(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_making *making, struct ins_error *err);

/* ins_partition_finish - fill the directory and give it its name. */
int ins_partition_finish(struct ins_making *making, const char *name,
	const struct ins_definition *definition, struct ins_error *err);

/* ins_making_end - take back what was not finished; unlock. */
void ins_making_end(struct ins_making *making);

/* ins_partition_make_own - the directories of what a partition changes: own/upper, own/work. */
int ins_partition_make_own(int dir, struct ins_error *err);

#endif
