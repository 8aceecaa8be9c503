/* SPDX-License-Identifier: Apache-2.0 */
/* Letting a partition run. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"
#include "partition/bundle.h"
#include "partition/bundle_directory.h"
#include "partition/claim.h"
#include "partition/disk.h"
#include "partition/elsewhere.h"
#include "partition/files.h"
#include "partition/groups.h"
#include "partition/keeper.h"
#include "partition/network.h"
#include "partition/partition.h"
#include "partition/supervisor.h"
#include "sys/notify.h"

struct starting {
	struct ins_partition *partition;
	struct ins_overlay overlay;
	struct ins_network network;
	struct ins_host host;
	struct ins_spec *spec; /* of the bundle, until the guest takes it */
	struct ins_supervisor_cgroup cgroup;
	char (*paths)[PATH_MAX]; /* of the layers */
	const char **layers;     /* these, as a list */
	const struct ins_supervised *supervised;
	char own[PATH_MAX], image[PATH_MAX], bundle[PATH_MAX];
	char notify[PATH_MAX]; /* where its program tells that it is ready; "": it does not */
	int bundle_dir;        /* −1: not open */
	int terminal;          /* the master; −1 */
	int pidfd;             /* of what has the terminal; −1 */
};

static void release(struct starting *starting)
{
	free(starting->paths);
	free(starting->layers);
	ins_spec_free(starting->spec);
	ins_close(starting->bundle_dir);
	ins_close(starting->terminal);
	ins_close(starting->pidfd);
}

static int put_root_together(struct starting *starting, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	const struct ins_layers *layers = &partition->state.layers;
	size_t n = layers->n + 1;
	int r;

	starting->paths = calloc(n, sizeof(*starting->paths));
	starting->layers = calloc(n, sizeof(*starting->layers));
	if (!starting->paths || !starting->layers)
		return ins_error_set(err, ENOMEM, "start partition %s", partition->name);
	for (size_t i = 0; i < layers->n; i++)
		snprintf(starting->paths[i], sizeof(starting->paths[i]), "%s/layers/%s",
			partition->library.path, layers->v[i]);
	r = ins_image_use(&partition->library, partition->state.image, partition->context,
		starting->paths[layers->n], err);
	if (r == 0)
		r = ins_partition_path(partition, "own", starting->own, sizeof(starting->own), err);
	if (r == 0)
		r = ins_partition_path(
			partition, INS_DISK_IMAGE, starting->image, sizeof(starting->image), err);
	for (size_t i = 0; i < n; i++)
		starting->layers[i] = starting->paths[i];
	starting->overlay.layers = (struct ins_strings){ n, starting->layers };
	starting->overlay.own = starting->own;
	starting->overlay.own_image = ins_disk_has_image(partition) ? starting->image : NULL;
	return r;
}

/* What has ended leaves its container until somebody takes it away: whoever supervises, or we now. */
static int clear_ended(const struct ins_partition *partition, struct ins_error *err)
{
	enum ins_status status;
	int r = ins_partition_status(partition, &status, NULL, err);

	if (r < 0)
		return r;
	if (status != INS_STATUS_STOPPED)
		return ins_error_text(err, EALREADY, "partition \"%s\" is %s already",
			partition->name, ins_status_name(status));
	return ins_delete(partition->context, partition->name, true, err);
}

/* What the program says goes one way; what we say of its start goes to who has started us. */
static int run(struct starting *starting, pid_t *ret_pid, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	struct ins_guest_extras extras = { .overlay = &starting->overlay,
		.is_sibling = true,
		.owner = ins_number_first_id(partition->state.number),
		.spec = &starting->spec };
	struct ins_create_args args = {
		.id = partition->name,
		.bundle = starting->bundle,
		.detach = true,
		.preserve_fds = starting->supervised->listen_fds,
		.listen_fds = starting->supervised->listen_fds,
		.listen_fdnames = starting->supervised->listen_fdnames,
	};
	cleanup_guest struct ins_guest guest = {
		.extras = &extras, .store = { .root = -1, .dir = -1 }, .console_socket = -1
	};
	int r = ins_groups_join(partition, &partition->definition, err);

	if (ins_partition_network(
		    &partition->definition, partition->state.number, &starting->network))
		extras.network = &starting->network;
	if (r == 0)
		r = ins_guest_load(&guest, partition->context, &args, false, false, err);
	if (r == 0)
		r = ins_guest_make(&guest, false, err);
	if (r < 0)
		return r;
	*ret_pid = guest.run.pid;
	starting->terminal = TAKE_FD(guest.run.console);
	starting->pidfd = TAKE_FD(guest.run.pidfd);
	return 0;
}

/* Whoever has the terminal's master decides how long there is a terminal: that has to be somebody who stays.
 * systemd would keep it, but not read it. */
static int hand_over_terminal(struct starting *starting, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	int r;

	if (starting->terminal < 0 || ins_keeper_is_parent())
		return 0;
	r = ins_keeper_serve(
		partition->context, partition->name, starting->terminal, starting->pidfd, err);
	starting->terminal = ins_close(starting->terminal);
	if (r < 0)
		(void)ins_delete(partition->context, partition->name, true, NULL);
	return r;
}

/* What the guest may have said already is left to stand. */
static int tell(const struct starting *starting, pid_t pid, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	const char *terminal = starting->terminal >= 0 ? "\nFDSTORE=1\nFDNAME=terminal" : "";
	char text[192];

	ins_supervisor_register(partition->context, partition->name, pid);
	if (starting->notify[0])
		snprintf(text, sizeof(text), "MAINPID=%d%s", (int)pid, terminal);
	else
		snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1\nSTATUS=Partition %s runs.%s",
			(int)pid, partition->name, terminal);
	return ins_notify(text, starting->terminal, err);
}

static bool notifies(const struct ins_partition *partition)
{
	return ins_definition_get(&partition->definition, INS_SETTING_NOTIFY);
}

static int write_bundle(struct starting *starting, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	int r = ins_bundle_directory_path(partition->context, partition->name, "", starting->bundle,
		sizeof(starting->bundle), err);

	/* It would be killed for its silence. */
	if (r == 0 && !notifies(partition) && ins_notify_watchdog())
		return ins_error_key(err, EINVAL, "notify",
			"the unit of partition \"%s\" has WatchdogSec=, and without this setting "
			"its program cannot say that it lives",
			partition->name);
	if (r == 0 && notifies(partition))
		r = ins_supervisor_notify_socket(
			partition->context, starting->notify, sizeof(starting->notify), err);
	if (r == 0)
		r = ins_bundle_directory_make(partition, &starting->bundle_dir, err);
	if (r == 0)
		r = ins_partition_write_files(partition, starting->bundle_dir, err);
	return r < 0 ? r
		     : ins_bundle_write(partition, &starting->host, starting->bundle_dir,
			       starting->cgroup.path[0] ? starting->cgroup.path : NULL,
			       starting->notify[0] ? starting->notify : NULL, &starting->spec, err);
}

/* From nothing that runs to a program that does. */
static int start_ended(struct starting *starting, pid_t *ret_pid, struct ins_error *err)
{
	const struct ins_partition *partition = starting->partition;
	int r = ins_claim_ensure(&partition->library, partition->state.number, err);

	if (r == 0)
		r = ins_elsewhere_note(partition, err);
	if (r == 0)
		r = put_root_together(starting, err);
	if (r == 0)
		r = ins_host_probe(&starting->host, false, err);
	if (r == 0)
		r = ins_host_probe_controllers(&starting->host, err);
	if (r == 0)
		r = ins_supervisor_enter(partition->name, &starting->host, &starting->cgroup, err);
	if (r == 0)
		r = write_bundle(starting, err);
	if (r == 0)
		r = run(starting, ret_pid, err);
	if (r < 0)
		ins_partition_network_name(partition, err);
	return r;
}

static int start_here(struct ins_partition *partition, const struct ins_supervised *supervised,
	struct ins_error *err)
{
	cleanup_with(release) struct starting starting = { .partition = partition,
		.supervised = supervised,
		.bundle_dir = -1,
		.terminal = -1,
		.pidfd = -1 };
	pid_t pid = 0;
	int r = clear_ended(partition, err);

	if (r < 0)
		return r;
	r = start_ended(&starting, &pid, err);
	if (r == 0)
		r = hand_over_terminal(&starting, err);
	if (r < 0) {
		(void)ins_groups_leave(partition->context, partition->name, NULL);
		return r;
	}
	r = tell(&starting, pid, err);
	if (r == 0)
		ins_supervisor_leave(&starting.host, &starting.cgroup);
	return r;
}

/* Who has started us for somebody else can tell them why it came to nothing. */
static void tell_failure(const struct ins_error *err)
{
	char text[sizeof(err->text) + 64];

	snprintf(text, sizeof(text), "STATUS=%s\nERRNO=%d", err->text, err->code);
	(void)ins_notify(text, -1, NULL);
}

int ins_partition_start(struct ins_context *context, const char *name,
	const struct ins_supervised *supervised, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	enum ins_status status;
	int r;

	if (supervised) {
		/* Before we open anything: one that is missing must not be a file of ours. */
		r = ins_guest_preserve_check(supervised->listen_fds, err);
		if (r == 0)
			r = ins_partition_open(
				context, name, INS_PARTITION_CHANGE, &partition, err);
		if (r == 0)
			r = start_here(&partition, supervised, err);
		if (r < 0)
			tell_failure(err);
		return r;
	}
	/* What is wrong with it is better told by us. */
	if (context->cgroup_manager != INS_CGROUP_CGROUPFS || context->rootless == INS_ROOTLESS_YES)
		return ins_error_text(err, EOPNOTSUPP,
			"partitions are started as root, and have their cgroups from who "
			"supervises "
			"them: --cgroup-manager, --systemd-cgroup and --rootless are for "
			"containers");
	r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);
	if (r == 0)
		r = ins_elsewhere_check(&partition, err);
	if (r == 0)
		r = ins_partition_status(&partition, &status, NULL, err);
	if (r == 0 && status != INS_STATUS_STOPPED)
		r = ins_error_text(err, EALREADY, "partition \"%s\" is %s already", name,
			ins_status_name(status));
	if (r < 0)
		return r;
	if (notifies(&partition) && !ins_supervisor_find_unit(context, name).name[0])
		ins_context_log(context, INS_LOG_WARNING,
			"notify: no systemd looks after partition \"%s\": it is ready when its "
			"program runs",
			name);
	return ins_supervisor_start(context, name, err);
}

int ins_partition_enable(
	struct ins_context *context, const char *name, bool enabled, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_CHANGE, &partition, err);

	if (r == 0 && enabled)
		r = ins_supervisor_await_boot(context, err);
	if (r < 0 || partition.state.is_enabled == enabled)
		return r;
	partition.state.is_enabled = enabled;
	return ins_partition_state_save(partition.dir, &partition.state, err);
}
