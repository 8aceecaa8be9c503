/* SPDX-License-Identifier: Apache-2.0 */
/* The scope that systemd is asked for: where it is, and what it is to be like. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/limits.h"
#include "cgroup/systemd.h"
#include "cgroup/systemd_plan.h"
#include "cgroup/unit.h"
#include "plan/build.h"

int ins_scope_plan_name(
	struct ins_plan_builder *builder, const char **ret_slice, struct ins_error *err)
{
	const uint32_t *user = builder->user_manager ? &builder->host->euid : NULL;
	struct ins_unit_name name;
	int r = ins_unit_name_parse(
		builder->spec->cgroups_path, builder->args->id, user, builder->arena, &name, err);

	if (r < 0)
		return r;
	builder->plan->unit = name.unit;
	builder->plan->cgroup = name.cgroup;
	builder->plan->user_manager = builder->user_manager;
	*ret_slice = name.slice;
	return 0;
}

/* The properties while they are collected; there is room for all. */
struct properties {
	struct ins_arena *arena;
	struct ins_unit_property *v;
	uint32_t n;
};

static int add(struct properties *properties, const char *key, const char *name,
	const char *signature, const char *const *values, uint32_t n, struct ins_error *err)
{
	const char **copy = ins_arena_array(properties->arena, n + 1, sizeof(*copy));

	for (uint32_t i = 0; copy && i < n; i++) {
		copy[i] = ins_arena_strdup(properties->arena, values[i]);
		if (!copy[i])
			copy = NULL;
	}
	if (!copy)
		return ins_error_set(err, ENOMEM, "build the plan");
	properties->v[properties->n++] =
		(struct ins_unit_property){ key, name, signature, { n, copy } };
	return 0;
}

static int add_text(struct properties *properties, const char *name, const char *signature,
	const char *value, struct ins_error *err)
{
	return add(properties, "", name, signature, &value, 1, err);
}

/* What makes the unit a container's: ours to fill (Delegate), forgotten once it is empty, and not
 * stopped before others when the host goes down; a scope has no other end than that of its processes. */
static int add_basics(const struct ins_plan_builder *builder, const char *slice,
	struct properties *properties, struct ins_error *err)
{
	char description[INS_UNIT_DESCRIPTION_SIZE];
	const char *basics[][3] = {
		{ "Description", "s", description },
		{ "Slice", "s", slice },
		{ "Delegate", "b", "true" },
		{ "DefaultDependencies", "b", "false" },
		{ "CollectMode", "s", "inactive-or-failed" },
		{ "CPUAccounting", "b", "true" },
		{ "MemoryAccounting", "b", "true" },
		{ "IOAccounting", "b", "true" },
		{ "TasksAccounting", "b", "true" },
	};
	int r = 0;

	ins_systemd_describe(description, sizeof(description),
		builder->args->id ? builder->args->id : "ID", builder->state_root);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(basics); i++)
		r = add_text(properties, basics[i][0], basics[i][1], basics[i][2], err);
	return r;
}

/* Without these it would not be the unit that was asked for, or not the container's. */
static bool is_ours(const char *name)
{
	static const char *const ours[] = { "PIDs", "Slice", "Delegate", "Description" };

	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++) {
		if (strcmp(name, ours[i]) == 0)
			return true;
	}
	return false;
}

static int add_annotations(const struct ins_plan_builder *builder, struct properties *properties,
	struct ins_error *err)
{
	const struct ins_pairs *annotations = &builder->spec->annotations;
	size_t length = strlen(INS_ANNOTATION_PROPERTY);

	for (size_t i = 0; i < annotations->n; i++) {
		const struct ins_pair *pair = &annotations->v[i];
		const char *name = pair->key + length;
		struct ins_unit_property *property = &properties->v[properties->n];
		int r;

		if (strncmp(pair->key, INS_ANNOTATION_PROPERTY, length) != 0)
			continue;
		r = ins_unit_property_parse(name, pair->value, builder->arena, property, err);
		if (r < 0)
			return r;
		if (is_ours(property->name))
			return ins_error_key(err, EINVAL, property->key,
				"this property is the runtime's to set");
		properties->n++;
	}
	return 0;
}

static int add_limit(const char *key, const struct ins_limit_property *limit,
	struct properties *properties, struct ins_error *err)
{
	const char **words =
		ins_arena_array(properties->arena, limit->n_bytes + (size_t)3, sizeof(*words));
	char number[24];
	uint32_t n = 0;

	if (!words)
		return ins_error_set(err, ENOMEM, "build the plan");
	snprintf(number, sizeof(number), "%llu", (unsigned long long)limit->number);
	if (strcmp(limit->type, "t") == 0) {
		words[n++] = number;
	} else if (strcmp(limit->type, "a(st)") == 0) {
		words[n++] = "1";
		words[n++] = limit->device;
		words[n++] = number;
	} else {
		words[n++] = ins_arena_printf(properties->arena, "%u", limit->n_bytes);
		for (uint32_t i = 0; i < limit->n_bytes; i++)
			words[n++] = ins_arena_printf(properties->arena, "%u", limit->bytes[i]);
	}
	return add(properties, key, limit->name, limit->type, words, n, err);
}

static int add_limits(
	const struct ins_limits *limits, struct properties *properties, struct ins_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < limits->n; i++) {
		const struct ins_limit *limit = &limits->v[i];

		for (size_t j = 0; r == 0 && j < INS_LIMIT_PROPERTIES; j++) {
			if (limit->properties[j].name)
				r = add_limit(limit->key, &limit->properties[j], properties, err);
		}
	}
	return r;
}

int ins_limits_to_unit(const struct ins_limits *limits, struct ins_arena *arena, uint32_t *ret_n,
	const struct ins_unit_property **ret, struct ins_error *err)
{
	struct properties properties = { .arena = arena };
	int r;

	properties.v =
		ins_arena_array(arena, limits->n * INS_LIMIT_PROPERTIES + 1, sizeof(*properties.v));
	if (!properties.v)
		return ins_error_set(err, ENOMEM, "convert the limits");
	r = add_limits(limits, &properties, err);
	if (r < 0)
		return r;
	*ret_n = properties.n;
	*ret = properties.v;
	return 0;
}

/* Most that add_basics() adds. */
#define MOST_BASICS 16

int ins_scope_plan_properties(struct ins_plan_builder *builder, const char *slice,
	const struct ins_limits *limits, uint32_t *ret_n, const struct ins_unit_property **ret,
	struct ins_error *err)
{
	struct properties properties = { .arena = builder->arena };
	size_t most = MOST_BASICS + builder->spec->annotations.n + limits->n * INS_LIMIT_PROPERTIES;
	int r;

	properties.v = ins_arena_array(builder->arena, most, sizeof(*properties.v));
	if (!properties.v)
		return ins_error_set(err, ENOMEM, "build the plan");
	/* Of a property that comes twice systemd takes the last: what linux.resources says holds. */
	r = add_basics(builder, slice, &properties, err);
	if (r == 0)
		r = add_annotations(builder, &properties, err);
	if (r == 0)
		r = add_limits(limits, &properties, err);
	if (r < 0)
		return r;
	*ret_n = properties.n;
	*ret = properties.v;
	return 0;
}
