/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md "kill", and pause and resume. */
#include <signal.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"
#include "sys/bare.h"

/* containerd and CRI-O look for these very words. */
static int not_running(struct ins_error *err)
{
	return ins_error_text(err, ESRCH, "container not running");
}

/* systemd removes a scope with its last process, whoever delegated it. */
static int open_cgroup(const struct ins_record *record, int *ret_fd, struct ins_error *err)
{
	struct ins_error why = { 0 };
	int r = ins_cgroup_open(record->cgroup_mount, record->cgroup, ret_fd, &why);

	if (r == -ENOENT)
		return not_running(err);
	if (r < 0 && err)
		*err = why;
	return r;
}

/* Nobody is listed for this: it dies at once, however many cgroups and processes it has. */
static int kill_all(int cgroup, struct ins_error *err)
{
	bool populated = false;
	int r = ins_cgroup_is_populated(cgroup, &populated, err);

	if (r == 0 && !populated)
		return not_running(err);
	return r < 0 ? r : ins_cgroup_kill(cgroup, err);
}

static int signal_each(int cgroup, int signal, struct ins_error *err)
{
	size_t n = 0;
	int r = ins_cgroup_signal(cgroup, signal, &n, err);

	return r == 0 && n == 0 ? not_running(err) : r;
}

static int signal_all(const struct ins_record *record, int signal, struct ins_error *err)
{
	cleanup_fd int cgroup = -1;
	bool is_calm = false;
	int r = open_cgroup(record, &cgroup, err);

	if (r == 0 && signal == SIGKILL)
		return kill_all(cgroup, err);
	/* While the container is frozen nothing in it can fork away from us. */
	if (r == 0)
		r = ins_cgroup_is_frozen(cgroup, &is_calm, err);
	if (r == 0 && !is_calm)
		r = ins_cgroup_freeze(cgroup, true, err);
	if (r < 0)
		return r;
	r = signal_each(cgroup, signal, err);
	if (!is_calm && ins_cgroup_freeze(cgroup, false, r < 0 ? NULL : err) < 0 && r == 0)
		r = -EIO;
	return r;
}

static int signal_first(const struct ins_record *record, int signal, struct ins_error *err)
{
	cleanup_fd int pidfd = ins_record_pidfd(record);
	long result = pidfd < 0 ? pidfd : ins_sys(pidfd_send_signal, pidfd, signal, NULL, 0);

	if (result == -ESRCH)
		return not_running(err);
	return result < 0 ? ins_error_set(err, (int)-result, "send signal %d to container \"%s\"",
				    signal, record->id)
			  : 0;
}

int ins_kill(
	struct ins_context *context, const char *id, int signal, bool all, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	enum ins_status status = INS_STATUS_CREATING;
	int r = ins_store_open(context, id, INS_LOCK_NONE, false, &store, err);

	if (r < 0)
		return r;
	if (all && store.record.cgroup)
		r = ins_store_status(&store, &status, err);
	/* With --all also what outlives the first process (no pid namespace of its own) is meant. */
	if (r == 0 && status != INS_STATUS_CREATING)
		r = signal_all(&store.record, signal, err);
	else if (r == 0)
		r = signal_first(&store.record, signal, err);
	ins_store_close(&store);
	return r;
}

static int freeze(struct ins_context *context, const char *id, bool frozen, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	cleanup_fd int cgroup = -1;
	enum ins_status status, wanted;
	int r = ins_store_open(context, id, INS_LOCK_WAIT, false, &store, err);

	if (r < 0)
		return r;
	r = ins_store_status(&store, &status, err);
	wanted = frozen ? INS_STATUS_RUNNING : INS_STATUS_PAUSED;
	if (r == 0 && status != wanted && !(frozen && status == INS_STATUS_CREATED))
		r = ins_error_text(err, EINVAL, "cannot %s container \"%s\": it is %s",
			frozen ? "pause" : "resume", id, ins_status_name(status));
	else if (r == 0 && !store.record.cgroup)
		r = ins_error_text(err, EOPNOTSUPP,
			"cannot %s container \"%s\": it has no cgroup of its own",
			frozen ? "pause" : "resume", id);
	if (r == 0)
		r = ins_cgroup_open(store.record.cgroup_mount, store.record.cgroup, &cgroup, err);
	if (r == 0)
		r = ins_cgroup_freeze(cgroup, frozen, err);
	ins_store_close(&store);
	return r;
}

int ins_pause(struct ins_context *context, const char *id, struct ins_error *err)
{
	return freeze(context, id, true, err);
}

int ins_resume(struct ins_context *context, const char *id, struct ins_error *err)
{
	return freeze(context, id, false, err);
}
