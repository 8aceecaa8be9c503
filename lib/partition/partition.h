/* SPDX-License-Identifier: Apache-2.0 */
/* One partition as it lies in the library. */
#ifndef INSULA_PARTITION_PARTITION_H
#define INSULA_PARTITION_PARTITION_H

#include "guest/context.h"
#include "image/library.h"
#include "image/store.h"
#include "partition/definition.h"
#include "partition/number.h"

/* Ids of layers are like those of images. */
#define INS_LAYER_ID_SIZE INS_IMAGE_ID_SIZE

/* The layers between a partition's own and its image, the topmost first. */
struct ins_layers {
	size_t n;
	char (*v)[INS_LAYER_ID_SIZE]; /* owned */
};

struct ins_snapshot {
	char *name, *made;        /* owned */
	struct ins_layers layers; /* what it consists of */
};

/* What is still to be done with its own upper, now that the state says so (own.h). */
enum ins_own {
	INS_OWN_KEPT,   /* nothing */
	INS_OWN_LAYER,  /* it becomes the topmost of the layers */
	INS_OWN_VOID,   /* it goes */
};

/* state.json: what insula knows of a partition beyond what people have asked for. */
struct ins_partition_state {
	uint32_t number;
	char image[INS_IMAGE_ID_SIZE];
	char *name;      /* in an archive only: what it was called there; owned, NULL */
	char *made;      /* RFC 3339; owned */
	bool is_enabled; /* is started at boot */
	int exit_status; /* of the last end, as of waitpid(2); −1: it has never ended */
	struct ins_layers layers;
	enum ins_own own;
	size_t n_snapshots;
	struct ins_snapshot *snapshots; /* the oldest first; owned */
};

/* ins_partition_state_load, ins_partition_state_save - state.json in @dir; replaced as a whole.
 * Return: 0, −EINVAL (it is none), −errno. */
int ins_partition_state_load(int dir, struct ins_partition_state *ret_state, struct ins_error *err);
int ins_partition_state_save(
	int dir, const struct ins_partition_state *state, struct ins_error *err);

/* ins_partition_state_clear - free what it owns; it is empty then. */
void ins_partition_state_clear(struct ins_partition_state *state);

/* ins_layers_copy - @ret_layers is to be freed with ins_layers_clear(). Return: 0, −ENOMEM. */
int ins_layers_copy(
	const struct ins_layers *layers, struct ins_layers *ret_layers, struct ins_error *err);
void ins_layers_clear(struct ins_layers *layers);

#define INS_DEFINITION_FILE     "definition.json"
#define INS_DEFINITION_SIZE_MAX ((size_t)1 << 20)

struct ins_partition {
	struct ins_context *context;
	struct ins_library library;
	char name[64];
	int dir; /* −1: not open */
	struct ins_definition definition;
	struct ins_partition_state state;
	bool has_no_state; /* it is lost: only the number is known, or INS_NUMBERS if not even that */
};

#define INS_PARTITION_CLOSED                                            \
	((struct ins_partition){ .library = INS_LIBRARY_CLOSED, .dir = -1 })

enum ins_partition_lock {
	INS_PARTITION_LOOK,   /* as it is at the moment */
	INS_PARTITION_CHANGE, /* nobody else changes it; waits for another command, for so long at most: */
	INS_PARTITION_MEND,   /* the same, also if its files are broken: a warning says so, and what they tell is empty */
};

#define INS_PARTITION_LOCK_SECONDS 30

/**
 * ins_partition_open - find a partition and read what is known of it
 * @ret_partition: to be closed
 *
 * Return: 0, −ENOENT with the text "there is no partition …", −EBUSY (also: it runs under another state directory and
 * is opened for a change), −EINVAL (a file of it is broken; the
 * message names it), −errno.
 */
int ins_partition_open(struct ins_context *context, const char *name, enum ins_partition_lock how,
	struct ins_partition *ret_partition, struct ins_error *err);

/* ins_partition_close - unlocks. Also one that is INS_PARTITION_CLOSED. */
void ins_partition_close(struct ins_partition *partition);

static inline void ins_cleanup_partition(struct ins_partition *partition)
{
	ins_partition_close(partition);
}

#define cleanup_partition __attribute__((cleanup(ins_cleanup_partition)))

/* ins_partition_exists - there is a directory of that name. */
bool ins_partition_exists(const struct ins_library *library, const char *name);

/* ins_partition_save_definition - replace definition.json in @dir. */
int ins_partition_save_definition(
	int dir, const struct ins_definition *definition, struct ins_error *err);

/* ins_partition_path - the absolute path of a file in its directory. Return: 0, −ENAMETOOLONG. */
int ins_partition_path(const struct ins_partition *partition, const char *file, char *path, size_t size,
	struct ins_error *err);

/* ins_partition_is_changing - somebody was killed while he changed the running partition of this directory. */
bool ins_partition_is_changing(int dir);

/* ins_partition_settle_change - then the kernel gets what the definition says. Return: 0, −errno. */
int ins_partition_settle_change(struct ins_partition *partition, struct ins_error *err);

/* ins_partition_status - what its container is doing. @ret_pid: 0 if it has no process; may be NULL. */
int ins_partition_status(const struct ins_partition *partition, enum ins_status *ret_status,
	pid_t *ret_pid, struct ins_error *err);

/* ins_partition_now - the time, for `made`: RFC 3339 in UTC, in seconds. */
void ins_partition_now(char *text, size_t size);

#endif
