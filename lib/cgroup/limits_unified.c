/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.unified: files of the cgroup that the configuration names itself. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "cgroup/conversion.h"

/* The properties that say what a file says, for the files that a configuration names itself. */
static const struct {
	const char *file, *property;
} numbers[] = {
	{ "cpu.weight", "CPUWeight" },
	{ "memory.high", "MemoryHigh" },
	{ "memory.low", "MemoryLow" },
	{ "memory.max", "MemoryMax" },
	{ "memory.min", "MemoryMin" },
	{ "memory.swap.max", "MemorySwapMax" },
	{ "pids.max", "TasksMax" },
};

/* A number as the kernel takes it: "max", or digits and perhaps K, M, G, T. */
static bool parse_amount(const char *text, uint64_t *ret)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit =
		text[digits] ? strchr(units, toupper((unsigned char)text[digits])) : NULL;
	char number[24];

	if (strcmp(text, "max") == 0) {
		*ret = INS_LIMIT_NONE;
		return true;
	}
	if (digits >= sizeof(number) || (text[digits] && (!unit || text[digits + 1])))
		return false;
	snprintf(number, sizeof(number), "%.*s", (int)digits, text);
	if (ins_number_u64(number, 0, UINT64_MAX >> 40, ret) < 0)
		return !unit && ins_number_u64(number, 0, UINT64_MAX, ret) == 0;
	if (unit)
		*ret <<= 10 * (unit - units + 1);
	return true;
}

static void find_property(struct ins_conversion *c, struct ins_limit *limit)
{
	const char *file = limit->files.v[0].name, *text = limit->files.v[0].text;
	unsigned long long quota, period = ins_limits_of_new.period;
	uint64_t value;

	if (!text)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++) {
		if (strcmp(file, numbers[i].file) == 0 && parse_amount(text, &value))
			limit->properties[0] = (struct ins_limit_property){
				.name = numbers[i].property, .type = "t", .number = value
			};
	}
	if (strcmp(file, "cpuset.cpus") == 0)
		ins_conversion_set_mask(c, limit, "AllowedCPUs");
	else if (strcmp(file, "cpuset.mems") == 0)
		ins_conversion_set_mask(c, limit, "AllowedMemoryNodes");
	else if (strcmp(file, "cpu.max") == 0 && sscanf(text, "%llu %llu", &quota, &period) >= 1)
		ins_conversion_set_quota(limit, quota, period);
	else if (strcmp(file, "cpu.max") == 0 && strncmp(text, "max", 3) == 0)
		ins_conversion_set_quota(limit, INS_LIMIT_NONE, period);
}

/* The files of the core: which of them are limits. The others move processes, kill, freeze. */
static bool is_core_limit(const char *file)
{
	static const char *const limits[] = { "cgroup.max.depth", "cgroup.max.descendants",
		"cgroup.pressure" };

	for (size_t i = 0; i < ARRAY_LENGTH(limits); i++) {
		if (strcmp(file, limits[i]) == 0)
			return true;
	}
	return false;
}

/* A name that begins with none of them is written all the same (config-linux.md): the kernel knows. */
static enum ins_controller controller_of(const char *file)
{
	for (int i = 0; i < INS_CONTROLLER_COUNT; i++) {
		const char *name = ins_controller_name((enum ins_controller)i);
		size_t n = strlen(name);

		if (strncmp(file, name, n) == 0 && file[n] == '.')
			return (enum ins_controller)i;
	}
	return INS_CONTROLLER_COUNT;
}

/* The kernel reads one line of each write, so a value of several is as many limits. */
int ins_conversion_unified(struct ins_conversion *c, const struct ins_spec_resources *resources)
{
	for (size_t i = 0; i < resources->unified.n; i++) {
		const struct ins_pair *pair = &resources->unified.v[i];
		const char *file = ins_conversion_keep(c, ins_arena_strdup(c->arena, pair->key));
		const char *key = ins_conversion_keep(
			c, ins_arena_printf(
				   c->arena, INS_KEY_RESOURCES "unified[\"%.80s\"]", pair->key));
		const char *line = pair->value;

		if (c->no_memory)
			break;
		if (strncmp(file, "cgroup.", 7) == 0 && !is_core_limit(file))
			return ins_error_key(c->err, EINVAL, key, "is not a limit");
		do {
			size_t length = strcspn(line, "\n");

			find_property(
				c, ins_conversion_add(c, controller_of(file), key, file,
					   ins_arena_printf(c->arena, "%.*s", (int)length, line)));
			line += length + (line[length] == '\n');
		} while (*line && !c->no_memory);
	}
	return 0;
}
