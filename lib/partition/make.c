/* SPDX-License-Identifier: Apache-2.0 */
/* A new partition: made under a name that hides it, and renamed when it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "guest/record.h"
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

/* What was put there before stays (import). */
static int fill_own(const struct ins_making *making, struct ins_error *err)
{
	int r;

	if (faccessat(making->dir, "own", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	r = ins_partition_make_own(making->dir, err);
	return r < 0 ? r
		     : ins_own_inherit(&making->library, making->dir, &making->state.layers, err);
}

static int fill(const struct ins_making *making, const struct ins_definition *definition,
	struct ins_error *err)
{
	int dir = making->dir, r = fill_own(making, err);

	if (r == 0)
		r = make_directory(dir, "rootfs", 0700, err);
	if (r == 0)
		r = ins_partition_save_definition(dir, definition, err);
	return r < 0 ? r : ins_partition_state_save(dir, &making->state, err);
}

/* The directory is locked before it can be found by a name that does not hide it, so that no other command
 * sees it half made. */
static int begin(const struct ins_library *library, const char *name, struct ins_making *making,
	struct ins_error *err)
{
	uint32_t random;

	if (getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
		return ins_error_set(err, errno, "make a partition: no random name");
	snprintf(making->name, sizeof(making->name), ".%s.%08x", name, random);
	if (mkdirat(library->partitions, making->name, 0700) < 0)
		return ins_error_set(
			err, errno, "make %s/partitions/%s", library->path, making->name);
	making->dir = openat(
		library->partitions, making->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (making->dir < 0 || flock(making->dir, LOCK_EX) < 0)
		return ins_error_set(
			err, errno, "lock %s/partitions/%s", library->path, making->name);
	return 0;
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
		r = check_name(context, library, name, err);
	if (r == 0)
		r = begin(library, name, making, err);
	if (r == 0)
		r = ins_number_take(library->numbers, name, &making->state.number, err);
	if (r < 0)
		return r;
	making->has_number = true;
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

	if (!making->is_done && making->has_number)
		(void)ins_number_give(library->numbers, making->state.number, NULL);
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
