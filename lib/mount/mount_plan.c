/* SPDX-License-Identifier: Apache-2.0 */
/* From mounts[] to operations. */
#include <limits.h>
#include <linux/mount.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/entry.h"
#include "mount/parts.h"
#include "plan/build.h"

static int out_of_memory(struct ins_error *err)
{
	return ins_error_set(err, ENOMEM, "plan the mounts");
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
	return ins_mount_add_open(builder, INS_OP_SOURCE_OPEN,
		late ? INS_STAGE_IDMAP : INS_STAGE_PREPARE, entry->slot, entry->source, &what,
		entry->key, err);
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
	return ins_mount_add_open(builder, INS_OP_SOURCE_OPEN, INS_STAGE_PREPARE, entry->slot, path,
		&what, entry->key, err);
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
		r = ins_mount_add_root_open(builder, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = ins_mount_entry_read(builder, entries, i, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_preparation(builder, &entries[i], err);
	if (r == 0)
		r = ins_mount_add_root_attach(builder, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_mount(builder, &entries[i], err);
	return r;
}
