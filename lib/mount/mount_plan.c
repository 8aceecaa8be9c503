/* SPDX-License-Identifier: Apache-2.0 */
/* From root and mounts[] to operations. */
#include <limits.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/entry.h"
#include "plan/build.h"

static int out_of_memory(struct ins_error *err)
{
	return ins_error_set(err, ENOMEM, "plan the mounts");
}

/*
 * When the kernel copies the host's mounts into a user namespace it locks them: what is read-only, nosuid
 * or nodev stays so, and what is mounted below something cannot be taken away from it. A copy of one of
 * those copies keeps that; one that was made outside does not, and root inside could undo it all. So the
 * parent, who reaches everything, only finds the source in there, and the child copies it. Where ids
 * are mapped this cannot be: only the parent may do that, and only with a copy of its own.
 */
static bool is_found(const struct ins_plan_builder *builder, const struct ins_op *what)
{
	return ins_plan_has_userns(builder) && ins_plan_parent_clones(builder) &&
	       !builder->host->in_user_namespace && !what->source.in_place && !what->source.idmap;
}

/* Add an operation that opens @path: on the parent's side, the child's, or both. @what: everything
 * but the path, as source. */
static int add_open(struct ins_plan_builder *builder, enum ins_op_kind kind, enum ins_stage stage,
	int32_t slot, const char *path, const struct ins_op *what, const char *key,
	struct ins_error *err)
{
	bool found = is_found(builder, what);
	bool may_copy = found && !what->source.recursive && !what->source.is_proc;
	int32_t copy_slot = may_copy ? ins_plan_new_slot(builder) : 0;
	struct ins_op *op;
	int r;

	if (ins_plan_parent_clones(builder) || what->source.in_place) {
		r = ins_plan_add(builder, found ? INS_STAGE_IDMAP : stage,
			found ? INS_OP_SOURCE_FIND : kind, &op, err, "%s", key);
		if (r < 0)
			return r;
		op->slot = slot;
		op->path = path;
		op->source = what->source;
		op->source.copy_slot = copy_slot;
	}
	if (!(found || ins_plan_child_clones(builder)) || what->source.in_place)
		return 0;
	if (what->source.idmap && !ins_plan_parent_clones(builder))
		return ins_error_key(
			err, EPERM, key, "an id-mapped mount needs CAP_SYS_ADMIN in the runtime");
	r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_SOURCE_CLONE, &op, err, "%s", key);
	if (r < 0)
		return r;
	op->slot = slot;
	op->path = path;
	op->source = what->source;
	op->source.found = found;
	op->source.copy_slot = copy_slot;
	return 0;
}

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
			"which "
			"the roots of partitions are made",
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

static int add_root_open(struct ins_plan_builder *builder, struct ins_error *err)
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
	return add_open(builder, INS_OP_ROOT_OPEN, INS_STAGE_PREPARE, INS_SLOT_ROOT,
		builder->plan->rootfs, &what, "root.path", err);
}

static int add_root_attach(struct ins_plan_builder *builder, struct ins_error *err)
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

/* Without a mount namespace of its own all this would be done to the host. */
static int check_no_mounts(const struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	const char *key = NULL;

	if (spec->n_mounts)
		key = "mounts";
	else if (spec->root_readonly)
		key = "root.readonly";
	else if (spec->masked_paths.n)
		key = "linux.maskedPaths";
	else if (spec->readonly_paths.n)
		key = "linux.readonlyPaths";
	else if (spec->rootfs_propagation)
		key = "linux.rootfsPropagation";
	if (!key)
		return 0;
	return ins_error_key(err, EINVAL, key, "needs a new mount namespace in linux.namespaces");
}

static int check_label(const struct ins_plan_builder *builder, struct ins_error *err)
{
	if (builder->spec->mount_label && builder->spec->mount_label[0] &&
		!builder->host->has_selinux)
		return ins_error_key(
			err, EOPNOTSUPP, "linux.mountLabel", "SELinux is not enabled on this host");
	return 0;
}

static int add_source(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	const struct ins_spec_mount *spec = entry->spec;
	const struct ins_mount_options *options = &entry->options;
	/* The container's own user namespace has its maps only when the parent has written them. */
	bool late = entry->idmap && !spec->uid_mappings.n;
	struct ins_op what = { 0 };
	int r;

	what.source.recursive = options->recursive;
	what.source.no_follow = options->source_no_follow;
	what.source.is_proc = strcmp(entry->destination, "/proc") == 0;
	what.source.attrs = options->attrs;
	what.source.idmap = entry->idmap;
	what.source.idmap_recursive = options->idmap_recursive;
	r = ins_plan_id_maps(
		builder, &spec->uid_mappings, &what.source.n_uid, &what.source.uid, err);
	if (r == 0)
		r = ins_plan_id_maps(
			builder, &spec->gid_mappings, &what.source.n_gid, &what.source.gid, err);
	if (r < 0)
		return r;
	return add_open(builder, INS_OP_SOURCE_OPEN, late ? INS_STAGE_IDMAP : INS_STAGE_PREPARE,
		entry->slot, entry->source, &what, entry->key, err);
}

static int add_attach(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(
		builder, INS_STAGE_MOUNT, INS_OP_MOUNT_ATTACH, &op, err, "%s", entry->key);

	if (r < 0)
		return r;
	op->slot = entry->slot;
	op->path = entry->destination;
	op->attach.no_follow = entry->options.destination_no_follow;
	op->attach.strict = entry->strict;
	op->attach.on_proc = entry->on_proc;
	/* A bind has got its attributes from the parent. */
	if (entry->is_cgroup)
		op->attach.attrs = entry->options.attrs;
	return 0;
}

/*
 * In the host's cgroup namespace a mount of cgroup2 would show the host's whole hierarchy, which is
 * no business of the container's: it gets its own directory (CVE-2023-25809).
 */
static bool is_cgroup_bind(
	const struct ins_plan_builder *builder, const struct ins_mount_entry *entry)
{
	return entry->is_cgroup && !builder->spec->namespaces[INS_NS_CGROUP].present;
}

/* The directory is also there for a kernel that refuses a mount of cgroup2 in a user namespace. */
static bool has_cgroup_fallback(
	const struct ins_plan_builder *builder, const struct ins_mount_entry *entry)
{
	return entry->is_cgroup && builder->plan->cgroup && ins_plan_parent_clones(builder) &&
	       (ins_plan_has_userns(builder) || builder->host->in_user_namespace);
}

/* Without a cgroup of its own (--cgroup-manager=disabled, an ordinary user) it is in its caller's. */
static int add_own_cgroup_open(struct ins_plan_builder *builder,
	const struct ins_mount_entry *entry, struct ins_error *err)
{
	const char *mount = builder->host->cgroup_mount;
	const struct ins_op what = { 0 };
	char own[PATH_MAX];
	const char *path;
	int r;

	if (!mount[0])
		return ins_error_key(err, EOPNOTSUPP, entry->key,
			"no cgroup2 hierarchy is mounted that could be shown");
	r = ins_host_own_cgroup(own, sizeof(own), err);
	if (r < 0)
		return r;
	path = ins_arena_printf(builder->arena, "%s%s", mount, own);
	if (!path)
		return out_of_memory(err);
	return add_open(builder, INS_OP_SOURCE_OPEN, INS_STAGE_PREPARE, entry->slot, path, &what,
		entry->key, err);
}

static int add_cgroup_open(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	struct ins_op *op;
	int r;

	if (!builder->plan->cgroup)
		return add_own_cgroup_open(builder, entry, err);
	r = ins_plan_add(builder, ins_plan_cgroup_stage(builder), INS_OP_CGROUP_OPEN, &op, err,
		"%s", entry->key);
	if (r == 0)
		op->slot = entry->slot;
	return r;
}

/* What has to be opened before the root is attached, which may hide it. */
static int add_preparation(
	struct ins_plan_builder *builder, struct ins_mount_entry *entry, struct ins_error *err)
{
	if (entry->options.remount)
		return 0;
	if (entry->options.bind) {
		entry->slot = ins_plan_new_slot(builder);
		return add_source(builder, entry, err);
	}
	if (is_cgroup_bind(builder, entry) || has_cgroup_fallback(builder, entry)) {
		entry->slot = ins_plan_new_slot(builder);
		return add_cgroup_open(builder, entry, err);
	}
	return 0;
}

/* A file system that is to be read-only, and in which things are still to be made. */
static int add_late_readonly(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	int32_t slot, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(
		builder, INS_STAGE_ROOT, INS_OP_MOUNT_REMOUNT, &op, err, "%s", entry->key);

	if (r < 0)
		return r;
	op->slot = slot;
	op->path = entry->destination;
	op->remount.attrs.set = MOUNT_ATTR_RDONLY;
	return 0;
}

static int add_filesystem(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	bool is_tmpfs = strcmp(entry->type, "tmpfs") == 0;
	struct ins_mount_attrs attrs = entry->options.attrs;
	bool late_readonly = is_tmpfs && ((attrs.set | attrs.rec_set) & MOUNT_ATTR_RDONLY);
	int32_t slot = late_readonly ? ins_plan_new_slot(builder) : entry->slot;
	struct ins_op *op;
	int r;

	r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_MOUNT_FS, &op, err, "%s", entry->key);
	if (r < 0)
		return r;
	if (late_readonly) {
		attrs.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		attrs.rec_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	op->slot = slot;
	op->path = entry->destination;
	op->fs.fstype = entry->type;
	op->fs.source = entry->source;
	op->fs.n_options = entry->n_data;
	op->fs.options = entry->data;
	op->fs.attrs = attrs;
	op->fs.copy_up = entry->options.copy_up;
	op->fs.cgroup_fallback = has_cgroup_fallback(builder, entry);
	op->fs.proc_or_sys = entry->strict;
	op->fs.on_proc = entry->on_proc;
	op->fs.mode_of_target = is_tmpfs && !entry->has_mode;
	op->fs.by_mount = entry->by_mount;
	op->fs.mount_flags = entry->mount_flags;
	op->fs.mount_data = entry->mount_data;
	return late_readonly ? add_late_readonly(builder, entry, slot, err) : 0;
}

static int add_remount(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(
		builder, INS_STAGE_MOUNT, INS_OP_MOUNT_REMOUNT, &op, err, "%s", entry->key);

	if (r < 0)
		return r;
	op->path = entry->destination;
	op->remount.attrs = entry->options.attrs;
	op->remount.n_options = entry->n_data;
	op->remount.options = entry->data;
	return 0;
}

static int add_mount(struct ins_plan_builder *builder, const struct ins_mount_entry *entry,
	struct ins_error *err)
{
	if (entry->options.remount)
		return add_remount(builder, entry, err);
	if (entry->options.bind || is_cgroup_bind(builder, entry))
		return add_attach(builder, entry, err);
	return add_filesystem(builder, entry, err);
}

int ins_mount_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	size_t n = builder->spec->n_mounts;
	cleanup_free struct ins_mount_entry *entries = calloc(n + 1, sizeof(*entries));
	int r = 0;

	if (!entries)
		return out_of_memory(err);
	if (!ins_plan_has_own(builder, INS_NS_MOUNT))
		r = check_no_mounts(builder, err);
	if (r == 0)
		r = check_label(builder, err);
	if (r == 0)
		r = add_root_open(builder, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = ins_mount_entry_read(builder, entries, i, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_preparation(builder, &entries[i], err);
	if (r == 0)
		r = add_root_attach(builder, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_mount(builder, &entries[i], err);
	return r;
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
