/* SPDX-License-Identifier: Apache-2.0 */
/* The options become the object that --resources would have brought. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "verb.h"

/* More than a resources object needs. */
#define RESOURCES_MAX ((size_t)1 << 20)

struct update_options {
	const char *resources, *l3_cache_schema, *mem_bw_schema;
	const char *limit, *reservation, *swap, *kernel, *kernel_tcp;
	const char *shares, *quota, *period, *burst, *rt_period, *rt_runtime, *idle, *cpus, *mems;
	const char *pids, *weight;
};

#define UPDATE(member) offsetof(struct update_options, member)

static const struct option update_options[] = {
	{ "resources", 'r', OPTION_STRING, UPDATE(resources), "FILE", NULL,
		"take all limits from this JSON file, - is the standard input" },
	{ "blkio-weight", 0, OPTION_STRING, UPDATE(weight), "N", NULL,
		"the share of block I/O, 10 to 1000" },
	{ "cpu-period", 0, OPTION_STRING, UPDATE(period), "USEC", NULL,
		"the time over which the CPU quota is counted" },
	{ "cpu-quota", 0, OPTION_STRING, UPDATE(quota), "USEC", NULL,
		"the CPU time in a period, -1 without a limit" },
	{ "cpu-burst", 0, OPTION_STRING, UPDATE(burst), "USEC", NULL,
		"the unused CPU time that may be saved up" },
	{ "cpu-share", 0, OPTION_STRING, UPDATE(shares), "N", NULL,
		"the share of CPU time, 2 to 262144" },
	{ "cpu-rt-period", 0, OPTION_STRING, UPDATE(rt_period), "USEC", NULL,
		"refused: cgroup2 has no such limit" },
	{ "cpu-rt-runtime", 0, OPTION_STRING, UPDATE(rt_runtime), "USEC", NULL,
		"refused: cgroup2 has no such limit" },
	{ "cpuset-cpus", 0, OPTION_STRING, UPDATE(cpus), "LIST", NULL,
		"the CPUs that may be used, as 0-3,7" },
	{ "cpuset-mems", 0, OPTION_STRING, UPDATE(mems), "LIST", NULL,
		"the memory nodes that may be used" },
	{ "cpu-idle", 0, OPTION_STRING, UPDATE(idle), "N", NULL,
		"1: run only when nobody else wants the CPU" },
	{ "memory", 0, OPTION_STRING, UPDATE(limit), "SIZE", NULL,
		"the limit of memory, -1 without" },
	{ "memory-reservation", 0, OPTION_STRING, UPDATE(reservation), "SIZE", NULL,
		"the memory that is left to it when memory is short" },
	{ "memory-swap", 0, OPTION_STRING, UPDATE(swap), "SIZE", NULL,
		"the limit of memory and swap together, -1 without" },
	{ "kernel-memory", 0, OPTION_STRING, UPDATE(kernel), "SIZE", NULL,
		"refused: cgroup2 has no such limit" },
	{ "kernel-memory-tcp", 0, OPTION_STRING, UPDATE(kernel_tcp), "SIZE", NULL,
		"refused: cgroup2 has no such limit" },
	{ "pids-limit", 0, OPTION_STRING, UPDATE(pids), "N", NULL,
		"the limit of processes and threads, -1 without" },
	{ "l3-cache-schema", 0, OPTION_STRING, UPDATE(l3_cache_schema), "SCHEMA", NULL,
		"the share of the L3 cache" },
	{ "mem-bw-schema", 0, OPTION_STRING, UPDATE(mem_bw_schema), "SCHEMA", NULL,
		"the share of the memory bandwidth" },
	{},
};

enum kind {
	KIND_SIZE,   /* bytes, perhaps with a unit */
	KIND_NUMBER, /* perhaps negative */
	KIND_LIST,   /* of cpus or nodes: text */
};

/* Where an option's value goes in the object. Rows of one group stand together. */
static const struct row {
	const char *group, *key;
	enum kind kind;
	size_t offset; /* of the value, and of the option that brings it */
} rows[] = {
	{ "memory", "limit", KIND_SIZE, UPDATE(limit) },
	{ "memory", "reservation", KIND_SIZE, UPDATE(reservation) },
	{ "memory", "swap", KIND_SIZE, UPDATE(swap) },
	{ "memory", "kernel", KIND_SIZE, UPDATE(kernel) },
	{ "memory", "kernelTCP", KIND_SIZE, UPDATE(kernel_tcp) },
	{ "cpu", "shares", KIND_NUMBER, UPDATE(shares) },
	{ "cpu", "quota", KIND_NUMBER, UPDATE(quota) },
	{ "cpu", "period", KIND_NUMBER, UPDATE(period) },
	{ "cpu", "burst", KIND_NUMBER, UPDATE(burst) },
	{ "cpu", "realtimePeriod", KIND_NUMBER, UPDATE(rt_period) },
	{ "cpu", "realtimeRuntime", KIND_NUMBER, UPDATE(rt_runtime) },
	{ "cpu", "idle", KIND_NUMBER, UPDATE(idle) },
	{ "cpu", "cpus", KIND_LIST, UPDATE(cpus) },
	{ "cpu", "mems", KIND_LIST, UPDATE(mems) },
	{ "pids", "limit", KIND_NUMBER, UPDATE(pids) },
	{ "blockIO", "weight", KIND_NUMBER, UPDATE(weight) },
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static const char *value_at(const struct update_options *options, size_t offset)
{
	return *(const char *const *)((const char *)options + offset);
}

static const char *name_of(size_t offset)
{
	const struct option *option = update_options;

	while (option->offset != offset)
		option++;
	return option->name;
}

/* "512", "512k", "1g", "2GiB", "-1": each unit is 1024 times the one before. */
static bool parse_size(const char *text, long long *ret)
{
	static const char units[] = "kmgtp";
	const char *unit;
	char *end;
	int shift = 0;
	long long number;

	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	number = strtoll(text, &end, 10);
	unit = *end ? strchr(units, tolower((unsigned char)*end)) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
		end += tolower((unsigned char)*end) == 'i';
	}
	end += tolower((unsigned char)*end) == 'b';
	if (errno || *end || (number < 0 && shift) || number > INT64_MAX >> shift)
		return false;
	*ret = number * (1LL << shift);
	return true;
}

static bool is_number(const char *text)
{
	size_t digits;

	text += text[0] == '-';
	digits = strspn(text, "0123456789");
	/* Neither JSON nor we take zeros in front: elsewhere they mean octal. */
	return digits > 0 && !text[digits] && (text[0] != '0' || digits == 1);
}

static int put_value(FILE *file, const struct row *row, const char *value, struct ins_error *err)
{
	static const char *const wanted[] = { "a size like 512m or 2g", "a number",
		"a list like 0-3,7" };
	long long size;
	bool fits = false;

	switch (row->kind) {
	case KIND_SIZE:
		fits = parse_size(value, &size);
		if (fits)
			fprintf(file, "\"%s\":%lld", row->key, size);
		break;
	case KIND_NUMBER:
		fits = is_number(value);
		fprintf(file, "\"%s\":%s", row->key, value);
		break;
	case KIND_LIST:
		fits = value[0] && !value[strspn(value, "0123456789,-")];
		fprintf(file, "\"%s\":\"%s\"", row->key, value);
		break;
	}
	return fits ? 0
		    : error_set(err, EINVAL, "--%s: `%s` is not %s", name_of(row->offset), value,
			      wanted[row->kind]);
}

static int put_all(FILE *file, const struct update_options *options, struct ins_error *err)
{
	const char *group = NULL;
	int r = 0;

	fputc('{', file);
	for (size_t i = 0; i < N_ROWS && r == 0; i++) {
		const char *value = value_at(options, rows[i].offset);

		if (!value)
			continue;
		if (group && strcmp(group, rows[i].group) == 0)
			fputc(',', file);
		else
			fprintf(file, "%s\"%s\":{", group ? "}," : "", rows[i].group);
		group = rows[i].group;
		r = put_value(file, &rows[i], value, err);
	}
	fputs(group ? "}}" : "}", file);
	return r;
}

static int make_resources(
	const struct update_options *options, char **ret_text, struct ins_error *err)
{
	size_t size;
	FILE *file = open_memstream(ret_text, &size);
	int r;

	if (!file)
		return error_set(err, ENOMEM, "out of memory");
	r = put_all(file, options, err);
	if (fclose(file) != 0 && r == 0)
		r = error_set(err, ENOMEM, "out of memory");
	return r;
}

/* The file says all of it: an option that it would silently win over is an error. */
static int check_alone(const struct update_options *options, struct ins_error *err)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (value_at(options, rows[i].offset))
			return error_set(err, EINVAL, "--resources and --%s exclude each other",
				name_of(rows[i].offset));
	}
	return 0;
}

static const char *file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "the standard input" : path;
}

static int read_resources(const char *path, char **ret_text, struct ins_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *file = is_stdin ? stdin : fopen(path, "re");
	char *text = file ? malloc(RESOURCES_MAX + 1) : NULL;
	size_t size = text ? fread(text, 1, RESOURCES_MAX + 1, file) : 0;
	int r = 0;

	if (!file || !text || ferror(file))
		r = error_set(
			err, errno, "--resources: read %s: %s", file_name(path), strerror(errno));
	else if (size > RESOURCES_MAX || memchr(text, '\0', size))
		r = error_set(err, EINVAL, "--resources: %s is not a JSON object", file_name(path));
	else
		text[size] = '\0';
	if (file && !is_stdin)
		(void)fclose(file);
	*ret_text = text;
	return r;
}

static int update(const struct call *call, struct ins_error *err)
{
	const struct update_options *options = call->options;
	char *text = NULL, name[PATH_MAX + 16];
	int r = options->resources ? check_alone(options, err) : 0;

	if (r == 0)
		r = options->resources ? read_resources(options->resources, &text, err)
				       : make_resources(options, &text, err);
	if (r == 0) {
		struct ins_update_args args = { .id = call->args[0],
			.resources = text,
			.l3_cache_schema = options->l3_cache_schema,
			.mem_bw_schema = options->mem_bw_schema };

		if (options->resources) {
			snprintf(name, sizeof(name), "--resources: %s",
				file_name(options->resources));
			args.resources_name = name;
		}
		r = ins_update(call->context, &args, err);
	}
	free(text);
	return absent_tell(call->context, call->args[0], r, err);
}

const struct verb verb_update = {
	.name = "update",
	.summary = "change the limits of a container",
	.synopsis = "ID",
	.options = update_options,
	.options_size = sizeof(struct update_options),
	.min_args = 1,
	.max_args = 1,
	.run = update,
};
