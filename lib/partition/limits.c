/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/sysinfo.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "partition/definition.h"
#include "partition/limits.h"

/* cpu.max: so much time in each 100 ms, the kernel's default period. */
#define CPU_PERIOD 100000

static void say_bytes(const char *value, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64, ins_setting_bytes(value));
}

static void say_cpus(const char *value, char *text, size_t size)
{
	snprintf(text, size, "%" PRIu64 " %d", ins_setting_microcpus(value) * CPU_PERIOD / 1000000,
		CPU_PERIOD);
}

static void say_same(const char *value, char *text, size_t size)
{
	snprintf(text, size, "%s", value);
}

/* A setting is one file of the cgroup. */
static const struct row {
	enum ins_setting setting;
	enum ins_controller controller;
	const char *file;
	void (*say)(const char *value, char *text, size_t size);
} rows[] = {
	{ INS_SETTING_MEMORY, INS_CONTROLLER_MEMORY, "memory.max", say_bytes },
	{ INS_SETTING_SWAP, INS_CONTROLLER_MEMORY, "memory.swap.max", say_bytes },
	{ INS_SETTING_CPUS, INS_CONTROLLER_CPU, "cpu.max", say_cpus },
	{ INS_SETTING_CPUSET, INS_CONTROLLER_CPUSET, "cpuset.cpus", say_same },
	{ INS_SETTING_CPU_WEIGHT, INS_CONTROLLER_CPU, "cpu.weight", say_same },
	{ INS_SETTING_IO_WEIGHT, INS_CONTROLLER_IO, "io.weight", say_same },
	{ INS_SETTING_PIDS, INS_CONTROLLER_PIDS, "pids.max", say_same },
};

static bool has(const struct ins_host *host, enum ins_controller controller)
{
	return host->controllers >> controller & 1;
}

int ins_limits_possible(
	const struct ins_definition *definition, const struct ins_host *host, struct ins_error *err)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *name = ins_controller_name(rows[i].controller);

		if (!ins_definition_get(definition, rows[i].setting) ||
			has(host, rows[i].controller))
			continue;
		return ins_error_key(err, ENOTSUP, ins_settings[rows[i].setting].key,
			"this host cannot enforce it: cgroup2 does not have the controller %s%s",
			name,
			host->controllers_v1 >> rows[i].controller & 1
				? ", because a cgroup1 hierarchy has it"
				: "");
	}
	return 0;
}

/* What holds if nothing was asked for. Return: it does. */
static bool say_default(enum ins_setting setting, char *text, size_t size)
{
	struct sysinfo info;

	if (setting == INS_SETTING_PIDS) {
		snprintf(text, size, "%d", INS_DEFAULT_PIDS);
		return true;
	}
	if (setting == INS_SETTING_MEMORY && sysinfo(&info) == 0) {
		snprintf(text, size, "%" PRIu64,
			(uint64_t)info.totalram * info.mem_unit / INS_DEFAULT_MEMORY_PART);
		return true;
	}
	return false;
}

void ins_limits_emit(struct ins_emit *emit, json_t *unified,
	const struct ins_definition *definition, const struct ins_host *host)
{
	char text[128];

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *value = ins_definition_get(definition, rows[i].setting);

		if (value)
			rows[i].say(value, text, sizeof(text));
		else if (!has(host, rows[i].controller) ||
			 !say_default(rows[i].setting, text, sizeof(text)))
			continue;
		ins_emit_string(emit, unified, rows[i].file, text);
	}
}

int ins_partition_limits_missing(char *text, size_t size, struct ins_error *err)
{
	struct ins_host host;
	bool no_memory, no_pids;
	int r = ins_host_probe(&host, false, err);

	if (r == 0)
		r = ins_host_probe_controllers(&host, err);
	if (r < 0)
		return r;
	no_memory = !has(&host, INS_CONTROLLER_MEMORY);
	no_pids = !has(&host, INS_CONTROLLER_PIDS);
	snprintf(text, size, "%s%s%s", no_memory ? "memory" : "", no_memory && no_pids ? ", " : "",
		no_pids ? "pids" : "");
	return 0;
}

bool ins_limits_differ(const struct ins_definition *before, const struct ins_definition *after)
{
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		if (ins_setting_differs(before, after, rows[i].setting))
			return true;
	}
	return false;
}
