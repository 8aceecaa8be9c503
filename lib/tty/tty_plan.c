/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.terminal: the container's own devpts makes the terminal, so it comes after the mounts;
 * and after that the session has no terminal but this.
 */
#include "plan/build.h"

int ins_tty_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_process *process = &builder->spec->process;
	struct ins_op *op;
	int r;

	if (!process->terminal)
		return 0;
	r = ins_plan_add(
		builder, INS_STAGE_MOUNT, INS_OP_CONSOLE, &op, err, "%s", "process.terminal");
	if (r < 0)
		return r;
	op->console.has_size = process->has_console_size;
	op->console.height = process->console_height;
	op->console.width = process->console_width;
	op->console.uid = process->uid;
	/* The container's /dev/console is the terminal of its first process. Without a mount
	 * namespace of its own the mount would be the host's. */
	op->console.bind_console =
		!builder->plan->is_exec && builder->spec->namespaces[INS_NS_MOUNT].present;
	return 0;
}
