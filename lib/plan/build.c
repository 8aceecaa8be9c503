/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting the rooms' operations and putting them in order. */
#include <linux/capability.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/build.h"

static const enum ins_side op_sides[INS_OP_KINDS] = {
#define X(name, side, function) [INS_OP_##name] = INS_SIDE_##side,
	INS_OPS(X)
#undef X
};

static int out_of_memory(struct ins_error *err)
{
	return ins_error_set(err, ENOMEM, "build the plan");
}

int ins_plan_add(struct ins_plan_builder *builder, enum ins_stage stage, enum ins_op_kind kind,
	struct ins_op **ret_op, struct ins_error *err, const char *key, ...)
{
	struct ins_op *op;
	char text[256];
	va_list ap;

	if (builder->n_staged == builder->staged_capacity) {
		uint32_t capacity = builder->staged_capacity ? builder->staged_capacity * 2 : 64;
		struct ins_op *grown =
			reallocarray(builder->staged, capacity, sizeof(*builder->staged));

		if (!grown)
			return out_of_memory(err);
		builder->staged = grown;
		builder->staged_capacity = capacity;
	}
	va_start(ap, key);
	vsnprintf(text, sizeof(text), key, ap);
	va_end(ap);
	op = &builder->staged[builder->n_staged];
	memset(op, 0, sizeof(*op));
	op->kind = (uint16_t)kind;
	op->stage = (uint8_t)stage;
	op->side = (uint8_t)op_sides[kind];
	op->slot = INS_NO_SLOT;
	op->key = ins_arena_strdup(builder->arena, text);
	if (!op->key)
		return out_of_memory(err);
	builder->n_staged++;
	*ret_op = op;
	return 0;
}

int32_t ins_plan_new_slot(struct ins_plan_builder *builder)
{
	return builder->next_slot++;
}

int ins_plan_strdup(
	struct ins_plan_builder *builder, const char *text, const char **ret, struct ins_error *err)
{
	const char *copy = ins_arena_strdup(builder->arena, text);

	if (text && !copy)
		return out_of_memory(err);
	*ret = copy;
	return 0;
}

int ins_plan_strings(struct ins_plan_builder *builder, const struct ins_strings *list,
	struct ins_text_list *ret, struct ins_error *err)
{
	const char **v = ins_arena_array(builder->arena, list->n + 1, sizeof(*v));

	if (!v)
		return out_of_memory(err);
	for (size_t i = 0; i < list->n; i++) {
		v[i] = ins_arena_strdup(builder->arena, list->v[i]);
		if (!v[i])
			return out_of_memory(err);
	}
	*ret = (struct ins_text_list){ .n = (uint32_t)list->n, .v = v };
	return 0;
}

int ins_plan_id_maps(struct ins_plan_builder *builder, const struct ins_id_maps *maps,
	uint32_t *ret_n, const struct ins_plan_id_map **ret, struct ins_error *err)
{
	struct ins_plan_id_map *v = ins_arena_array(builder->arena, maps->n, sizeof(*v));

	if (!v)
		return out_of_memory(err);
	for (size_t i = 0; i < maps->n; i++)
		v[i] = (struct ins_plan_id_map){ maps->v[i].container, maps->v[i].host,
			maps->v[i].size };
	*ret_n = (uint32_t)maps->n;
	*ret = v;
	return 0;
}

bool ins_plan_has_own(const struct ins_plan_builder *builder, enum ins_ns ns)
{
	const struct ins_spec_namespace *namespace = &builder->spec->namespaces[ns];

	return namespace->present && !namespace->path;
}

bool ins_plan_has_userns(const struct ins_plan_builder *builder)
{
	return builder->spec->namespaces[INS_NS_USER].present;
}

enum ins_stage ins_plan_cgroup_stage(const struct ins_plan_builder *builder)
{
	return builder->plan->unit ? INS_STAGE_CLONE : INS_STAGE_PREPARE;
}

bool ins_plan_parent_clones(const struct ins_plan_builder *builder)
{
	return builder->host->capabilities >> CAP_SYS_ADMIN & 1;
}

bool ins_plan_child_clones(const struct ins_plan_builder *builder)
{
	return !ins_plan_parent_clones(builder) || builder->host->in_user_namespace;
}

/* The plan is the first thing in its arena: init looks for it there. */
static int start_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_plan *plan = ins_arena_alloc(builder->arena, sizeof(*plan));
	int r = 0;

	if (!plan)
		return out_of_memory(err);
	builder->plan = plan;
	builder->next_slot = INS_SLOT_FIRST_FREE;
	plan->preserve_fds = builder->args->preserve_fds;
	if (builder->args->id)
		r = ins_plan_strdup(builder, builder->args->id, &plan->id, err);
	if (r == 0)
		r = ins_plan_strdup(builder, builder->bundle, &plan->bundle, err);
	return r;
}

/* Sort by stage; within a stage the order of adding stays. */
static int finish_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	struct ins_plan *plan = builder->plan;
	struct ins_op *ops = ins_arena_array(builder->arena, builder->n_staged, sizeof(*ops));
	uint32_t n = 0;

	if (!ops)
		return out_of_memory(err);
	for (uint32_t stage = 0; stage < INS_STAGE_COUNT; stage++) {
		plan->stage_start[stage] = n;
		for (uint32_t i = 0; i < builder->n_staged; i++) {
			if (builder->staged[i].stage == stage)
				ops[n++] = builder->staged[i];
		}
	}
	plan->stage_start[INS_STAGE_COUNT] = n;
	plan->n_ops = n;
	plan->ops = ops;
	plan->n_slots = (uint32_t)builder->next_slot;
	return ins_arena_seal(builder->arena, err);
}

/* Does this operation of the child read or write procfs? */
static bool uses_proc(const struct ins_plan_builder *builder, const struct ins_op *op)
{
	uint32_t user = ins_ns_flag(INS_NS_USER);

	switch ((enum ins_op_kind)op->kind) {
	case INS_OP_TIME_OFFSETS:
	case INS_OP_SYSCTL:
	case INS_OP_LSM_LABEL:
		return true;
	case INS_OP_PIVOT:
		return op->pivot.no_pivot;
	case INS_OP_IDS: /* to tell why setgroups(2) is refused */
		return builder->host->euid != 0 || builder->host->in_user_namespace ||
		       ((builder->plan->clone_flags | builder->plan->join_flags) & user);
	default: /* All others do without. */
		return false;
	}
}

/* A procfs costs some 30 µs: it is made if something needs it. */
static int add_proc(struct ins_plan_builder *builder, struct ins_error *err)
{
	bool wanted = false;
	struct ins_op *op;
	int r;

	for (uint32_t i = 0; i < builder->n_staged; i++)
		wanted = wanted || uses_proc(builder, &builder->staged[i]);
	if (!wanted)
		return 0;
	r = ins_plan_add(builder, INS_STAGE_PREPARE, INS_OP_PROC_OPEN, &op, err, "%s", "");
	if (r == 0)
		op->slot = INS_SLOT_PROC;
	return r;
}

static int call_planners(struct ins_plan_builder *builder, ins_planner_fn *const *planners,
	size_t n, struct ins_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = planners[i](builder, err);

		if (r < 0)
			return r;
	}
	return add_proc(builder, err);
}

static int check_rootfs(struct ins_plan_builder *builder, struct ins_error *err)
{
	const char *path = builder->spec->root_path;

	if (!path || !path[0])
		return ins_error_key(err, EINVAL, "root.path", "is required");
	builder->plan->rootfs =
		path[0] == '/' ? ins_arena_strdup(builder->arena, path)
			       : ins_arena_printf(builder->arena, "%s/%s", builder->bundle, path);
	return builder->plan->rootfs ? 0 : out_of_memory(err);
}

int ins_plan_build(struct ins_plan_builder *builder, struct ins_error *err)
{
	/* The order in which operations of one stage are done. */
	static ins_planner_fn *const planners[] = {
		ins_cgroup_plan,
		ins_rdt_plan,
		ins_ns_plan,
		ins_idmap_plan,
		ins_net_plan,
		ins_mount_plan,
		ins_dev_plan,
		ins_tty_plan,
		ins_hook_plan,
		ins_mount_finish_plan,
		ins_creds_plan,
	};
	struct ins_op *op;
	int r = start_plan(builder, err);

	if (r < 0)
		return r;
	builder->plan->terminal = builder->spec->process.terminal;
	builder->plan->waits_for_start = builder->waits_for_start;
	r = check_rootfs(builder, err);
	if (r == 0)
		r = call_planners(builder, planners, ARRAY_LENGTH(planners), err);
	if (r == 0)
		r = ins_plan_add(
			builder, INS_STAGE_CREATED, INS_OP_STATE_CREATED, &op, err, "%s", "");
	if (r == 0)
		r = finish_plan(builder, err);
	free(TAKE_PTR(builder->staged));
	return r;
}

/* A root that is no mount namespace's: the container was changed into it, and so is the exec. */
static int add_exec_root(struct ins_plan_builder *builder, struct ins_error *err)
{
	int32_t slot = ins_plan_new_slot(builder);
	struct ins_op *op;
	int r = ins_plan_add(builder, INS_STAGE_PREPARE, INS_OP_ROOT_OPEN, &op, err, "%s", "");

	if (r < 0)
		return r;
	op->slot = slot;
	op->source.in_place = true;
	r = ins_plan_strdup(builder, builder->exec_root, &op->path, err);
	builder->plan->rootfs = op->path;
	if (r == 0)
		r = ins_plan_add(builder, INS_STAGE_MOUNT, INS_OP_ROOT_ATTACH, &op, err, "%s", "");
	if (r < 0)
		return r;
	op->slot = slot;
	op->pivot.chroot_only = true;
	r = ins_plan_add(builder, INS_STAGE_ROOT, INS_OP_PIVOT, &op, err, "%s", "");
	if (r == 0)
		op->pivot.chroot_only = true;
	return r;
}

/* How an exec gets into the container: all namespaces at once through a pidfd, then its root user. */
static int add_exec_entry(
	struct ins_plan_builder *builder, uint32_t join_flags, struct ins_error *err)
{
	bool enters_user = join_flags & ins_ns_flag(INS_NS_USER);
	bool keeps_groups = ins_spec_annotation(builder->spec, INS_ANNOTATION_GROUPS);
	struct ins_op *op;
	int r = 0;

	if (enters_user && !keeps_groups && builder->host->capabilities >> CAP_SETGID & 1)
		r = ins_plan_add(builder, INS_STAGE_JOIN, INS_OP_GROUPS_DROP, &op, err, "%s", "");
	if (r == 0 && join_flags) {
		r = ins_plan_add(builder, INS_STAGE_JOIN, INS_OP_NS_JOIN, &op, err, "%s", "");
		if (r < 0)
			return r;
		op->slot = INS_SLOT_TARGET;
		op->ns.type = join_flags;
	}
	if (r == 0 && join_flags && !enters_user) {
		r = ins_plan_add(builder, INS_STAGE_JOIN, INS_OP_NS_CHECK, &op, err, "%s", "");
		if (r < 0)
			return r;
		op->path = ins_arena_printf(
			builder->arena, "/proc/%d/ns/user", (int)builder->exec_pid);
		if (!op->path)
			return out_of_memory(err);
	}
	if (r == 0 && enters_user) {
		r = ins_plan_add(builder, INS_STAGE_IDMAP, INS_OP_BECOME_ROOT, &op, err, "%s", "");
		if (r < 0)
			return r;
		op->become.clear_groups = !keeps_groups;
	}
	return r == 0 && builder->exec_root ? add_exec_root(builder, err) : r;
}

static const struct ins_plan_filter *copy_filter(
	struct ins_plan_builder *builder, const struct ins_plan_filter *filter)
{
	/* A struct sock_filter is 8 bytes on every architecture. */
	const void *instructions =
		ins_arena_copy(builder->arena, filter->instructions, filter->n * (size_t)8);
	struct ins_plan_filter *copy = ins_arena_copy(builder->arena, filter, sizeof(*filter));

	if (!instructions || !copy)
		return NULL;
	copy->instructions = instructions;
	return copy;
}

int ins_plan_build_exec(struct ins_plan_builder *builder, uint32_t join_flags,
	const struct ins_plan_filter *filter, struct ins_error *err)
{
	static ins_planner_fn *const planners[] = { ins_tty_plan, ins_creds_plan };
	int r = start_plan(builder, err);

	if (r < 0)
		return r;
	builder->plan->is_exec = true;
	builder->plan->terminal = builder->spec->process.terminal;
	builder->plan->join_flags = join_flags;
	if (filter) {
		builder->exec_filter = copy_filter(builder, filter);
		if (!builder->exec_filter)
			return out_of_memory(err);
	}
	r = add_exec_entry(builder, join_flags, err);
	if (r == 0)
		r = call_planners(builder, planners, ARRAY_LENGTH(planners), err);
	if (r == 0)
		r = finish_plan(builder, err);
	free(TAKE_PTR(builder->staged));
	return r;
}
