/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/errno.h>
#include <linux/sched.h>

#include "init/child.h"
#include "sys/bare.h"

/*
 * Become root inside. In a namespace that was joined an id need not be there, and setgroups may be
 * forbidden for good; what is left then are the capabilities, which entering has given, and the
 * program's own ids, which are set at the end and must exist.
 */
int ins_idmap_become_op(struct ins_child *child, const struct ins_op *op)
{
	bool joined = child->plan->join_flags & CLONE_NEWUSER;
	long result = 0;

	if (op->become.clear_groups)
		result = ins_sys(setgroups, 0, NULL);
	if (result < 0 && !(joined && result == -EPERM))
		return ins_child_detail(child, "setgroups", (int)result);
	result = ins_sys(setresgid, op->become.gid, op->become.gid, op->become.gid);
	if (result < 0 && !(joined && result == -EINVAL))
		return ins_child_detail(child, "setresgid", (int)result);
	result = ins_sys(setresuid, op->become.uid, op->become.uid, op->become.uid);
	if (result < 0 && !(joined && result == -EINVAL))
		return ins_child_detail(child, "setresuid", (int)result);
	return 0;
}
