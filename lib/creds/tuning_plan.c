/* SPDX-License-Identifier: Apache-2.0 */
/* process.rlimits and what else shapes how the kernel treats the process. */
#include <linux/mempolicy.h>
#include <string.h>

#include "base/error.h"
#include "creds/creds.h"
#include "spec/names.h"

/* The most memory nodes that any kernel is built for. */
#define NODE_MASK_BYTES (1024 / 8)

/* linux/ioprio.h: the class stands above the level. */
#define IOPRIO_CLASS_SHIFT_BITS 13

/* <linux/personality.h> clashes with the C library's. */
#define DOMAIN_LINUX   0x0000
#define DOMAIN_LINUX32 0x0008

static int add_rlimit(struct ins_plan_builder *builder, enum ins_stage stage, enum ins_op_kind kind,
	const struct ins_spec_rlimit *rlimit, size_t index, struct ins_error *err)
{
	struct ins_op *op;
	int r = ins_plan_add(builder, stage, kind, &op, err, "process.rlimits[%zu]", index);

	if (r < 0)
		return r;
	op->rlimit.resource = (uint32_t)rlimit->resource;
	op->rlimit.soft = rlimit->soft;
	op->rlimit.hard = rlimit->hard;
	return 0;
}

int ins_creds_rlimits_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;

	for (size_t i = 0; i < process->n_rlimits; i++) {
		const struct ins_spec_rlimit *rlimit = &process->rlimits[i];
		int r;

		/* Raising a hard limit takes CAP_SYS_RESOURCE in the initial user namespace, so
		 * nobody inside another one can do it: the parent does. */
		if (ins_creds_in_userns(builder)) {
			r = add_rlimit(
				builder, INS_STAGE_IDMAP, INS_OP_RLIMIT_RAISE, rlimit, i, err);
			if (r < 0)
				return r;
		}
		r = add_rlimit(builder, INS_STAGE_EXEC, INS_OP_RLIMIT, rlimit, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_scheduler(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_scheduler *scheduler = &builder->spec->process.scheduler;
	struct ins_op *op;
	int r;

	if (!scheduler->present)
		return 0;
	r = ins_plan_add(
		builder, INS_STAGE_EXEC, INS_OP_SCHEDULER, &op, err, "%s", "process.scheduler");
	if (r < 0)
		return r;
	op->scheduler.policy = (uint32_t)scheduler->policy;
	op->scheduler.nice = scheduler->nice;
	op->scheduler.priority = (uint32_t)scheduler->priority;
	op->scheduler.flags = scheduler->flags;
	op->scheduler.runtime = scheduler->runtime;
	op->scheduler.deadline = scheduler->deadline;
	op->scheduler.period = scheduler->period;
	return 0;
}

static int add_io_priority(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_op *op;
	int r;

	if (!process->has_io_priority)
		return 0;
	r = ins_plan_add(
		builder, INS_STAGE_EXEC, INS_OP_IO_PRIORITY, &op, err, "%s", "process.ioPriority");
	if (r == 0)
		op->io_priority.value = (uint32_t)process->io_priority_class
						<< IOPRIO_CLASS_SHIFT_BITS |
					(uint32_t)process->io_priority;
	return r;
}

static int add_affinity(struct ins_plan_builder *builder, enum ins_stage stage, const char *key,
	const char *list, struct ins_error *err)
{
	unsigned char mask[INS_CPU_MASK_BYTES] = { 0 };
	uint32_t size = sizeof(mask);
	struct ins_op *op;
	int r;

	if (!list)
		return 0;
	r = ins_cpu_list_parse(list, mask, sizeof(mask));
	if (r < 0)
		return ins_error_set(err, -r, "%s", key);
	/* The system call wants whole words, and copies all that it is given. */
	while (size > sizeof(uint64_t) && !mask[size - 1])
		size--;
	size = (size + 7) & ~7U;
	r = ins_plan_add(builder, stage, INS_OP_AFFINITY, &op, err, "%s", key);
	if (r < 0)
		return r;
	op->affinity.size = size;
	op->affinity.mask = ins_arena_copy(builder->arena, mask, size);
	return op->affinity.mask ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

/* For an exec only: `initial` holds until the process is in the container's cgroup, which it is
 * from the clone on, `final` afterwards. */
static int add_affinities(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	int r;

	if (!builder->plan->is_exec)
		return 0;
	r = add_affinity(builder, INS_STAGE_JOIN, "process.execCPUAffinity.initial",
		process->affinity_initial, err);
	if (r == 0)
		r = add_affinity(builder, INS_STAGE_EXEC, "process.execCPUAffinity.final",
			process->affinity_final, err);
	return r;
}

/* The kernel says only EINVAL to all of these. */
static int check_memory_policy(
	const struct ins_spec_memory_policy *policy, uint32_t flags, struct ins_error *err)
{
	bool takes_none =
		!strcmp(policy->mode, "MPOL_DEFAULT") || !strcmp(policy->mode, "MPOL_LOCAL");
	/* MPOL_PREFERRED without nodes is MPOL_LOCAL. */
	bool needs_some = !takes_none && strcmp(policy->mode, "MPOL_PREFERRED") != 0;

	if (takes_none && policy->nodes)
		return ins_error_key(
			err, EINVAL, "linux.memoryPolicy.nodes", "%s takes no nodes", policy->mode);
	if (needs_some && !policy->nodes)
		return ins_error_key(
			err, EINVAL, "linux.memoryPolicy.nodes", "%s needs nodes", policy->mode);
	if (takes_none && flags)
		return ins_error_key(
			err, EINVAL, "linux.memoryPolicy.flags", "%s takes no flags", policy->mode);
	if (flags & MPOL_F_STATIC_NODES && flags & MPOL_F_RELATIVE_NODES)
		return ins_error_key(err, EINVAL, "linux.memoryPolicy.flags",
			"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	return 0;
}

static int add_memory_policy(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_memory_policy *policy = &builder->spec->memory_policy;
	unsigned char mask[NODE_MASK_BYTES] = { 0 };
	uint32_t flags = 0;
	struct ins_op *op;
	int r;

	if (!policy->present)
		return 0;
	for (size_t i = 0; i < policy->flags.n; i++)
		flags |=
			(uint32_t)ins_name_find(ins_memory_policy_flags, policy->flags.v[i])->value;
	r = check_memory_policy(policy, flags, err);
	if (r == 0 && policy->nodes)
		r = ins_cpu_list_parse(policy->nodes, mask, sizeof(mask));
	if (r == -ERANGE)
		return ins_error_key(err, ERANGE, "linux.memoryPolicy.nodes",
			"\"%s\" has a node above %d", policy->nodes, NODE_MASK_BYTES * 8 - 1);
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_EXEC, INS_OP_MEMORY_POLICY, &op, err, "%s",
			"linux.memoryPolicy");
	if (r < 0)
		return r;
	op->memory_policy.mode =
		flags | (uint32_t)ins_name_find(ins_memory_policy_modes, policy->mode)->value;
	if (!policy->nodes)
		return 0;
	op->memory_policy.size = sizeof(mask);
	op->memory_policy.nodes = ins_arena_copy(builder->arena, mask, sizeof(mask));
	return op->memory_policy.nodes ? 0 : ins_error_set(err, ENOMEM, "build the plan");
}

static int add_personality(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec *spec = builder->spec;
	struct ins_op *op;
	int r;

	if (!spec->has_personality)
		return 0;
	r = ins_plan_add(
		builder, INS_STAGE_EXEC, INS_OP_PERSONALITY, &op, err, "%s", "linux.personality");
	if (r == 0)
		op->personality.value =
			strcmp(spec->personality_domain, "LINUX") ? DOMAIN_LINUX32 : DOMAIN_LINUX;
	return r;
}

int ins_creds_tuning_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	int r = add_scheduler(builder, err);

	if (r == 0)
		r = add_io_priority(builder, err);
	if (r == 0)
		r = add_affinities(builder, err);
	if (r == 0)
		r = add_memory_policy(builder, err);
	if (r == 0)
		r = add_personality(builder, err);
	return r;
}
