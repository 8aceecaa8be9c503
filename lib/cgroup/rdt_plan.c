/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/rdt.h"
#include "plan/build.h"

/* Where a printed plan has it if it is mounted nowhere. */
#define USUAL_MOUNT "/sys/fs/resctrl"

int ins_rdt_schema(const char *l3_cache, const char *mem_bw, char **ret_text, struct ins_error *err)
{
	size_t size = (l3_cache ? strlen(l3_cache) : 0) + (mem_bw ? strlen(mem_bw) : 0) + 3;
	cleanup_free char *text = calloc(1, size);
	char *end = text;

	if (!text)
		return ins_error_set(err, ENOMEM, "read the schemas of linux.intelRdt");
	for (const char *line = l3_cache; line && *line;) {
		size_t length = strcspn(line, "\n");

		if (length > 0 && strncmp(line, "MB:", 3) != 0) {
			end = mempcpy(end, line, length);
			*end++ = '\n';
		}
		line += length + (line[length] == '\n');
	}
	if (mem_bw && mem_bw[0]) {
		end = stpcpy(end, mem_bw);
		*end = '\n';
	}
	*ret_text = text[0] ? TAKE_PTR(text) : NULL;
	return 0;
}

/* The directory of the group. closID "/" is that of all who are in no other. */
static const char *name_group(struct ins_plan_builder *builder, const char *id)
{
	const char *mount = builder->host->resctrl_mount, *name = builder->spec->intel_rdt.clos_id;

	if (!mount[0])
		mount = USUAL_MOUNT;
	if (!name)
		name = id;
	return strcmp(name, "/") == 0 ? ins_arena_strdup(builder->arena, mount)
				      : ins_arena_printf(builder->arena, "%s/%s", mount, name);
}

static int add_assign(struct ins_plan_builder *builder, const char *schema, struct ins_error *err)
{
	const struct ins_spec_intel_rdt *rdt = &builder->spec->intel_rdt;
	/* `insula plan` may have been told no id. */
	const char *id = builder->args->id ? builder->args->id : "ID";
	struct ins_op *op;
	/* Late: what the runtime does inside is not to count. */
	int r = ins_plan_add(
		builder, INS_STAGE_CREATED, INS_OP_RDT_ASSIGN, &op, err, "%s", "linux.intelRdt");

	if (r < 0)
		return r;
	op->path = name_group(builder, id);
	if (rdt->enable_monitoring && op->path)
		op->rdt.monitor =
			ins_arena_printf(builder->arena, "%s/mon_groups/%s", op->path, id);
	if (!op->path || (rdt->enable_monitoring && !op->rdt.monitor))
		return ins_error_set(err, ENOMEM, "build the plan");
	op->rdt.is_own = !rdt->clos_id;
	op->rdt.may_make = !rdt->clos_id || schema || rdt->schemata.n > 0;
	r = ins_plan_strdup(builder, schema, &op->rdt.schema, err);
	return r < 0 ? r : ins_plan_strings(builder, &rdt->schemata, &op->rdt.schemata, err);
}

int ins_rdt_plan(struct ins_plan_builder *builder, struct ins_error *err)
{
	const struct ins_spec_intel_rdt *rdt = &builder->spec->intel_rdt;
	cleanup_free char *schema = NULL;
	int r;

	if (!rdt->present)
		return 0;
	if (!builder->host->resctrl_mount[0] && !builder->dry)
		return ins_error_key(err, EOPNOTSUPP, "linux.intelRdt",
			"no resctrl file system is mounted, or the processor has no such thing");
	r = ins_rdt_schema(rdt->l3_cache_schema, rdt->mem_bw_schema, &schema, err);
	return r < 0 ? r : add_assign(builder, schema, err);
}
