/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/sched.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/*
 * Whoever made the user namespace that is entered next may have forbidden setgroups(2) in it, and the
 * groups of our caller would stay. EPERM: they are forbidden to be given up where we are already.
 */
int ins_ns_groups_drop_op(struct ins_child *child, const struct ins_op *op)
{
	long result = ins_sys(setgroups, 0, NULL);

	(void)child;
	(void)op;
	return result == -EPERM ? 0 : (int)result;
}

/* The fd is one namespace, or (Linux 5.8) the pidfd of a process, several of whose are meant. */
int ins_ns_join_op(struct ins_child *child, const struct ins_op *op)
{
	return (int)ins_sys(setns, child->slots[op->slot], op->ns.type);
}

int ins_ns_unshare_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	return (int)ins_sys(unshare, op->ns.type);
}

/*
 * unshare(CLONE_NEWTIME) is for the children to come. The process itself gets in by setns, after
 * the offsets are written: the first process inside fixes them.
 */
int ins_ns_time_offsets_op(struct ins_child *child, const struct ins_op *op)
{
	long fd, result = 0;

	if (op->time.text[0])
		result = ins_child_proc_write(child, "self/timens_offsets", op->time.text);
	if (result < 0)
		return ins_child_detail(child, "timens_offsets", (int)result);
	fd = ins_sys(openat, child->slots[INS_SLOT_PROC], "self/ns/time_for_children",
		O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return ins_child_detail(child, "time_for_children", (int)fd);
	result = ins_sys(setns, fd, CLONE_NEWTIME);
	(void)ins_sys(close, fd);
	return (int)result;
}

int ins_ns_hostname_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	return (int)ins_sys(sethostname, op->text.text, ins_text_length(op->text.text));
}

int ins_ns_domainname_op(struct ins_child *child, const struct ins_op *op)
{
	(void)child;
	return (int)ins_sys(setdomainname, op->text.text, ins_text_length(op->text.text));
}

/*
 * What is written is not compared with what can be read: the kernel rounds times to its clock tick,
 * sorts lists, and some values cannot be read at all. That the file is the kernel's own follows
 * from the procfs that it is opened below.
 */
int ins_ns_sysctl_op(struct ins_child *child, const struct ins_op *op)
{
	return ins_child_proc_write(child, op->path, op->text.text);
}
