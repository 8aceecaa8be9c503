/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library: what insula keeps on disk of templates and partitions.
 *
 *     lock                          held (flock) while something changes that concerns several
 *     numbers/N                     a symlink to the name of the partition that has the number N
 *     images/ID/                    root file systems that nobody changes any more (store.h)
 *     templates/NAME                a symlink ../images/ID
 *     layers/ID/                    what was a partition's own layer when a snapshot was taken
 *     partitions/NAME/              a partition, complete; its directory is its lock
 *         definition.json           what people have asked for (insula_partition.h)
 *         state.json                what insula knows of it: number, image, layers, snapshots
 *         own/upper, own/work       what it has changed of its root; with a limit these may be in own.img
 *         log                       what its program has said, where there is no journal
 *     images/.*, layers/.*, partitions/.*    being made or removed; whatever lies there unlocked is gc's
 */
#ifndef INSULA_IMAGE_LIBRARY_H
#define INSULA_IMAGE_LIBRARY_H

#include "insula.h"

/* The one that is used if no other is named. */
#define INS_LIBRARY_USUAL "/var/lib/insula"

struct ins_library {
	const char *path;                                     /* absolute; borrowed from the context */
	int dir, numbers, images, templates, layers, partitions; /* directories; −1 where not open */
	int lock;                                             /* −1: not held */
};

#define INS_LIBRARY_CLOSED                                                                              \
	((struct ins_library){ .dir = -1,                                                               \
		.numbers = -1, .images = -1, .templates = -1, .layers = -1, .partitions = -1, .lock = -1 })

/**
 * ins_library_open - open the directories of the library
 * @path: absolute; outlives the library
 * @make: make what is missing
 *
 * Return: 0, −ENOENT (it is not there, and @make is false: no error is recorded), −EPERM (others may write
 * there), −errno.
 */
int ins_library_open(const char *path, bool make, struct ins_library *ret_library, struct ins_error *err);

/* ins_library_close - also one that was never opened, if it began as INS_LIBRARY_CLOSED. Unlocks. */
void ins_library_close(struct ins_library *library);

static inline void ins_cleanup_library(struct ins_library *library)
{
	ins_library_close(library);
}

#define cleanup_library __attribute__((cleanup(ins_cleanup_library)))

/* How the library is locked. */
enum ins_library_lock {
	INS_LIBRARY_SHARED,    /* something is being added: nobody clears up meanwhile */
	INS_LIBRARY_EXCLUSIVE, /* what nobody seems to need is taken away */
};

/* ins_library_lock, ins_library_unlock - waits; to be held for moments only. */
int ins_library_lock(struct ins_library *library, enum ins_library_lock how, struct ins_error *err);
void ins_library_unlock(struct ins_library *library);

/* ins_name_check - may a partition or a template have this name? [A-Za-z0-9_.-], at most 63, no dot or dash
 * in front. @what: for the message, "partition". Return: 0, −EINVAL. */
int ins_name_check(const char *what, const char *name, struct ins_error *err);

#endif
