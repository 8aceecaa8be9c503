/* SPDX-License-Identifier: Apache-2.0 */
/* New limits for a container that is there. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/controllers.h"
#include "cgroup/devices.h"
#include "cgroup/limits.h"
#include "cgroup/rdt.h"
#include "cgroup/systemd.h"
#include "cgroup/systemd_plan.h"
#include "guest/guest.h"

/* What one update works with. */
struct update {
	const struct ins_record *record;
	const struct ins_update_args *args;
	struct ins_spec *spec; /* its resources are the new limits */
	struct ins_arena *arena;
	int top, cgroup;
	struct ins_limits limits;
	struct bpf_insn *device_program; /* of the rules, if there are some; NULL: all is allowed */
	uint32_t n_instructions;
	struct ins_limits_before before;
	char *schemata; /* of the resctrl group, before they were changed; NULL: they were not */
};

static void release(struct update *update)
{
	ins_limits_forget(&update->before);
	free(update->schemata);
	free(update->device_program);
	ins_arena_free(update->arena);
	ins_spec_free(update->spec);
	ins_close(update->cgroup);
	ins_close(update->top);
}

static int check_container(const struct ins_store *store, const char *id, struct ins_error *err)
{
	enum ins_status status;
	int r = ins_store_status(store, &status, err);

	if (r < 0)
		return r;
	if (status != INS_STATUS_CREATED && status != INS_STATUS_RUNNING &&
		status != INS_STATUS_PAUSED)
		return ins_error_text(err, EINVAL, "cannot update container \"%s\": it is %s", id,
			ins_status_name(status));
	if (!store->record.cgroup)
		return ins_error_text(err, EOPNOTSUPP,
			"cannot update container \"%s\": it has no cgroup of its own", id);
	return 0;
}

/* A container that was made without a limit may be in a cgroup without the controller for it. */
static int enable_controllers(struct update *update, struct ins_error *err)
{
	struct ins_host host = { 0 };
	uint32_t enabled;
	int r = ins_controllers_enabled(update->cgroup, &enabled, err);

	if (r < 0 || !(update->limits.controllers & ~enabled))
		return r;
	snprintf(host.cgroup_mount, sizeof(host.cgroup_mount), "%s", update->record->cgroup_mount);
	r = ins_host_probe_controllers(&host, err);
	if (r == 0)
		r = ins_limits_check(&update->limits, &host, err);
	return r < 0 ? r
		     : ins_controllers_enable(update->top, update->record->cgroup,
			       update->limits.controllers, 0, err);
}

static int write_limits(struct update *update, struct ins_error *err)
{
	for (size_t i = 0; i < update->limits.n; i++) {
		const struct ins_limit *limit = &update->limits.v[i];
		int r = ins_limits_write(update->cgroup, &limit->files, &update->before, err);

		if (r < 0)
			return ins_error_prefix(err, "%s", limit->key);
	}
	return 0;
}

static int compile_devices(struct update *update, struct ins_error *err)
{
	bool has_userns = update->record->namespaces & ins_ns_flag(INS_NS_USER);
	int r = 0;

	if (update->spec->resources.n_devices > 0)
		r = ins_devices_compile(update->spec, has_userns, &update->device_program,
			&update->n_instructions, err);
	return r < 0 ? ins_error_prefix(err, "linux.resources.devices") : 0;
}

static int replace_devices(
	struct ins_context *context, const struct update *update, struct ins_error *err)
{
	int r = 0;

	if (update->spec->resources.n_devices > 0)
		r = ins_devices_replace(update->cgroup, context->root, update->device_program,
			update->n_instructions, err);
	return r < 0 ? ins_error_prefix(err, "linux.resources.devices") : 0;
}

static int replace_schemas(struct update *update, struct ins_error *err)
{
	const char *l3_cache = update->args->l3_cache_schema;
	const char *mem_bw = update->args->mem_bw_schema;
	const char *group = update->record->rdt_group;
	cleanup_free char *schema = NULL;
	int r;

	if (!l3_cache && !mem_bw)
		return 0;
	if (!group)
		return ins_error_key(err, EINVAL, "linux.intelRdt",
			"the container was made without it, and is in no resctrl group");
	r = ins_rdt_schema(l3_cache, mem_bw, &schema, err);
	if (r == 0)
		r = ins_rdt_read(group, &update->schemata, err);
	if (r == 0)
		r = ins_rdt_write(group, schema, err);
	return r < 0 ? ins_error_prefix(err, "linux.intelRdt") : 0;
}

/* As it was before. */
static void take_back(struct ins_context *context, struct update *update)
{
	struct ins_error why = { 0 };

	if (ins_limits_restore(update->cgroup, &update->before, &why) < 0)
		ins_context_warn(context, why.text);
	ins_error_clear(&why);
	if (update->schemata &&
		ins_rdt_write(update->record->rdt_group, update->schemata, &why) < 0)
		ins_context_warn(context, why.text);
}

/* systemd writes what it believes in again at each daemon-reload. */
static int tell_systemd(
	struct ins_context *context, const struct update *update, struct ins_error *err)
{
	const struct ins_record *record = update->record;
	const struct ins_unit_property *properties;
	char description[INS_UNIT_DESCRIPTION_SIZE];
	struct ins_systemd_unit unit = { record->unit, description, record->user_manager };
	uint32_t n;
	int r;

	if (!record->unit)
		return 0;
	ins_systemd_describe(description, sizeof(description), record->id, context->root);
	r = ins_limits_to_unit(&update->limits, update->arena, &n, &properties, err);
	return r < 0 ? r : ins_systemd_set(&unit, properties, n, err);
}

/* All or nothing. systemd takes all properties or none, and the devices are one step: so only what is
 * in the files has to be taken back. */
static int apply(struct ins_context *context, struct update *update, struct ins_error *err)
{
	int r = write_limits(update, err);

	if (r == 0)
		r = replace_schemas(update, err);
	if (r == 0)
		r = tell_systemd(context, update, err);
	if (r == 0)
		r = replace_devices(context, update, err);
	if (r < 0)
		take_back(context, update);
	return r;
}

static int parse(struct update *update, struct ins_error *err)
{
	const char *text = update->args->resources, *name = update->args->resources_name;
	int r = ins_spec_resources_parse(text, strlen(text), &update->spec, err);

	return r < 0 && name ? ins_error_prefix(err, "%s", name) : r;
}

static int prepare(struct update *update, struct ins_error *err)
{
	struct ins_limits_now now;
	int r = parse(update, err);

	if (r == 0)
		r = ins_arena_new(NULL, INS_ARENA_RESERVE, &update->arena, err);
	if (r == 0)
		r = ins_cgroup_open(update->record->cgroup_mount, "/", &update->top, err);
	if (r == 0)
		r = ins_cgroup_open(
			update->record->cgroup_mount, update->record->cgroup, &update->cgroup, err);
	if (r == 0)
		r = ins_limits_read_now(update->cgroup, &now, err);
	if (r == 0)
		r = ins_limits_convert(
			&update->spec->resources, &now, update->arena, &update->limits, err);
	if (r == 0)
		r = compile_devices(update, err);
	return r < 0 ? r : enable_controllers(update, err);
}

/* A mistyped name would otherwise be a success that has changed nothing. */
static void warn_of_unknown(struct ins_context *context, const struct ins_spec *spec)
{
	for (size_t i = 0; i < spec->unknown.n; i++)
		ins_context_warn(context, spec->unknown.v[i]);
}

int ins_update(
	struct ins_context *context, const struct ins_update_args *args, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	cleanup_with(release) struct update update = { .top = -1, .cgroup = -1 };
	int r;

	r = ins_store_open(context, args->id, INS_LOCK_WAIT, false, &store, err);
	if (r < 0)
		return r;
	update.record = &store.record;
	update.args = args;
	r = check_container(&store, args->id, err);
	if (r == 0)
		r = prepare(&update, err);
	if (r == 0) {
		warn_of_unknown(context, update.spec);
		r = apply(context, &update, err);
	}
	ins_store_close(&store);
	return r;
}
