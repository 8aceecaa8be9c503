/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/tree.h"
#include "image/store.h"
#include "partition/network.h"
#include "partition/snapshot.h"
#include "partition/make.h"
#include "partition/stop.h"
#include "partition/supervisor.h"

/* What somebody has left there who was killed while he made or removed one of this name. */
static int clear_hidden(const struct ins_library *library, const char *name, const char *hidden,
	struct ins_error *err)
{
	cleanup_fd int dir = openat(
		library->partitions, hidden, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir < 0)
		return errno == ENOENT ? 0
				       : ins_error_set(err, errno, "open %s/partitions/%s",
						 library->path, hidden);
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return ins_error_text(
			err, EBUSY, "another command is about to make a partition \"%s\"", name);
	return ins_tree_remove(library->partitions, hidden, err);
}

/*
 * In one step it is gone for all who look. What is left of it then is hidden, and if we are killed, gc's or
 * that of who makes another of the same name. We have it locked until all of it is gone: so nobody takes the
 * number for a leftover, which goes before the directory does.
 */
static int take_away(struct ins_partition *partition, struct ins_error *err)
{
	const struct ins_library *library = &partition->library;
	char hidden[INS_HIDDEN_SIZE];
	int r;

	ins_hidden_name(partition->name, hidden);
	r = clear_hidden(library, partition->name, hidden, err);
	if (r < 0)
		return r;
	if (renameat2(library->partitions, partition->name, library->partitions, hidden,
		    RENAME_NOREPLACE) < 0)
		return ins_error_set(err, errno, "take partition %s away", partition->name);
	r = ins_number_give(library, partition->state.number, err);
	return r < 0 ? r : ins_tree_remove(library->partitions, hidden, err);
}

int ins_partition_remove(
	struct ins_context *context, const char *name, bool force, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct ins_layers layers = { 0 };
	enum ins_status status;
	int r = ins_partition_open(context, name, INS_PARTITION_MEND, &partition, err);

	if (r == 0)
		r = ins_partition_status(&partition, &status, NULL, err);
	if (r == 0 && !force && status != INS_STATUS_STOPPED)
		r = ins_error_text(err, EBUSY,
			"partition \"%s\" is %s: stop it first, or remove it with --force", name,
			ins_status_name(status));
	if (r == 0)
		r = ins_partition_end(&partition, 0, err);
	/* Also what was left by somebody who was killed in the middle. */
	if (r == 0)
		r = ins_partition_network_release(&partition, err);
	if (r == 0)
		r = ins_library_lock(&partition.library, INS_LIBRARY_SHARED, err);
	if (r == 0)
		r = ins_layers_of_state(&partition.state, &layers, err);
	if (r == 0)
		r = take_away(&partition, err);
	if (r == 0)
		r = ins_snapshot_release(&partition, &layers, err);
	if (r == 0 && partition.state.image[0])
		r = ins_image_release(context, &partition.library, partition.state.image, err);
	ins_layers_clear(&layers);
	/* Who supervises it settles what is left, and wants the lock for that. */
	ins_partition_close(&partition);
	return r < 0 ? r : ins_supervisor_stop(context, name, err);
}
