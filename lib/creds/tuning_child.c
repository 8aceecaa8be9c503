/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, priorities and what else shapes how the kernel treats the process. */
#include <asm/errno.h>
#include <linux/resource.h>
#include <linux/sched/types.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* linux/ioprio.h */
#define IOPRIO_WHO_PROCESS_SELF 1

int ins_creds_rlimit_op(struct ins_child *child, const struct ins_op *op)
{
	struct {
		uint64_t soft, hard;
	} limit = { op->rlimit.soft, op->rlimit.hard };
	long result = ins_sys(prlimit64, 0, op->rlimit.resource, &limit, NULL);

	/* Also for RLIMIT_NOFILE above fs.nr_open, which nobody may pass. */
	if (result == -EPERM)
		return ins_child_detail(child,
			op->rlimit.resource == RLIMIT_NOFILE
				? "raising the hard limit takes CAP_SYS_RESOURCE, and fs.nr_open "
				  "bounds it"
				: "raising the hard limit takes CAP_SYS_RESOURCE",
			-EPERM);
	return (int)result;
}

int ins_creds_umask_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(umask, op->umask.mask);

	(void)child;
	return result < 0 ? (int)result : 0;
}

int ins_creds_personality_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(personality, op->personality.value);

	(void)child;
	return result < 0 ? (int)result : 0;
}

int ins_creds_scheduler_op(struct ins_child *child, const struct ins_op *op)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = op->scheduler.policy,
		.sched_flags = op->scheduler.flags,
		.sched_nice = op->scheduler.nice,
		.sched_priority = op->scheduler.priority,
		.sched_runtime = op->scheduler.runtime,
		.sched_deadline = op->scheduler.deadline,
		.sched_period = op->scheduler.period,
	};
	long result = ins_sys(sched_setattr, 0, &attr, 0);

	if (result == -EPERM)
		return ins_child_detail(
			child, "takes CAP_SYS_NICE in the host's user namespace", -EPERM);
	return (int)result;
}

int ins_creds_io_priority_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(ioprio_set, IOPRIO_WHO_PROCESS_SELF, 0, op->io_priority.value);

	if (result == -EPERM)
		return ins_child_detail(child, "the real-time class takes CAP_SYS_NICE", -EPERM);
	return (int)result;
}

int ins_creds_affinity_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(sched_setaffinity, 0, op->affinity.size, op->affinity.mask);

	if (result == -EINVAL)
		return ins_child_detail(child,
			"none of these CPUs is there and in the cpuset of the cgroup", -EINVAL);
	return (int)result;
}

/* Memory that the process has already, of the image that is to be replaced, stays where it is. */
int ins_creds_memory_policy_op(struct ins_child *child, const struct ins_op *op)
{
	/* The kernel takes one from the number of bits (get_nodes() in mm/mempolicy.c). */
	long result = ins_sys(set_mempolicy, op->memory_policy.mode, op->memory_policy.nodes,
		op->memory_policy.size ? op->memory_policy.size * 8UL + 1 : 0);

	if (result == -EINVAL)
		return ins_child_detail(child,
			"none of these nodes is there and in the cpuset of the cgroup, or the "
			"kernel does not know this mode or flag",
			-EINVAL);
	if (result == -ENOSYS)
		return ins_child_detail(child,
			"the kernel is built without memory policies (CONFIG_NUMA)", -ENOSYS);
	return (int)result;
}
