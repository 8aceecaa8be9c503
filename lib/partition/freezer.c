/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guard, a process of its own, lets the partition go on when the pipe from us ends: so it does when we are
 * killed. The guard shares the locks of the partition and of its container, too: nobody else begins before it is
 * done.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"
#include "partition/freezer.h"
#include "sys/bare.h"
#include "sys/clone.h"

struct guard {
	int freeze;  /* cgroup.freeze */
	int pipe[2]; /* reading end, writing end */
};

static int wait_and_thaw(void *data)
{
	const struct guard *guard = data;
	char byte;

	(void)ins_sys(close, guard->pipe[1]);
	/* What is sent to the caller's terminal, or its group, is not meant for the guard. */
	(void)ins_sys(setsid);
	while (ins_sys(read, guard->pipe[0], &byte, sizeof(byte)) == -EINTR)
		continue;
	return ins_sys(write, guard->freeze, "0", 1) == 1 ? 0 : 1;
}

static int open_cgroup(const struct ins_partition *partition, const struct ins_record *record,
	struct ins_error *err)
{
	int cgroup = -1, r;

	if (!record->cgroup)
		return ins_error_text(err, EOPNOTSUPP,
			"partition \"%s\" has no cgroup by which it could be frozen: stop it first",
			partition->name);
	r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, err);
	return r < 0 ? r : cgroup;
}

static int start_guard(int cgroup, struct ins_freezer *freezer, struct ins_error *err)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	sigset_t all, before;
	struct guard guard;
	cleanup_fd int freeze = openat(cgroup, "cgroup.freeze", O_WRONLY | O_CLOEXEC);

	if (freeze < 0)
		return ins_error_set(err, errno, "open cgroup.freeze");
	if (pipe2(guard.pipe, O_CLOEXEC) < 0)
		return ins_error_set(err, errno, "make a pipe");
	guard.freeze = freeze;
	/* For the guard they stay blocked. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	freezer->guard = ins_clone(&args, wait_and_thaw, &guard);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	ins_close(guard.pipe[0]);
	freezer->pipe = guard.pipe[1];
	if (freezer->guard < 0) {
		int r = freezer->guard;

		freezer->guard = 0;
		return ins_error_set(err, -r, "start a process that ends the freeze");
	}
	return 0;
}

int ins_freeze(struct ins_partition *partition, struct ins_freezer *freezer, struct ins_error *err)
{
	cleanup_fd int cgroup = -1;
	enum ins_status status;
	int r = ins_partition_status(partition, &status, NULL, err);

	if (r < 0 || status == INS_STATUS_STOPPED)
		return r;
	r = ins_store_open(
		partition->context, partition->name, INS_LOCK_WAIT, false, &freezer->store, err);
	/* Since then it may have ended, or somebody have frozen it. */
	if (r == 0)
		r = ins_store_status(&freezer->store, &status, err);
	if (r < 0 || status != INS_STATUS_RUNNING)
		return r;
	cgroup = open_cgroup(partition, &freezer->store.record, err);
	if (cgroup < 0)
		return cgroup;
	r = start_guard(cgroup, freezer, err);
	return r < 0 ? r : ins_cgroup_freeze(cgroup, true, err);
}

void ins_thaw(struct ins_freezer *freezer)
{
	freezer->pipe = ins_close(freezer->pipe);
	while (freezer->guard > 0 && ins_sys(wait4, freezer->guard, NULL, __WALL, NULL) == -EINTR)
		continue;
	freezer->guard = 0;
	ins_store_close(&freezer->store);
}
