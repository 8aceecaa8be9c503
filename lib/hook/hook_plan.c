/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who runs which hook: prestart and createRuntime belong to the runtime's namespaces and are run by
 * the parent, as is poststart; createContainer and startContainer belong to the container's and are
 * run by init. poststop comes after the plan, from the record.
 */
#include "plan/build.h"

static int add_hook(struct ins_plan_builder *builder, enum ins_hook_kind kind, size_t index,
	enum ins_stage stage, enum ins_op_kind op_kind, struct ins_error *err)
{
	const struct ins_spec_hook *hook = &builder->spec->hooks[kind].v[index];
	const struct ins_strings only_path = { .n = 1, .v = &hook->path };
	struct ins_op *op;
	int r = ins_plan_add(builder, stage, op_kind, &op, err, "hooks.%s[%zu]",
		ins_hook_kind_name(kind), index);

	if (r < 0)
		return r;
	op->hook.timeout = hook->timeout;
	op->hook.index = (uint32_t)index;
	op->hook.hook_kind = kind;
	r = ins_plan_strdup(builder, hook->path, &op->hook.path, err);
	if (r == 0)
		r = ins_plan_strings(
			builder, hook->args.n ? &hook->args : &only_path, &op->hook.args, err);
	if (r == 0)
		r = ins_plan_strings(builder, &hook->env, &op->hook.env, err);
	return r;
}

static int add_kind(struct ins_plan_builder *builder, enum ins_hook_kind kind, enum ins_stage stage,
	enum ins_op_kind op_kind, struct ins_error *err)
{
	int r = 0;

	for (size_t i = 0; i < builder->spec->hooks[kind].n && r == 0; i++)
		r = add_hook(builder, kind, i, stage, op_kind, err);
	return r;
}

int ins_hook_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	int r = add_kind(builder, INS_HOOK_PRESTART, INS_STAGE_HOOKS, INS_OP_HOOK_PARENT, err);

	if (r == 0)
		r = add_kind(
			builder, INS_HOOK_CREATE_RUNTIME, INS_STAGE_HOOKS, INS_OP_HOOK_PARENT, err);
	if (r == 0)
		r = add_kind(builder, INS_HOOK_CREATE_CONTAINER, INS_STAGE_HOOKS, INS_OP_HOOK_CHILD,
			err);
	if (r == 0)
		r = add_kind(
			builder, INS_HOOK_START_CONTAINER, INS_STAGE_START, INS_OP_HOOK_CHILD, err);
	if (r == 0)
		r = add_kind(
			builder, INS_HOOK_POSTSTART, INS_STAGE_STARTED, INS_OP_HOOK_PARENT, err);
	return r;
}
