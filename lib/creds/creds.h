/* SPDX-License-Identifier: Apache-2.0 */
/* What creds_plan.c and its neighbours have of each other, and the words for a program that does not run. */
#ifndef INSULA_CREDS_CREDS_H
#define INSULA_CREDS_CREDS_H

#include "plan/build.h"
#include "plan/message.h"

/* The program's container has a user namespace of its own, or (exec) one is entered. */
bool ins_creds_in_userns(const struct ins_plan_builder *builder);

/**
 * ins_creds_caps_plan - process.capabilities: what can be granted
 * @ret_caps: the five sets, each within what the kernel will allow; the rest is warned about
 */
void ins_creds_caps_plan(const struct ins_plan_builder *builder, struct ins_spec_caps *ret_caps);

/* ins_creds_rlimits_plan - process.rlimits. Return: 0, −EINVAL with the key, −ENOMEM. */
int ins_creds_rlimits_plan(struct ins_plan_builder *builder, struct ins_error *err);

/* ins_creds_tuning_plan - process.scheduler, ioPriority, execCPUAffinity, linux.memoryPolicy,
 * linux.personality. Return: 0, −EINVAL or −EOPNOTSUPP with the key, −ENOMEM. */
int ins_creds_tuning_plan(struct ins_plan_builder *builder, struct ins_error *err);

/**
 * ins_creds_exec_explain - the words for a program that could not be found or executed
 * @op: FIND_PROGRAM, EXECVE
 * @message: the child's ERROR; its detail comes from the guest and is not trusted
 *
 * Sets err->status to what a shell would answer: 127 if there is no such program, 126 if it cannot
 * be executed; 1 if it is not the program's fault.
 *
 * Return: −errno.
 */
int ins_creds_exec_explain(
	const struct ins_op *op, const struct ins_message *message, struct ins_error *err);

#endif
