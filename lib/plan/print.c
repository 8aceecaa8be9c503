/* SPDX-License-Identifier: Apache-2.0 */
/* `insula plan`: the whole plan, for people and as JSON. */
#include <jansson.h>
#include <linux/capability.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/build.h"
#include "spec/emit.h"

#define LINE_SIZE 4096

static bool has_capability(const struct ins_host *host, int number)
{
	return host->capabilities >> number & 1;
}

/* One's own id may be mapped without privilege. */
static bool maps_only(const struct ins_op *op, uint32_t uid)
{
	return op->idmap.n_uid == 1 && op->idmap.uid[0].size == 1 && op->idmap.uid[0].host == uid;
}

static const char *lacks_controller(const struct ins_host *host, const struct ins_op *op)
{
	static const char *const names[] = {
#define X(name, text) [INS_CONTROLLER_##name] = "the " text " controller in cgroup2",
		INS_CONTROLLERS(X)
#undef X
	};
	uint32_t missing = op->limit.controller & ~host->controllers;

	return missing && !op->limit.files.if_there ? names[__builtin_ctz(missing)] : NULL;
}

/* What this host lacks for an operation, NULL if nothing is known to be missing. */
static const char *lacks(
	const struct ins_plan *plan, const struct ins_host *host, const struct ins_op *op)
{
	bool userns = (plan->clone_flags | plan->join_flags) & ins_ns_flag(INS_NS_USER);

	switch ((enum ins_op_kind)op->kind) {
	case INS_OP_CGROUP_CREATE:
	case INS_OP_CGROUP_SCOPE:
		return host->cgroup_mount[0] ? NULL : "no cgroup2 hierarchy is mounted";
	case INS_OP_CGROUP_DEVICES:
		return has_capability(host, CAP_BPF) || has_capability(host, CAP_SYS_ADMIN)
			       ? NULL
			       : "CAP_BPF or CAP_SYS_ADMIN";
	case INS_OP_CGROUP_LIMIT:
		return lacks_controller(host, op);
	case INS_OP_RDT_ASSIGN:
		return host->resctrl_mount[0] ? NULL : "a mounted resctrl file system";
	case INS_OP_NET_ATTACH:
	case INS_OP_NET_DEVICE:
		return has_capability(host, CAP_NET_ADMIN) && has_capability(host, CAP_SYS_ADMIN)
			       ? NULL
			       : "CAP_NET_ADMIN and CAP_SYS_ADMIN";
	case INS_OP_IDMAP_WRITE:
		return has_capability(host, CAP_SETUID) || op->idmap.deny_setgroups ||
				       maps_only(op, host->euid)
			       ? NULL
			       : "CAP_SETUID, or newuidmap and entries in /etc/subuid";
	case INS_OP_RLIMIT:
		return has_capability(host, CAP_SYS_RESOURCE)
			       ? NULL
			       : "CAP_SYS_RESOURCE, if the hard limit would be raised";
	case INS_OP_ROOT_ATTACH:
	case INS_OP_PIVOT:
		return userns || has_capability(host, CAP_SYS_ADMIN)
			       ? NULL
			       : "CAP_SYS_ADMIN, or a user namespace";
	case INS_OP_SOURCE_OPEN:
		return !op->source.idmap || has_capability(host, CAP_SYS_ADMIN)
			       ? NULL
			       : "CAP_SYS_ADMIN in the file system's user namespace";
	default: /* Most operations need nothing that could be missing unnoticed. */
		return NULL;
	}
}

/* The clone itself is no operation; it is shown as the step that it is. */
static void describe_clone(const struct ins_plan *plan, char *buffer, size_t size)
{
	struct ins_op op = { .kind = INS_OP_NS_UNSHARE, .ns.type = plan->clone_flags };
	char words[256];

	ins_op_describe(&op, words, sizeof(words));
	snprintf(buffer, size, "start the container process%s%s", plan->clone_flags ? ", " : "",
		plan->clone_flags ? words : "");
}

/* One step as both formats show it. */
struct step {
	const char *stage, *side, *name, *key, *text, *missing;
};

typedef int emit_fn(void *data, const struct step *step);

static int emit_stage(const struct ins_plan *plan, const struct ins_host *host,
	enum ins_stage stage, enum ins_side side, emit_fn *emit, void *data)
{
	char text[LINE_SIZE];

	INS_FOR_EACH_OP(op, plan, stage) {
		struct step step = { .stage = ins_stage_name(stage),
			.side = side == INS_SIDE_PARENT ? "parent" : "child",
			.name = ins_op_name((enum ins_op_kind)op->kind),
			.key = op->key,
			.text = text,
			.missing = lacks(plan, host, op) };
		int r;

		if (op->side != side)
			continue;
		ins_op_describe(op, text, sizeof(text));
		r = emit(data, &step);
		if (r < 0)
			return r;
	}
	return 0;
}

static int emit_all(
	const struct ins_plan *plan, const struct ins_host *host, emit_fn *emit, void *data)
{
	char text[LINE_SIZE];
	int r = 0;

	for (int stage = 0; stage < INS_STAGE_COUNT && r == 0; stage++) {
		if (stage == INS_STAGE_CLONE) {
			struct step step = { ins_stage_name(INS_STAGE_CLONE), "parent", "CLONE",
				"linux.namespaces", text, NULL };

			describe_clone(plan, text, sizeof(text));
			r = emit(data, &step);
		}
		/* In every stage the parent comes first: it is what the child waits for. */
		if (r == 0)
			r = emit_stage(
				plan, host, (enum ins_stage)stage, INS_SIDE_PARENT, emit, data);
		if (r == 0)
			r = emit_stage(
				plan, host, (enum ins_stage)stage, INS_SIDE_CHILD, emit, data);
	}
	return r;
}

static int emit_text(void *data, const struct step *step)
{
	int r = fprintf(data, "%-8s %-6s %-30s %s", step->stage, step->side,
		step->key[0] ? step->key : "-", step->text);

	if (r >= 0 && step->missing)
		r = fprintf(data, "   [lacks: %s]", step->missing);
	if (r >= 0)
		r = fputc('\n', data);
	return r < 0 ? -ENOMEM : 0;
}

static int emit_json(void *data, const struct step *step)
{
	json_t *object = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?}", "stage", step->stage, "side",
		step->side, "operation", step->name, "key", step->key, "text", step->text, "lacks",
		step->missing);

	return object && json_array_append_new(data, object) == 0 ? 0 : -ENOMEM;
}

static void release_json(json_t **json)
{
	json_decref(*json);
}

static int print_json(const struct ins_plan *plan, const struct ins_host *host, char **ret_text)
{
	json_t *steps = json_array();
	cleanup_with(release_json) json_t *all =
		json_pack("{s:s?, s:s, s:s?, s:s?, s:o}", "id", plan->id, "bundle", plan->bundle,
			"rootfs", plan->rootfs, "cgroup", plan->cgroup, "steps", steps);
	cleanup_free char *text = NULL;
	char *whole;
	int r;

	if (!all)
		return -ENOMEM;
	r = emit_all(plan, host, emit_json, steps);
	if (r == 0)
		r = ins_emit_dump(all, JSON_INDENT(2), &text, NULL);
	if (r < 0)
		return r;
	if (asprintf(&whole, "%s\n", text) < 0)
		return -ENOMEM;
	*ret_text = whole;
	return 0;
}

static int print_text(const struct ins_plan *plan, const struct ins_host *host, char **ret_text)
{
	cleanup_free char *text = NULL;
	size_t size;
	cleanup_file FILE *file = open_memstream(&text, &size);
	int r;

	if (!file)
		return -ENOMEM;
	r = emit_all(plan, host, emit_text, file);
	if (r < 0)
		return r;
	if (fclose(TAKE_PTR(file)) != 0)
		return -ENOMEM;
	*ret_text = TAKE_PTR(text);
	return 0;
}

int ins_plan_print(const struct ins_plan *plan, const struct ins_host *host, enum ins_format format,
	char **ret_text, struct ins_error *err)
{
	int r = format == INS_FORMAT_JSON ? print_json(plan, host, ret_text)
					  : print_text(plan, host, ret_text);

	return r < 0 ? ins_error_set(err, -r, "print the plan") : 0;
}
