/* SPDX-License-Identifier: Apache-2.0 */
/* Who opens what is mounted. */
#include <errno.h>

#include "base/error.h"
#include "mount/parts.h"

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

int ins_mount_add_open(struct ins_plan_builder *builder, enum ins_op_kind kind,
	enum ins_stage stage, int32_t slot, const char *path, const struct ins_op *what,
	const char *key, struct ins_error *err)
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
