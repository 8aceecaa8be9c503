/* SPDX-License-Identifier: Apache-2.0 */
/* The root: how it is found, attached and entered, and what is done to it at the end. */
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/parts.h"

/* linux.rootfsPropagation, as the root is opened and as it is at the end. */
struct root_propagation {
	const char *name;
	uint64_t opened, final;
	bool recursive;
};

/*
 * pivot_root(2) refuses a shared root, and until then nothing is to reach the host. So a shared
 * root is a slave first; in the end it is both, receives what the host mounts below the root and
 * shares it with the namespaces that are copied from this one. That is what the kernel makes of a
 * shared mount when it copies it into a user namespace.
 */
static const struct root_propagation root_propagations[] = {
	{ "private", MS_PRIVATE, 0, false },
	{ "rprivate", MS_PRIVATE, 0, false },
	{ "slave", MS_SLAVE, 0, false },
	{ "rslave", MS_SLAVE, 0, false },
	{ "shared", MS_SLAVE, MS_SHARED, false },
	{ "rshared", MS_SLAVE, MS_SHARED, true },
	{ "unbindable", MS_PRIVATE, MS_UNBINDABLE, false },
	{ "runbindable", MS_PRIVATE, MS_UNBINDABLE, true },
};

static const struct root_propagation *find_root_propagation(const struct ins_spec *spec)
{
	const char *name = spec->rootfs_propagation ? spec->rootfs_propagation : "rprivate";

	for (size_t i = 0; i < ARRAY_LENGTH(root_propagations); i++) {
		if (strcmp(root_propagations[i].name, name) == 0)
			return &root_propagations[i];
	}
	return NULL;
}

/* As soon as the container's ids are mapped. */
static int add_root_overlay(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_overlay *overlay = builder->overlay;
	const struct ins_spec *spec = builder->spec;
	struct ins_op *op;
	int r;

	if (!ins_host_kernel_at_least(builder->host, 5, 19))
		return ins_error_text(err, EOPNOTSUPP,
			"this is Linux %u.%u: before 5.19 overlayfs takes no id-mapped layers, of "
			"which the roots of partitions are made",
			builder->host->kernel_major, builder->host->kernel_minor);
	r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_ROOT_OVERLAY, &op, err, "root.path");
	if (r < 0)
		return r;
	op->slot = INS_SLOT_ROOT;
	op->path = builder->plan->rootfs;
	op->overlay.uid = spec->uid_mappings.v[0].host;
	op->overlay.gid = spec->gid_mappings.v[0].host;
	r = ins_plan_strings(builder, &overlay->layers, &op->overlay.layers, err);
	if (r == 0)
		r = ins_plan_strdup(builder, overlay->own, &op->overlay.own, err);
	return r < 0 ? r
		     : ins_plan_strdup(builder, overlay->own_image, &op->overlay.own_image, err);
}

int ins_mount_add_root_open(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct root_propagation *propagation = find_root_propagation(builder->spec);
	struct ins_op what = { .source.recursive = true };
	struct ins_op *op;
	int r;

	if (!propagation)
		return ins_error_key(err, EINVAL, "linux.rootfsPropagation", "unknown value '%s'",
			builder->spec->rootfs_propagation);
	what.source.in_place = !ins_plan_has_own(builder, INS_NS_MOUNT);
	what.source.attrs.propagation = propagation->opened;
	what.source.attrs.propagation_recursive = true;
	if (!what.source.in_place) {
		r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_ROOT_PRIVATE, &op, err, "%s", "");
		if (r < 0)
			return r;
	}
	if (builder->overlay)
		return add_root_overlay(builder, err);
	return ins_mount_add_open(builder, INS_OP_ROOT_OPEN, INS_STAGE_PREPARE, INS_SLOT_ROOT,
		builder->plan->rootfs, &what, "root.path", err);
}

int ins_mount_add_root_attach(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_ROOT_ATTACH, &op, err, "root.path");

	if (r < 0)
		return r;
	op->slot = INS_SLOT_ROOT;
	op->pivot.chroot_only = !ins_plan_has_own(builder, INS_NS_MOUNT);
	op->pivot.no_pivot = builder->args->no_pivot;
	return 0;
}

static int add_path(struct ins_plan_builder *builder, enum ins_op_kind kind, const char *key,
	size_t i, const char *path, int32_t slot, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (path[0] != '/')
		return ins_error_key(err, EINVAL, key, "'%s' is not an absolute path", path);
	r = ins_plan_add(builder, INS_STAGE_ROOT, kind, &op, err, "%s[%zu]", key, i);
	if (r < 0)
		return r;
	op->slot = slot;
	return ins_plan_strdup(builder, path, &op->path, err);
}

/* What masks files: the host's null device. The child looks at what it got before it uses it. */
static int add_null(struct ins_plan_builder *builder, int32_t slot, struct ins_error *err)
{
	struct ins_op *op;
	const char *path;
	int r = ins_plan_strdup(builder, "/dev/null", &path, err);

	if (r == 0 && ins_plan_child_clones(builder)) {
		r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_SOURCE_CLONE, &op, err,
			"linux.maskedPaths");
		if (r < 0)
			return r;
		op->slot = slot;
		op->path = path;
	}
	if (r < 0 || !ins_plan_parent_clones(builder))
		return r;
	r = ins_plan_add(
		builder, INS_STAGE_PREPARE, INS_OP_NODE_OPEN, &op, err, "linux.maskedPaths");
	if (r < 0)
		return r;
	op->slot = slot;
	op->path = path;
	op->node.type = S_IFCHR;
	op->node.major = 1;
	op->node.minor = 3;
	return 0;
}

static int add_paths(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	int32_t null = INS_NO_SLOT;
	int r = 0;

	for (size_t i = 0; r == 0 && i < spec->readonly_paths.n; i++)
		r = add_path(builder, INS_OP_READONLY, "linux.readonlyPaths", i,
			spec->readonly_paths.v[i], INS_NO_SLOT, err);
	if (r == 0 && spec->masked_paths.n) {
		null = ins_plan_new_slot(builder);
		r = add_null(builder, null, err);
	}
	for (size_t i = 0; r == 0 && i < spec->masked_paths.n; i++)
		r = add_path(builder, INS_OP_MASK, "linux.maskedPaths", i, spec->masked_paths.v[i],
			null, err);
	return r;
}

static int add_pivot(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_op *op;
	int r;

	/* Without pivot_root the host's mounts are below the new root, and in a user namespace the
	 * kernel does not let us take them away: a fresh procfs would be allowed on their account.
	 */
	if (builder->args->no_pivot && ins_plan_has_userns(builder))
		return ins_error_text(err, EINVAL, "--no-pivot is not safe in a user namespace");
	r = ins_plan_add(builder, INS_STAGE_ROOT, INS_OP_PIVOT, &op, err, "%s", "root.path");
	if (r < 0)
		return r;
	op->pivot.no_pivot = builder->args->no_pivot;
	op->pivot.chroot_only = !ins_plan_has_own(builder, INS_NS_MOUNT);
	return 0;
}

int ins_mount_finish_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct root_propagation *propagation = find_root_propagation(builder->spec);
	struct ins_op *op;
	int r = add_pivot(builder, err);

	if (r == 0)
		r = add_paths(builder, err);
	if (r == 0 && builder->spec->root_readonly)
		r = ins_plan_add(
			builder, INS_STAGE_ROOT, INS_OP_ROOT_READONLY, &op, err, "root.readonly");
	if (r < 0 || !propagation->final)
		return r;
	r = ins_plan_add(builder, INS_STAGE_ROOT, INS_OP_ROOT_PROPAGATION, &op, err,
		"linux.rootfsPropagation");
	if (r < 0)
		return r;
	op->remount.attrs.propagation = propagation->final;
	op->remount.attrs.propagation_recursive = propagation->recursive;
	return 0;
}
