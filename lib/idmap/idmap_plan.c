/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of a new user namespace, and becoming root in it. */
#include <errno.h>
#include <linux/capability.h>

#include "base/error.h"
#include "plan/build.h"
#include "sys/userns.h"

/* The parser has checked the ranges. What is left is that the kernel takes a map in one write only.
 */
static int check_maps(const struct ins_id_maps *maps, const char *key, struct ins_error *err)
{
	struct ins_map_text text = { 0 };

	if (!maps->n)
		return ins_error_key(err, EINVAL, key, "a new user namespace needs at least one");
	for (size_t i = 0; i < maps->n; i++) {
		const struct ins_id_map *map = &maps->v[i];

		if (ins_map_text_add(&text, map->container, map->host, map->size) < 0)
			return ins_error_key(err, E2BIG, key,
				"the kernel takes at most %d ranges, "
				"and %d bytes of text",
				INS_MAP_MAX, INS_MAP_TEXT - 1);
	}
	return 0;
}

/* Whom to become inside: root, or the first that there is. */
static uint32_t root_of(const struct ins_id_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++) {
		if (maps->v[i].container == 0)
			return 0;
	}
	return maps->n ? maps->v[0].container : 0;
}

/*
 * Without privilege only one's own id can be mapped by oneself, and the kernel then wants
 * setgroups(2) to be forbidden for good: a group that denies access must not be laid down
 * (CVE-2014-8989).
 */
static bool must_deny_setgroups(const struct ins_plan_builder *builder)
{
	const struct ins_id_maps *gids = &builder->spec->gid_mappings;

	return !(builder->host->capabilities >> CAP_SETGID & 1) && gids->n == 1 &&
	       gids->v[0].size == 1;
}

/* One operation a map, so that an error is one of the right key. */
static int add_uid_map(
	struct ins_plan_builder *builder, enum ins_op_kind kind, struct ins_error *err)
{
	const struct ins_id_maps *maps = &builder->spec->uid_mappings;
	struct ins_op *op;
	int r = check_maps(maps, "linux.uidMappings", err);

	if (r == 0)
		r = ins_plan_add(
			builder, INS_STAGE_IDMAP, kind, &op, err, "%s", "linux.uidMappings");
	if (r < 0)
		return r;
	return ins_plan_id_maps(builder, maps, &op->idmap.n_uid, &op->idmap.uid, err);
}

static int add_gid_map(
	struct ins_plan_builder *builder, enum ins_op_kind kind, struct ins_error *err)
{
	const struct ins_id_maps *maps = &builder->spec->gid_mappings;
	struct ins_op *op;
	int r = check_maps(maps, "linux.gidMappings", err);

	if (r == 0)
		r = ins_plan_add(
			builder, INS_STAGE_IDMAP, kind, &op, err, "%s", "linux.gidMappings");
	if (r < 0)
		return r;
	op->idmap.deny_setgroups = must_deny_setgroups(builder);
	return ins_plan_id_maps(builder, maps, &op->idmap.n_gid, &op->idmap.gid, err);
}

int ins_idmap_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	enum ins_op_kind kind =
		ins_plan_has_own(builder, INS_NS_USER) ? INS_OP_IDMAP_WRITE : INS_OP_IDMAP_CHECK;
	struct ins_op *op;
	int r = 0;

	if (!ins_plan_has_userns(builder))
		return 0;
	/* containerd names the maps of a pod's user namespace together with its path: they are what
	 * id-mapped mounts go by, so they had better be true. */
	if (spec->uid_mappings.n || ins_plan_has_own(builder, INS_NS_USER)) {
		r = add_uid_map(builder, kind, err);
		if (r == 0)
			r = add_gid_map(builder, kind, err);
	}
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_BECOME_ROOT, &op, err, "%s", "");
	if (r < 0)
		return r;
	/* The maps of a namespace that is joined are not known here: there it is tried. */
	op->become.uid = root_of(&spec->uid_mappings);
	op->become.gid = root_of(&spec->gid_mappings);
	op->become.clear_groups =
		!must_deny_setgroups(builder) && !ins_spec_annotation(spec, INS_ANNOTATION_GROUPS);
	return 0;
}
