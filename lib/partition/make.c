/* SPDX-License-Identifier: Apache-2.0 */
/* A new partition: made under a name that hides it, and renamed when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "guest/record.h"
#include "partition/disk.h"
#include "partition/make.h"
#include "partition/network.h"
#include "partition/own.h"

static int check_name(struct ins_context *context, const struct ins_library *library,
	const char *name, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	int r;

	if (ins_partition_exists(library, name))
		return ins_error_text(err, EEXIST, "there is a partition \"%s\" already", name);
	r = ins_store_open(context, name, INS_LOCK_NONE, true, &store, &ignored);
	ins_store_close(&store);
	return r == 0 ? ins_error_text(err, EEXIST,
				"there is a container \"%s\" already, and a partition would be "
				"one, too",
				name)
		      : 0;
}

void ins_hidden_name(const char *name, char hidden[INS_HIDDEN_SIZE])
{
	snprintf(hidden, INS_HIDDEN_SIZE, ".%s", name);
}

static int make_directory(int parent, const char *name, mode_t mode, struct ins_error *err)
{
	if (mkdirat(parent, name, 0700) < 0 ||
		(mode != 0700 && fchmodat(parent, name, mode, 0) < 0))
		return ins_error_set(err, errno, "make the directory %s", name);
	return 0;
}

int ins_partition_make_own(int dir, struct ins_error *err)
{
	int r = make_directory(dir, "own", 0700, err);

	/* The upper's root directory is that of the guest: it has to be able to pass. */
	if (r == 0)
		r = make_directory(dir, "own/upper", 0755, err);
	return r < 0 ? r : make_directory(dir, "own/work", 0700, err);
}

static int fill(const struct ins_making *making, const struct ins_definition *definition,
	struct ins_error *err)
{
	const struct ins_partition_state *state = &making->state;
	char path[PATH_MAX];
	int dir = making->dir, r = ins_partition_make_own(dir, err);

	if (r == 0)
		r = ins_own_inherit(&making->library, dir, &state->layers, err);
	if (r == 0 && making->is_copy && ins_definition_get(definition, INS_SETTING_BOOT))
		r = ins_own_new_machine_id(&making->library, dir, &state->layers, err);
	snprintf(path, sizeof(path), "%s/partitions/%s", making->library.path, making->name);
	if (r == 0)
		r = ins_disk_make(dir, path, definition, state->number, err);
	if (r == 0)
		r = ins_partition_save_definition(dir, definition, err);
	return r < 0 ? r : ins_partition_state_save(dir, state, err);
}

/* Return: 1 if @dir still has this name, 0. */
static bool is_named(const struct ins_library *library, int dir, const char *name)
{
	struct stat held, named;

	return fstat(dir, &held) == 0 &&
	       fstatat(library->partitions, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/*
 * There is one hidden name for each name, and who has its directory locked is the only one to make or to
 * remove a partition of that name. What lies there unlocked was left by somebody who was killed: it is ours
 * then. Return: 1, 0 (it has gone meanwhile: once more), −errno.
 */
static int claim(const struct ins_library *library, const char *name, struct ins_making *making,
	struct ins_error *err)
{
	char hidden[sizeof(making->name)];
	cleanup_fd int dir = -1;

	ins_hidden_name(name, hidden);
	if (mkdirat(library->partitions, hidden, 0700) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make %s/partitions/%s", library->path, hidden);
	dir = openat(library->partitions, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return ins_error_set(err, errno, "open %s/partitions/%s", library->path, hidden);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK
			       ? ins_error_text(err, EBUSY,
					 "another command is making or removing a partition \"%s\"",
					 name)
			       : ins_error_set(err, errno, "lock %s/partitions/%s", library->path,
					 hidden);
	if (!is_named(library, dir, hidden))
		return 0;
	memcpy(making->name, hidden, sizeof(hidden));
	making->dir = TAKE_FD(dir);
	return 1;
}

static int begin(const struct ins_library *library, const char *name, struct ins_making *making,
	struct ins_error *err)
{
	int r;

	do {
		r = claim(library, name, making, err);
	} while (r == 0);
	return r < 0 ? r : ins_tree_empty(making->dir, err);
}

static int finish(const struct ins_library *library, const char *name,
	const struct ins_making *making, struct ins_error *err)
{
	if (renameat2(library->partitions, making->name, library->partitions, name,
		    RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return ins_error_text(err, EEXIST, "there is a partition \"%s\" already", name);
	return ins_error_set(err, errno, "name the partition %s", name);
}

static int take_number(struct ins_making *making, const char *name, struct ins_error *err)
{
	cleanup_claims struct ins_claims claims = INS_CLAIMS_CLOSED;
	int r = ins_claims_open(&making->library, &claims, err);

	if (r == 0)
		r = ins_number_take(&claims, name, &making->state.number, err);
	making->has_number = r == 0;
	return r;
}

int ins_partition_begin(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_making *making, struct ins_error *err)
{
	struct ins_library *library = &making->library;
	int r = ins_name_check("partition", name, err);

	if (r == 0)
		r = ins_definition_check(definition, err);
	if (r == 0)
		r = ins_library_open(context->library, true, library, err);
	/* Nobody may take away the image, or what lies hidden, before there is a partition. */
	if (r == 0)
		r = ins_library_lock(library, INS_LIBRARY_SHARED, err);
	if (r == 0)
		r = begin(library, name, making, err);
	if (r == 0)
		r = check_name(context, library, name, err);
	if (r == 0)
		r = take_number(making, name, err);
	if (r < 0)
		return r;
	r = ins_partition_network_check(definition, making->state.number, err);
	if (r < 0)
		return r;
	making->state.exit_status = -1;
	making->state.made = malloc(INS_TIME_SIZE);
	if (!making->state.made)
		return ins_error_set(err, ENOMEM, "make a partition");
	ins_partition_now(making->state.made, INS_TIME_SIZE);
	return 0;
}

int ins_partition_finish(struct ins_making *making, const char *name,
	const struct ins_definition *definition, struct ins_error *err)
{
	int r = fill(making, definition, err);

	if (r == 0)
		r = finish(&making->library, name, making, err);
	making->is_done = r == 0;
	return r;
}

void ins_making_end(struct ins_making *making)
{
	struct ins_library *library = &making->library;

	/* The directory goes last: with it goes the lock on the name, and on the number. */
	if (!making->is_done && making->has_number)
		(void)ins_number_give(library, making->state.number, NULL);
	if (!making->is_done && making->name[0])
		(void)ins_tree_remove(library->partitions, making->name, NULL);
	ins_partition_state_clear(&making->state);
	making->dir = ins_close(making->dir);
	ins_library_close(library);
}

int ins_partition_make(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_error *err)
{
	cleanup_with(ins_making_end) struct ins_making making = INS_MAKING_NONE;
	int r = ins_partition_begin(context, name, definition, &making, err);

	if (r == 0)
		r = ins_image_of_template(&making.library,
			ins_definition_get(definition, INS_SETTING_TEMPLATE), making.state.image,
			err);
	return r < 0 ? r : ins_partition_finish(&making, name, definition, err);
}
