/* SPDX-License-Identifier: Apache-2.0 */
/* runtime.md "delete": everything that create made goes, and nothing else. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/rdt.h"
#include "cgroup/systemd.h"
#include "guest/guest.h"
#include "sys/bare.h"

/* How often a cgroup is cleared again in which there is still somebody. */
#define MORE_ROUNDS 3

int ins_guest_kill_process(const struct ins_record *record, struct ins_error *err)
{
	cleanup_fd int pidfd = ins_record_pidfd(record);
	struct pollfd wait = { pidfd, POLLIN, 0 };
	long n;

	if (pidfd == -ESRCH)
		return 0;
	if (pidfd < 0)
		return ins_error_set(err, -pidfd, "look at process %d of container \"%s\"",
			(int)record->pid, record->id);
	n = ins_sys(pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	if (n < 0 && n != -ESRCH)
		return ins_error_set(err, (int)-n, "kill process %d of container \"%s\"",
			(int)record->pid, record->id);
	do {
		n = poll(&wait, 1, INS_KILL_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return ins_error_set(err, errno,
			"wait for the end of process %d of container \"%s\"", (int)record->pid,
			record->id);
	/* Its pid namespace goes only when all in it have been waited for, also those that came from outside. */
	if (n == 0)
		return ins_error_text(err, ETIMEDOUT,
			"process %d of container \"%s\" does not die: it hangs in the kernel, or "
			"a process has ended in there whose parent is outside and does not wait "
			"for it (a pid 1 that reaps nobody)",
			(int)record->pid, record->id);
	return 0;
}

static int kill_cgroup(const struct ins_record *record, int *ret_fd, struct ins_error *err)
{
	struct ins_error why = { 0 };
	int r = ins_cgroup_open(record->cgroup_mount, record->cgroup, ret_fd, &why);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return ins_error_text(err, -r, "%s", why.text);
	/* A frozen process dies too: cgroup.kill wakes it (Linux 5.14). */
	return ins_cgroup_kill(*ret_fd, err);
}

/* Until systemd has forgotten the unit, so that its name is free. */
static int stop_unit(
	struct ins_context *context, const struct ins_record *record, struct ins_error *err)
{
	char description[INS_UNIT_DESCRIPTION_SIZE];
	const struct ins_systemd_unit unit = { record->unit, description, record->user_manager };
	struct ins_error why = { 0 }, ignored = { 0 };
	cleanup_fd int cgroup = -1;
	int r;

	ins_systemd_describe(description, sizeof(description), record->id, context->root);
	r = ins_systemd_stop(&unit, &why);
	if (r == 0)
		return 0;
	/* Without its manager (a user who has logged out) the unit is gone, and its cgroup with it. */
	if (r == -ENOTCONN && record->cgroup &&
		ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, &ignored) == -ENOENT)
		return 0;
	return ins_error_text(err, -r, "%s", why.text);
}

static int clear_cgroup(const struct ins_record *record, struct ins_error *err)
{
	cleanup_fd int cgroup = -1;
	int r = kill_cgroup(record, &cgroup, err);

	/* A cgroup that the guest has closed to us is no refuge for it. */
	if (r < 0)
		(void)ins_guest_kill_process(record, NULL);
	else
		r = ins_guest_kill_process(record, err);
	if (r == 0 && cgroup >= 0)
		r = ins_cgroup_wait_empty(cgroup, INS_KILL_TIMEOUT_MS, err);
	return r < 0 ? r
		     : ins_cgroup_remove(
			       record->cgroup_mount, record->cgroup, record->cgroup_made, err);
}

/* An exec that was on its way when the others were killed may have come in since. */
static int take_cgroup_away(const struct ins_record *record, struct ins_error *err)
{
	struct ins_error why = { 0 };
	int r = clear_cgroup(record, &why);

	for (int i = 0; i < MORE_ROUNDS && r == -EBUSY; i++) {
		ins_error_clear(&why);
		r = clear_cgroup(record, &why);
	}
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : 0;
}

/*
 * Is there a cgroup with something in it? Mostly the container has ended: then a directory of ours goes
 * here, with nobody to be killed. A unit may have ended by itself, and its name and its cgroup may be
 * another container's now.
 */
static bool has_cgroup(const struct ins_context *context, const struct ins_record *record)
{
	cleanup_fd int cgroup = -1;

	if (!record->cgroup)
		return false;
	if (!record->unit)
		return !ins_cgroup_remove_empty(
			record->cgroup_mount, record->cgroup, record->cgroup_made);
	return ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, NULL) == 0 &&
	       ins_cgroup_is_claimed_by(cgroup, context->root, record->id);
}

int ins_guest_destroy(
	struct ins_context *context, struct ins_store *store, const char *id, struct ins_error *err)
{
	const struct ins_record *record = &store->record;
	int r = has_cgroup(context, record) ? take_cgroup_away(record, err)
					    : ins_guest_kill_process(record, err);

	if (r == 0 && record->unit)
		r = stop_unit(context, record, err);
	if (r == 0 && record->rdt_made)
		r = ins_rdt_remove(record->rdt_made, err);
	if (r == 0)
		r = ins_store_remove(store, id, err);
	if (r == 0 && record->id)
		ins_guest_poststop(context, record);
	return r;
}

/* A create that is still at it holds the lock: end its child first, then it gives up by itself. */
static void interrupt_creation(struct ins_context *context, const char *id)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	cleanup_fd int cgroup = -1;

	if (ins_store_open(context, id, INS_LOCK_NONE, true, &store, &ignored) < 0)
		return;
	if (store.record.cgroup && ins_store_busy(&store, &ignored) > 0)
		(void)kill_cgroup(&store.record, &cgroup, &ignored);
	ins_store_close(&store);
}

int ins_delete(struct ins_context *context, const char *id, bool force, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	enum ins_status status;
	int r = ins_id_check(id, err);

	if (r < 0)
		return r;
	if (force)
		interrupt_creation(context, id);
	r = ins_store_open(context, id, INS_LOCK_WAIT, force, &store, err);
	if (r == -ENOENT && force) {
		ins_error_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	/* By force, whatever it is. */
	status = INS_STATUS_STOPPED;
	r = force ? 0 : ins_store_status(&store, &status, err);
	/* The specification wants "stopped". All callers delete created containers without force
	 * when something between create and start goes wrong, so that is allowed too. */
	if (r == 0 && status != INS_STATUS_STOPPED && status != INS_STATUS_CREATED)
		r = ins_error_text(err, EINVAL,
			"cannot delete container \"%s\" that is not stopped: it is %s "
			"(--force kills it)",
			id, ins_status_name(status));
	if (r == 0)
		r = ins_guest_destroy(context, &store, id, err);
	ins_store_close(&store);
	return r;
}
