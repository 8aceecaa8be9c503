/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath and linux.resources → the cgroup's path, its device program, its owner. */
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/devices.h"
#include "cgroup/limits.h"
#include "cgroup/systemd_plan.h"
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
 * "slice:prefix:name" are names like any other where the runtime makes directories.
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

/* The operation that makes it: CGROUP_CREATE or CGROUP_SCOPE. */
static int plan_create(struct ins_plan_builder *builder, enum ins_op_kind kind,
	const struct ins_limits *limits, struct ins_op **ret_op, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	struct ins_op *op;
	uint32_t uid, gid;
	int r = ins_plan_add(
		builder, ins_plan_cgroup_stage(builder), kind, &op, err, "linux.cgroupsPath");

	if (r < 0)
		return r;
	*ret_op = op;
	op->path = builder->plan->cgroup;
	op->cgroup.own_namespace = ins_plan_has_own(builder, INS_NS_CGROUP);
	op->cgroup.controllers = limits->controllers;
	/* Who owns its cgroup may hand out what is in there: a guest's systemd wants all of it. */
	if (wants_ownership(builder))
		op->cgroup.offered = builder->host->controllers;
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

/*
 * Why device rules cannot be had; NULL: they can. Not a warning, less an error: podman and containerd write
 * rules into every configuration, and show every warning. A container without a cgroup is only asked for by
 * hand (--cgroup-manager=disabled) or by an ordinary user, who may load no program anyway: where nobody is
 * the host's root no device node can be made, and those that are there open by the user's own rights.
 */
static const char *why_no_devices(const struct ins_plan_builder *builder)
{
	if (!builder->plan->cgroup)
		return "without a cgroup of its own the container is held by no device rules";
	if (builder->host->euid != 0 || builder->host->in_user_namespace)
		return "only the host's root may load a device program, so that the container is "
		       "held by no device rules, but by the caller's own rights";
	return NULL;
}

static int plan_devices(struct ins_plan_builder *builder, struct ins_error *err)
{
	cleanup_free struct bpf_insn *program = NULL;
	struct ins_op *op;
	const char *why;
	char text[256];
	uint32_t n;
	int r = ins_devices_compile(builder->spec, ins_plan_has_userns(builder), &program, &n, err);

	if (r < 0 || !program)
		return r;
	why = why_no_devices(builder);
	if (why) {
		if (builder->note && builder->spec->resources.n_devices > 0) {
			snprintf(text, sizeof(text), "linux.resources.devices: %s", why);
			builder->note(builder->warn_data, text);
		}
		return 0;
	}
	r = ins_plan_add(builder, ins_plan_cgroup_stage(builder), INS_OP_CGROUP_DEVICES, &op, err,
		"linux.resources.devices");
	if (r < 0)
		return r;
	op->devices.n_instructions = n;
	op->devices.instructions = ins_arena_copy(builder->arena, program, n * sizeof(*program));
	return op->devices.instructions ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

/* The container stays in its caller's cgroup, which is not its to limit. */
static int plan_without(
	struct ins_plan_builder *builder, const struct ins_limits *limits, struct ins_error *err)
{
	int r = ins_limits_refuse(limits,
		"cannot be enforced without a cgroup of the container's own "
		"(linux.cgroupsPath, --cgroup-manager)",
		err);

	return r < 0 ? r : plan_devices(builder, err);
}

/* A directory, which the runtime makes. */
static int plan_directory(
	struct ins_plan_builder *builder, const struct ins_limits *limits, struct ins_error *err)
{
	struct ins_op *op;
	int r = find_path(builder, err);

	return r < 0 ? r : plan_create(builder, INS_OP_CGROUP_CREATE, limits, &op, err);
}

/* A scope, which systemd makes. It is told the limits, too: it writes what it knows, again and again. */
static int plan_scope(
	struct ins_plan_builder *builder, const struct ins_limits *limits, struct ins_error *err)
{
	const struct ins_unit_property *properties;
	const char *slice;
	struct ins_op *op;
	uint32_t n;
	int r = ins_scope_plan_name(builder, &slice, err);

	if (r == 0)
		r = ins_scope_plan_properties(builder, slice, limits, &n, &properties, err);
	if (r == 0)
		r = plan_create(builder, INS_OP_CGROUP_SCOPE, limits, &op, err);
	if (r < 0)
		return r;
	op->cgroup.n_properties = n;
	op->cgroup.properties = properties;
	return 0;
}

int ins_cgroup_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	bool by_systemd = builder->cgroup_manager == INS_CGROUP_SYSTEMD;
	struct ins_limits limits;
	int r = ins_limits_convert(
		&builder->spec->resources, &ins_limits_of_new, builder->arena, &limits, err);

	if (r < 0)
		return r;
	if (builder->cgroup_manager == INS_CGROUP_DISABLED)
		return plan_without(builder, &limits, err);
	/* An ordinary user, also as root of a user namespace, has no place to make cgroups in unless
	 * somebody gave one away, and then it is named; a container that asks for none runs in its
	 * caller's. */
	if (!by_systemd && !builder->spec->cgroups_path &&
		(builder->host->euid != 0 || builder->host->cgroup_is_foreign))
		return plan_without(builder, &limits, err);
	if (!builder->host->cgroup_mount[0])
		return ins_error_text(err, EOPNOTSUPP,
			"no cgroup2 hierarchy is mounted (--cgroup-manager=disabled does without)");
	r = by_systemd ? plan_scope(builder, &limits, err) : plan_directory(builder, &limits, err);
	if (r == 0)
		r = ins_limits_plan_files(builder, &limits, err);
	return r < 0 ? r : plan_devices(builder, err);
}
