/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath and linux.resources → the cgroup's path, its device program, its owner. */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/devices.h"
#include "cgroup/resources.h"
#include "plan/build.h"

/* Whoever asks for a mount of this file system at this place, to write on, asks to be its owner. */
#define CGROUP_DESTINATION "/sys/fs/cgroup"

static int check_component(const char *name, size_t length, struct ins_error *err)
{
	static const char key[] = "linux.cgroupsPath";

	if (length > NAME_MAX)
		return ins_error_key(
			err, ENAMETOOLONG, key, "a part is longer than %d bytes", NAME_MAX);
	if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return ins_error_key(
			err, EINVAL, key, "must not contain \"%.*s\"", (int)length, name);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
			return ins_error_key(err, EINVAL, key, "has a control character in it");
	}
	return 0;
}

/*
 * The path below the cgroup2 mount, with one slash before each part. A relative path and systemd's
 * "slice:prefix:name" are names like any other for a runtime that makes directories.
 */
static int find_path(struct ins_plan_builder *builder, struct ins_error *err)
{
	const char *given = builder->spec->cgroups_path, *id = builder->args->id;
	char *path, *end;

	/* `insula plan` may have been told no id. */
	if (!given || !given[0])
		path = ins_arena_printf(builder->arena, "/insula/%s", id ? id : "ID");
	else
		path = ins_arena_alloc(builder->arena, strlen(given) + 2);
	if (!path)
		return ins_error_set(err, ENOMEM, "build the plan");
	builder->plan->cgroup = path;
	if (!given || !given[0])
		return 0;
	if (strlen(given) >= PATH_MAX - 1)
		return ins_error_key(err, ENAMETOOLONG, "linux.cgroupsPath", "longer than %d bytes",
			PATH_MAX - 1);
	end = path;
	while (*given) {
		size_t length = strcspn(given, "/");
		int r = check_component(given, length, err);

		if (r < 0)
			return r;
		if (length > 0) {
			*end++ = '/';
			memcpy(end, given, length);
			end += length;
		}
		given += length + (given[length] == '/');
	}
	if (end == path)
		return ins_error_key(err, EINVAL, "linux.cgroupsPath",
			"the root of the hierarchy cannot be a container's cgroup");
	return 0;
}

static bool has_option(const struct ins_strings *options, const char *option)
{
	for (size_t i = 0; i < options->n; i++) {
		if (strcmp(options->v[i], option) == 0)
			return true;
	}
	return false;
}

/* config-linux.md "Cgroup ownership": a cgroup namespace of its own, and a writable mount. */
static bool wants_ownership(const struct ins_plan_builder *builder)
{
	const struct ins_spec *spec = builder->spec;

	if (!ins_plan_has_own(builder, INS_NS_CGROUP))
		return false;
	for (size_t i = 0; i < spec->n_mounts; i++) {
		const struct ins_spec_mount *mount = &spec->mounts[i];

		if (mount->type && strncmp(mount->type, "cgroup", 6) == 0 &&
			strcmp(mount->destination, CGROUP_DESTINATION) == 0)
			return !has_option(&mount->options, "ro");
	}
	return false;
}

/* An id of the container, outside. Return: false if it has none, or none that is known here. */
static bool host_id(const struct ins_plan_builder *builder, const struct ins_id_maps *maps,
	uint32_t id, uint32_t *ret_id)
{
	if (!ins_plan_has_userns(builder)) {
		*ret_id = id;
		return true;
	}
	/* The maps of a namespace that is joined are not in the configuration. */
	for (size_t i = 0; i < maps->n; i++) {
		if (id >= maps->v[i].container && id - maps->v[i].container < maps->v[i].size) {
			*ret_id = maps->v[i].host + (id - maps->v[i].container);
			return true;
		}
	}
	return false;
}

static int plan_create(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	struct ins_op *op;
	uint32_t uid, gid;
	int r = ins_plan_add(
		builder, INS_STAGE_PREPARE, INS_OP_CGROUP_CREATE, &op, err, "linux.cgroupsPath");

	if (r < 0)
		return r;
	op->path = builder->plan->cgroup;
	op->cgroup.own_namespace = ins_plan_has_own(builder, INS_NS_CGROUP);
	if (wants_ownership(builder) &&
		host_id(builder, &spec->uid_mappings, spec->process.uid, &uid) &&
		host_id(builder, &spec->gid_mappings, spec->process.gid, &gid) &&
		uid != builder->host->euid) {
		op->cgroup.delegate = true;
		op->cgroup.uid = uid;
		op->cgroup.gid = gid;
	}
	return 0;
}

static int plan_devices(struct ins_plan_builder *builder, struct ins_error *err)
{
	cleanup_free struct bpf_insn *program = NULL;
	struct ins_op *op;
	uint32_t n;
	int r = ins_devices_compile(builder->spec, ins_plan_has_userns(builder), &program, &n, err);

	if (r < 0 || !program)
		return r;
	if (!builder->plan->cgroup) {
		/* Only asked for by hand (--cgroup-manager=disabled), and only these callers know
		 * what the runtime's own cgroup allows. */
		if (builder->warn && builder->spec->resources.n_devices > 0)
			builder->warn(builder->warn_data,
				"linux.resources.devices: without a cgroup of its own the "
				"container is held by no device rules");
		return 0;
	}
	r = ins_plan_add(builder, INS_STAGE_PREPARE, INS_OP_CGROUP_DEVICES, &op, err,
		"linux.resources.devices");
	if (r < 0)
		return r;
	op->devices.n_instructions = n;
	op->devices.instructions = ins_arena_copy(builder->arena, program, n * sizeof(*program));
	return op->devices.instructions ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

/* Nobody is to believe in a limit that is not there: an error, or in a plan that is only printed a
 * step that says so. */
static int tell_unsupported(void *data, const char *key, struct ins_error *err)
{
	struct ins_plan_builder *builder = data;
	struct ins_op *op;

	if (!builder->dry)
		return ins_error_key(err, EOPNOTSUPP, key, "not supported yet");
	return ins_plan_add(builder, INS_STAGE_PREPARE, INS_OP_UNSUPPORTED, &op, err, "%s", key);
}

int ins_cgroup_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	int r = ins_resources_check(builder->spec, tell_unsupported, builder, err);

	if (r < 0)
		return r;
	switch (builder->cgroup_manager) {
	case INS_CGROUP_SYSTEMD:
		r = tell_unsupported(builder, "--systemd-cgroup (--cgroup-manager=systemd)", err);
		if (r < 0)
			return r;
		break;
	case INS_CGROUP_DISABLED:
		return plan_devices(builder, err);
	case INS_CGROUP_CGROUPFS:
		break;
	}
	/* An ordinary user has no place to make cgroups in unless somebody gave one away, and then
	 * it is named; a container that asks for none runs in its caller's. */
	if (builder->host->euid != 0 && !builder->spec->cgroups_path)
		return plan_devices(builder, err);
	if (!builder->host->cgroup_mount[0])
		return ins_error_text(err, EOPNOTSUPP,
			"no cgroup2 hierarchy is mounted (--cgroup-manager=disabled does without)");
	r = find_path(builder, err);
	if (r == 0)
		r = plan_create(builder, err);
	return r < 0 ? r : plan_devices(builder, err);
}
