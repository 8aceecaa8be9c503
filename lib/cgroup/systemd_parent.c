/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup as a scope of systemd: asked for with the container's process to be put in. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/systemd.h"
#include "plan/run.h"

/* The unit of the plan; @description is INS_UNIT_DESCRIPTION_SIZE bytes. */
static struct ins_systemd_unit unit_of(const struct ins_run *run, char *description)
{
	ins_systemd_describe(
		description, INS_UNIT_DESCRIPTION_SIZE, run->plan->id, run->state_root);
	return (struct ins_systemd_unit){ .name = run->plan->unit,
		.description = description,
		.user_manager = run->plan->user_manager };
}

static void stop_scope(void *data, long number)
{
	char description[INS_UNIT_DESCRIPTION_SIZE];
	struct ins_run *run = data;
	const struct ins_systemd_unit unit = unit_of(run, description);
	struct ins_error why = { 0 };

	(void)number;
	if (run->cgroup_fd >= 0 && ins_cgroup_kill(run->cgroup_fd, NULL) == 0)
		(void)ins_cgroup_wait_empty(run->cgroup_fd, INS_KILL_TIMEOUT_MS, NULL);
	if (ins_systemd_stop(&unit, &why) < 0)
		ins_run_undo_failed(run, &why);
}

/* systemd names the property that it does not take; the configuration may have named it first. */
static void blame_annotation(const struct ins_op *op, struct ins_error *err)
{
	for (uint32_t i = 0; err && i < op->cgroup.n_properties; i++) {
		const struct ins_unit_property *property = &op->cgroup.properties[i];

		if (property->key[0] && strstr(err->text, property->name)) {
			ins_error_prefix(err, "%s", property->key);
			return;
		}
	}
}

int ins_cgroup_scope_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	char description[INS_UNIT_DESCRIPTION_SIZE];
	const struct ins_systemd_unit unit = unit_of(run, description);
	cleanup_free char *cgroup = NULL;
	int r = ins_systemd_start(
		&unit, op->cgroup.properties, op->cgroup.n_properties, run->pid, &cgroup, err);

	if (r != -ENOTCONN)
		ins_undo_push(&run->undo, stop_scope, run, 0);
	if (r < 0) {
		blame_annotation(op, err);
		return r;
	}
	r = ins_cgroup_open(run->host->cgroup_mount, cgroup, &run->cgroup_fd, err);
	/* The unit may end by itself, and another container's be in its place: `delete` looks for the mark. */
	if (r == 0)
		r = ins_cgroup_claim(run->cgroup_fd, run->state_root, run->plan->id, err);
	if (r == 0 && run->cgroup_was_made)
		r = run->cgroup_was_made(run, cgroup, err);
	if (r == 0 && op->cgroup.delegate)
		r = ins_cgroup_delegate(run->cgroup_fd, op->cgroup.uid, err);
	return r;
}
