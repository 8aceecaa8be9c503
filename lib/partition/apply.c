/* SPDX-License-Identifier: Apache-2.0 */
/* Another definition for a partition that is there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "net/net.h"
#include "partition/disk.h"
#include "partition/groups.h"
#include "partition/limits.h"
#include "partition/network.h"
#include "plan/host.h"

/* A file of this name in the partition's directory: the kernel may have more of a change than the definition. */
#define CHANGING "changing"

struct change {
	const struct ins_partition *partition;
	ins_change_fn *visit;
	void *data;
	bool runs;
};

static void tell(void *data, enum ins_setting setting)
{
	const struct change *change = data;
	enum ins_change when = ins_settings[setting].change;

	/* What does not run has all of it the next time. */
	if (change->visit)
		change->visit(change->data, ins_settings[setting].key,
			change->runs ? when : INS_CHANGE_LIVE);
}

static int limits_text(const struct ins_definition *definition, const struct ins_host *host,
	char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit);

	ins_limits_emit(&emit, ins_emit_object(&emit, root, "unified"), definition, host);
	return ins_emit_text(&emit, 0, ret_text, err);
}

static int change_limits(const struct ins_partition *partition, const struct ins_definition *after,
	const struct ins_host *host, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	struct ins_update_args args = { .id = partition->name };
	int r = limits_text(after, host, &text, err);

	args.resources = text;
	return r < 0 ? r : ins_update(partition->context, &args, err);
}

static int change_network(const struct ins_partition *partition, const struct ins_definition *after,
	struct ins_error *err)
{
	struct ins_network before, network;
	int r;

	/* Another kind of network waits for a restart, and this one's ports with it. */
	if (!ins_partition_network(&partition->definition, partition->state.number, &before) ||
		!ins_partition_network(after, partition->state.number, &network) ||
		strcmp(before.kind, network.kind) != 0)
		return 0;
	r = ins_network_change(&network, err);
	if (r == -EADDRINUSE && err)
		ins_partition_network_name(partition, err);
	if (r == 0) {
		r = ins_groups_join(partition, after, err);
		if (r < 0)
			(void)ins_network_change(&before, NULL);
	}
	return r;
}

/* In the kernel; what differs only. @before: NULL: it is not known. */
static int change_running(const struct ins_partition *partition,
	const struct ins_definition *before, const struct ins_definition *after,
	const struct ins_host *host, struct ins_error *err)
{
	bool network = !before || ins_setting_differs(before, after, INS_SETTING_PUBLISH) ||
		       ins_setting_differs(before, after, INS_SETTING_GROUP);
	int r = network ? change_network(partition, after, err) : 0;

	if (r == 0 && (!before || ins_limits_differ(before, after))) {
		r = change_limits(partition, after, host, err);
		if (r < 0 && network && before)
			(void)change_network(partition, before, NULL);
	}
	return r;
}

/* --- a change that was killed in the middle --------------------------------------------------------------- */

static int begin_change(const struct ins_partition *partition, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(partition->dir, CHANGING, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? ins_error_set(
				err, errno, "note the change of partition %s", partition->name)
		      : 0;
}

static void end_change(const struct ins_partition *partition)
{
	(void)unlinkat(partition->dir, CHANGING, 0);
}

bool ins_partition_is_changing(int dir)
{
	return faccessat(dir, CHANGING, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int ins_partition_settle_change(struct ins_partition *partition, struct ins_error *err)
{
	enum ins_status status;
	struct ins_host host;
	int r;

	if (!ins_partition_is_changing(partition->dir))
		return 0;
	r = ins_partition_status(partition, &status, NULL, err);
	if (r == 0 && (status == INS_STATUS_RUNNING || status == INS_STATUS_PAUSED)) {
		r = ins_host_probe(&host, false, err);
		if (r == 0)
			r = ins_host_probe_controllers(&host, err);
		if (r == 0)
			r = change_running(partition, NULL, &partition->definition, &host, err);
	}
	if (r == 0)
		end_change(partition);
	return r;
}

/* --- another definition --------------------------------------------------------------------------------- */

int ins_partition_apply(struct ins_context *context, const char *name,
	const struct ins_definition *definition, ins_change_fn *visit, void *data,
	struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	struct change change = { .partition = &partition, .visit = visit, .data = data };
	enum ins_status status;
	enum ins_change strongest;
	struct ins_host host;
	int r = ins_definition_check(definition, err);

	if (r == 0)
		r = ins_partition_open(context, name, INS_PARTITION_MEND, &partition, err);
	if (r == 0 && partition.has_no_state)
		r = ins_error_text(err, EINVAL,
			"partition \"%s\" has lost its state.json: another definition does not "
			"bring it back",
			name);
	if (r == 0)
		r = ins_partition_status(&partition, &status, NULL, err);
	if (r == 0)
		r = ins_host_probe(&host, false, err);
	if (r == 0)
		r = ins_host_probe_controllers(&host, err);
	if (r == 0)
		r = ins_limits_possible(definition, &host, err);
	if (r == 0)
		r = ins_partition_network_check(definition, partition.state.number, err);
	if (r < 0)
		return r;
	strongest = ins_definition_differs(&partition.definition, definition, NULL, NULL);
	if (strongest == INS_CHANGE_NONE)
		return 0;
	/* One that is broken says nothing of it. */
	if (strongest == INS_CHANGE_NEVER &&
		ins_definition_get(&partition.definition, INS_SETTING_TEMPLATE))
		return ins_error_key(err, EINVAL, "template",
			"another template is another partition: it is \"%s\" here",
			ins_definition_get(&partition.definition, INS_SETTING_TEMPLATE));
	change.runs = status == INS_STATUS_RUNNING || status == INS_STATUS_PAUSED;
	if (change.runs) {
		r = begin_change(&partition, err);
		if (r == 0)
			r = change_running(
				&partition, &partition.definition, definition, &host, err);
	}
	if (r == 0) {
		r = ins_disk_change(&partition, definition, err);
		if (r == 0)
			r = ins_partition_save_definition(partition.dir, definition, err);
		/* The kernel's side goes back: it is all or nothing. */
		if (r < 0 && change.runs)
			(void)change_running(
				&partition, definition, &partition.definition, &host, NULL);
	}
	if (change.runs)
		end_change(&partition);
	if (r == 0)
		(void)ins_definition_differs(&partition.definition, definition, tell, &change);
	return r;
}
