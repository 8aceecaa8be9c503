/* SPDX-License-Identifier: Apache-2.0 */
/* The planner of a container whose cgroup systemd makes. */
#ifndef INSULA_CGROUP_SYSTEMD_PLAN_H
#define INSULA_CGROUP_SYSTEMD_PLAN_H

#include "cgroup/limits.h"
#include "plan/build.h"

/* ins_scope_plan_name - the plan's unit, and the cgroup that is expected of it, from
 * linux.cgroupsPath; @ret_slice: the slice that it is in. Return: 0, −EINVAL, −ENAMETOOLONG, −ENOMEM. */
int ins_scope_plan_name(struct ins_plan_builder *builder, const char **ret_slice,
	struct ins_error *err);

/* ins_scope_plan_properties - all of the unit's properties: what each container's has, the annotations
 * org.systemd.property.*, the limits. Return: 0, −EINVAL, −ERANGE, −ENOMEM. */
int ins_scope_plan_properties(struct ins_plan_builder *builder, const char *slice,
	const struct ins_limits *limits, uint32_t *ret_n, const struct ins_unit_property **ret,
	struct ins_error *err);

/* ins_limits_to_unit - limits as properties, for ins_systemd_set(); allocated from @arena. Return: 0,
 * −ENOMEM. */
int ins_limits_to_unit(const struct ins_limits *limits, struct ins_arena *arena, uint32_t *ret_n,
	const struct ins_unit_property **ret, struct ins_error *err);

#endif
