/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources → an operation for each limit; what this host has no controller for is refused. */
#include <errno.h>

#include "base/error.h"
#include "cgroup/limits.h"
#include "plan/build.h"

static const char *why_missing(const struct ins_host *host, uint32_t controller)
{
	if (host->controllers_v1 & controller)
		return "it is on a cgroup1 hierarchy (boot with "
		       "systemd.unified_cgroup_hierarchy=1, or with cgroup_no_v1=all)";
	return "the kernel lacks it, was booted without it (cgroup_disable=), or this part of the "
	       "hierarchy was not given it";
}

int ins_limits_check(
	const struct ins_limits *limits, const struct ins_host *host, struct ins_error *err)
{
	for (size_t i = 0; i < limits->n; i++) {
		const struct ins_limit *limit = &limits->v[i];
		uint32_t missing = limit->controller & ~host->controllers;

		if (missing && !limit->holds_in_new)
			return ins_error_key(err, EOPNOTSUPP, limit->key,
				"cgroup2 has no %s controller here: %s",
				ins_controller_name((enum ins_controller)__builtin_ctz(missing)),
				why_missing(host, missing));
	}
	return 0;
}

int ins_limits_refuse(const struct ins_limits *limits, const char *why, struct ins_error *err)
{
	for (size_t i = 0; i < limits->n; i++) {
		if (!limits->v[i].holds_in_new)
			return ins_error_key(err, EOPNOTSUPP, limits->v[i].key, "%s", why);
	}
	return 0;
}

/*
 * Two wait until the container's process is there and executes init. The clone into the cgroup counts as
 * a process, and where namespaces are joined so does a second one. And as long as parent and child share
 * their memory, a limit that is too low for the child would have the kernel kill both. All are there
 * before the first hook, which may want to change them.
 */
static enum ins_stage stage_of(
	const struct ins_plan_builder *builder, const struct ins_limit *limit)
{
	const uint32_t late = 1U << INS_CONTROLLER_MEMORY | 1U << INS_CONTROLLER_PIDS;

	return limit->controller & late ? INS_STAGE_IDMAP : ins_plan_cgroup_stage(builder);
}

int ins_limits_plan_files(
	struct ins_plan_builder *builder, const struct ins_limits *limits, struct ins_error *err)
{
	/* A plan that is only printed tells of what is missing at the step. */
	int r = builder->dry ? 0 : ins_limits_check(limits, builder->host, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < limits->n; i++) {
		const struct ins_limit *limit = &limits->v[i];
		struct ins_op *op;

		r = ins_plan_add(builder, stage_of(builder, limit), INS_OP_CGROUP_LIMIT, &op, err,
			"%s", limit->key);
		if (r < 0)
			return r;
		op->path = builder->plan->cgroup;
		op->limit.controller = limit->controller;
		op->limit.files = limit->files;
	}
	return 0;
}
