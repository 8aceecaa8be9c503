/* SPDX-License-Identifier: Apache-2.0 */
/* What mount_plan.c, root_plan.c and source_plan.c have of each other. */
#ifndef INSULA_MOUNT_PARTS_H
#define INSULA_MOUNT_PARTS_H

#include "plan/build.h"

/**
 * ins_mount_add_open - add the operation that opens what is to be mounted: on the parent's side, the
 * child's, or both
 * @kind, @stage: of the operation, if the parent makes the copy
 * @slot: where it is kept
 * @path: on the host, absolute; lives as long as the plan
 * @what: only its member source counts
 * @key: the config path it comes from
 *
 * Return: 0, −EPERM (ids are to be mapped, and the runtime must not), −ENOMEM.
 */
int ins_mount_add_open(struct ins_plan_builder *builder, enum ins_op_kind kind,
	enum ins_stage stage, int32_t slot, const char *path, const struct ins_op *what,
	const char *key, struct ins_error *err);

/* ins_mount_add_root_open - the root, or the layers that it is made of, from the host into a slot.
 * Return: 0, −EINVAL (linux.rootfsPropagation), −EOPNOTSUPP (a kernel without id-mapped overlays: Linux
 * 5.19), −EPERM, −ENOMEM. */
int ins_mount_add_root_open(struct ins_plan_builder *builder, struct ins_error *err);

/* ins_mount_add_root_attach - attach it where mounts[] are made below it. Return: 0, −ENOMEM. */
int ins_mount_add_root_attach(struct ins_plan_builder *builder, struct ins_error *err);

#endif
