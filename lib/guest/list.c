/* SPDX-License-Identifier: Apache-2.0 */
/* What there is: `state`, `list`, `ps`. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"

/* /proc/PID/exe of a process that is still init (see launch.c). */
#define INIT_EXE "/memfd:insula-init"

/*
 * A created container waits on its socket; `start` removes that when the program runs, and `run` makes
 * none. In between, or if `start` was killed there, what the process executes tells the truth; init
 * lets itself be looked at by nobody but root.
 *
 * Return: 1, 0, −ESRCH if it is just ending, or −errno.
 */
static int is_still_init(pid_t pid, struct ins_error *err)
{
	char path[40], exe[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	/* An ending process has lost its program before it is a zombie. */
	if (n < 0 && (errno == ENOENT || errno == ESRCH))
		return -ESRCH;
	if (n < 0)
		return errno == EACCES ? 1 : ins_error_set(err, errno, "read the link %s", path);
	exe[n] = '\0';
	return !strncmp(exe, INIT_EXE, strlen(INIT_EXE));
}

static int is_frozen(const struct ins_record *record, struct ins_error *err)
{
	struct ins_error why = { 0 };
	cleanup_fd int cgroup = -1;
	bool frozen = false;
	int r;

	if (!record->cgroup)
		return 0;
	r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, &why);
	if (r == 0)
		r = ins_cgroup_is_frozen(cgroup, &frozen, &why);
	/* Somebody has taken the cgroup away: nothing in it is frozen. */
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : frozen;
}

/* The status of a container whose process is there. Return: an enum ins_status or −errno. */
static int live_status(const struct ins_store *store, struct ins_error *err)
{
	int r = is_frozen(&store->record, err);

	if (r != 0)
		return r < 0 ? r : INS_STATUS_PAUSED;
	if (faccessat(store->dir, INS_START_SOCKET, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? INS_STATUS_RUNNING
				       : ins_error_set(err, errno, "look for the start socket");
	r = is_still_init(store->record.pid, err);
	if (r < 0)
		return r == -ESRCH ? (int)INS_STATUS_STOPPED : r;
	return r ? INS_STATUS_CREATED : INS_STATUS_RUNNING;
}

int ins_store_status(
	const struct ins_store *store, enum ins_status *ret_status, struct ins_error *err)
{
	const struct ins_record *record = &store->record;
	int status = INS_STATUS_STOPPED;

	if (record->id && record->status == INS_STATUS_CREATING) {
		status = ins_store_busy(store, err);
		if (status >= 0)
			status = status ? INS_STATUS_CREATING : INS_STATUS_STOPPED;
	} else if (record->id) {
		int pidfd = ins_record_pidfd(record);

		if (pidfd >= 0)
			status = live_status(store, err);
		else if (pidfd != -ESRCH)
			status = ins_error_set(err, -pidfd, "look at process %d", (int)record->pid);
		ins_close(pidfd);
	}
	if (status < 0)
		return ins_error_prefix(err, "the status of container %s", record->id);
	*ret_status = (enum ins_status)status;
	return 0;
}

static int visit_store(const struct ins_store *store, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	const struct ins_record *record = &store->record;
	enum ins_status status;
	struct ins_container_info info;
	cleanup_free char *json = NULL;
	char owner[INS_OWNER_SIZE];
	struct ins_state state;
	int r = ins_store_status(store, &status, err);

	if (r < 0)
		return r;
	ins_record_state(record, ins_status_name(status), &state, owner, sizeof(owner));
	r = ins_state_emit(&state, false, &json, err);
	if (r < 0)
		return r;
	info = (struct ins_container_info){ .id = record->id,
		.status = status,
		.pid = state.pid,
		.bundle = record->bundle,
		.rootfs = record->rootfs,
		.created = record->created,
		.owner = owner,
		.json = json };
	return visit(data, &info);
}

int ins_state(struct ins_context *context, const char *id, ins_container_visit_fn *visit,
	void *data, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	int r = ins_store_open(context, id, INS_LOCK_NONE, false, &store, err);

	if (r < 0)
		return r;
	r = visit_store(&store, visit, data, err);
	ins_store_close(&store);
	return r;
}

int ins_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err)
{
	char **ids = NULL;
	size_t n = 0;
	int r = ins_store_ids(context, &ids, &n, err);

	for (size_t i = 0; i < n; i++) {
		struct ins_store store = { .root = -1, .dir = -1 };
		struct ins_error why = { 0 };
		int opened = -1;

		if (r == 0)
			opened =
				ins_store_open(context, ids[i], INS_LOCK_NONE, false, &store, &why);
		if (opened == 0) {
			r = visit_store(&store, visit, data, err);
			ins_store_close(&store);
		} else if (r == 0 && opened != -ENOENT) {
			/* One damaged record does not hide the others. */
			ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
		}
		free(ids[i]);
	}
	free(ids);
	return r;
}

int ins_ps(struct ins_context *context, const char *id, pid_t **ret_pids, size_t *ret_count,
	struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	cleanup_fd int cgroup = -1;
	const struct ins_record *record = &store.record;
	struct ins_error why = { 0 };
	int r = ins_store_open(context, id, INS_LOCK_NONE, false, &store, err);

	if (r < 0)
		return r;
	if (!record->cgroup)
		r = ins_error_text(err, EOPNOTSUPP,
			"the processes of container \"%s\" are not known: it has no cgroup of its "
			"own",
			id);
	if (r == 0)
		r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, &why);
	if (r == 0) {
		r = ins_cgroup_pids(cgroup, ret_pids, ret_count, err);
	} else if (r == -ENOENT) {
		/* systemd removes a scope with its last process. */
		*ret_pids = NULL;
		*ret_count = 0;
		r = 0;
	} else if (why.code && err) {
		*err = why;
	}
	ins_store_close(&store);
	return r;
}
