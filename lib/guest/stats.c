/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics as JSON, with the names that runc's `events` has. An unlimited value is 2^64 − 1 there,
 * which jansson cannot write, so the text is made here. What was not measured is left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/stats.h"

struct writer {
	FILE *out;
	bool follows; /* something stands before it on this level: a comma is due */
};

static void write_separator(struct writer *writer)
{
	if (writer->follows)
		fputc(',', writer->out);
	writer->follows = true;
}

/* Names of interfaces may hold any byte but a few. */
static void write_string(struct writer *writer, const char *text)
{
	fputc('"', writer->out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(writer->out, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			fputc('?', writer->out);
		else
			fputc(c, writer->out);
	}
	fputc('"', writer->out);
}

/* A member of an object, or with @key NULL an item of an array. */
static void write_key(struct writer *writer, const char *key)
{
	write_separator(writer);
	if (!key)
		return;
	write_string(writer, key);
	fputc(':', writer->out);
}

static void write_open(struct writer *writer, const char *key, char bracket)
{
	write_key(writer, key);
	fputc(bracket, writer->out);
	writer->follows = false;
}

static void write_close(struct writer *writer, char bracket)
{
	fputc(bracket, writer->out);
	writer->follows = true;
}

static void write_number(struct writer *writer, const char *key, uint64_t value)
{
	write_key(writer, key);
	fprintf(writer->out, "%llu", (unsigned long long)value);
}

static void write_text(struct writer *writer, const char *key, const char *text)
{
	write_key(writer, key);
	write_string(writer, text);
}

static void write_pressure_line(
	struct writer *writer, const char *key, const struct ins_pressure_line *line)
{
	static const char *const keys[] = { "avg10", "avg60", "avg300" };

	if (!line->present)
		return;
	write_open(writer, key, '{');
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		write_key(writer, keys[i]);
		fprintf(writer->out, "%u.%02u", line->average[i] / 100, line->average[i] % 100);
	}
	write_number(writer, "total", line->total);
	write_close(writer, '}');
}

static void write_pressure(struct writer *writer, const struct ins_pressure *pressure)
{
	if (!pressure->some.present)
		return;
	write_open(writer, "psi", '{');
	write_pressure_line(writer, "some", &pressure->some);
	write_pressure_line(writer, "full", &pressure->full);
	write_close(writer, '}');
}

static void write_cpu(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	if (!stats->cpu.present)
		return;
	write_open(writer, "cpu", '{');
	write_open(writer, "usage", '{');
	write_number(writer, "total", stats->cpu.usage * 1000);
	write_number(writer, "kernel", stats->cpu.system * 1000);
	write_number(writer, "user", stats->cpu.user * 1000);
	write_close(writer, '}');
	if (stats->cpu.has_throttling) {
		write_open(writer, "throttling", '{');
		write_number(writer, "periods", stats->cpu.periods);
		write_number(writer, "throttledPeriods", stats->cpu.throttled_periods);
		write_number(writer, "throttledTime", stats->cpu.throttled * 1000);
		write_close(writer, '}');
	}
	write_pressure(writer, &stats->cpu.pressure);
	write_close(writer, '}');
}

/* "0-3,7" as an array of numbers. */
static void write_list(struct writer *writer, const char *key, const char *list)
{
	char *end;

	write_open(writer, key, '[');
	for (; *list >= '0' && *list <= '9'; list = end + (*end == ',')) {
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last; first++)
			write_number(writer, NULL, first);
	}
	write_close(writer, ']');
}

static void write_cpuset(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	if (!stats->cpuset.present)
		return;
	write_open(writer, "cpuset", '{');
	write_list(writer, "cpus", stats->cpuset.cpus);
	write_list(writer, "mems", stats->cpuset.mems);
	write_close(writer, '}');
}

/* The readers expect what cgroup1 has: memory and swap together. */
static void write_swap(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	uint64_t limit = INS_STAT_UNLIMITED;

	if (stats->memory.limit != limit && stats->memory.swap_limit != limit)
		limit = stats->memory.limit + stats->memory.swap_limit;
	write_open(writer, "swap", '{');
	write_number(writer, "limit", limit);
	write_number(writer, "usage", stats->memory.usage + stats->memory.swap_usage);
	write_number(writer, "failcnt", 0);
	write_close(writer, '}');
}

static void write_memory_events(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	write_open(writer, "event_count", '{');
	write_number(writer, "low", stats->memory.low);
	write_number(writer, "high", stats->memory.high);
	write_number(writer, "max", stats->memory.max);
	write_number(writer, "oom", stats->memory.oom);
	write_number(writer, "oom_kill", stats->memory.oom_kill);
	write_close(writer, '}');
}

static void write_memory_use(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	const struct ins_stat_value *values = stats->memory.values;

	for (size_t i = 0; i < stats->memory.n_values; i++) {
		if (strcmp(values[i].name, "file") == 0)
			write_number(writer, "cache", values[i].value);
	}
	write_open(writer, "usage", '{');
	write_number(writer, "limit", stats->memory.limit);
	write_number(writer, "usage", stats->memory.usage);
	if (stats->memory.peak > 0)
		write_number(writer, "max", stats->memory.peak);
	write_number(writer, "failcnt", stats->memory.max);
	write_close(writer, '}');
	if (stats->memory.has_swap)
		write_swap(writer, stats);
	write_open(writer, "raw", '{');
	for (size_t i = 0; i < stats->memory.n_values; i++)
		write_number(writer, values[i].name, values[i].value);
	write_close(writer, '}');
	write_memory_events(writer, stats);
}

/* The kernel measures pressure without a controller, too. */
static void write_memory(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	if (!stats->memory.present && !stats->memory.pressure.some.present)
		return;
	write_open(writer, "memory", '{');
	if (stats->memory.present)
		write_memory_use(writer, stats);
	write_pressure(writer, &stats->memory.pressure);
	write_close(writer, '}');
}

/* No limit is 0 here. */
static void write_pids(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	if (!stats->pids.present)
		return;
	write_open(writer, "pids", '{');
	write_number(writer, "current", stats->pids.current);
	if (stats->pids.limit != INS_STAT_UNLIMITED)
		write_number(writer, "limit", stats->pids.limit);
	write_close(writer, '}');
}

/* One row of a table: a number of every device, by what was done there. */
struct io_column {
	const char *op;
	size_t offset; /* in struct ins_io_stat */
};

static void write_io_table(struct writer *writer, const char *key,
	const struct ins_cgroup_stats *stats, const struct io_column *columns, size_t n_columns)
{
	write_open(writer, key, '[');
	for (size_t i = 0; i < stats->io.n * n_columns; i++) {
		const struct ins_io_stat *device = &stats->io.v[i / n_columns];
		const struct io_column *column = &columns[i % n_columns];

		write_open(writer, NULL, '{');
		write_number(writer, "major", device->major);
		write_number(writer, "minor", device->minor);
		write_text(writer, "op", column->op);
		write_number(writer, "value",
			*(const uint64_t *)((const char *)device + column->offset));
		write_close(writer, '}');
	}
	write_close(writer, ']');
}

static void write_io(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	static const struct io_column bytes[] = {
		{ "Read", offsetof(struct ins_io_stat, read_bytes) },
		{ "Write", offsetof(struct ins_io_stat, write_bytes) },
		{ "Discard", offsetof(struct ins_io_stat, discard_bytes) },
	};
	static const struct io_column times[] = {
		{ "Read", offsetof(struct ins_io_stat, reads) },
		{ "Write", offsetof(struct ins_io_stat, writes) },
		{ "Discard", offsetof(struct ins_io_stat, discards) },
	};

	if (!stats->io.present && !stats->io.pressure.some.present)
		return;
	write_open(writer, "blkio", '{');
	if (stats->io.present) {
		write_io_table(
			writer, "ioServiceBytesRecursive", stats, bytes, ARRAY_LENGTH(bytes));
		write_io_table(writer, "ioServicedRecursive", stats, times, ARRAY_LENGTH(times));
	}
	write_pressure(writer, &stats->io.pressure);
	write_close(writer, '}');
}

static void write_huge(struct writer *writer, const struct ins_cgroup_stats *stats)
{
	if (stats->n_huge == 0)
		return;
	write_open(writer, "hugetlb", '{');
	for (size_t i = 0; i < stats->n_huge; i++) {
		write_open(writer, stats->huge[i].size, '{');
		write_number(writer, "usage", stats->huge[i].usage);
		write_number(writer, "failcnt", stats->huge[i].failures);
		write_close(writer, '}');
	}
	write_close(writer, '}');
}

static void write_interfaces(
	struct writer *writer, const struct ins_net_counters *interfaces, size_t n)
{
	if (!interfaces)
		return;
	write_open(writer, "network_interfaces", '[');
	for (size_t i = 0; i < n; i++) {
		write_open(writer, NULL, '{');
		write_text(writer, "Name", interfaces[i].name);
		write_number(writer, "RxBytes", interfaces[i].received.bytes);
		write_number(writer, "RxPackets", interfaces[i].received.packets);
		write_number(writer, "RxErrors", interfaces[i].received.errors);
		write_number(writer, "RxDropped", interfaces[i].received.dropped);
		write_number(writer, "TxBytes", interfaces[i].sent.bytes);
		write_number(writer, "TxPackets", interfaces[i].sent.packets);
		write_number(writer, "TxErrors", interfaces[i].sent.errors);
		write_number(writer, "TxDropped", interfaces[i].sent.dropped);
		write_close(writer, '}');
	}
	write_close(writer, ']');
}

int ins_stats_check(const struct ins_record *record, struct ins_error *err)
{
	if (!record->cgroup)
		return ins_error_text(err, EOPNOTSUPP,
			"the statistics of container \"%s\" are not known: it has no cgroup of its "
			"own",
			record->id);
	return 0;
}

int ins_stats_emit(const char *id, const struct ins_cgroup_stats *stats,
	const struct ins_net_counters *interfaces, size_t n_interfaces, char **ret_text,
	struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	struct writer writer = { .out = open_memstream(&text, &size) };
	bool failed;

	if (!writer.out)
		return ins_error_set(err, ENOMEM, "print the statistics");
	write_open(&writer, NULL, '{');
	write_text(&writer, "type", "stats");
	write_text(&writer, "id", id);
	write_open(&writer, "data", '{');
	write_cpu(&writer, stats);
	write_cpuset(&writer, stats);
	write_memory(&writer, stats);
	write_pids(&writer, stats);
	write_io(&writer, stats);
	write_huge(&writer, stats);
	write_interfaces(&writer, interfaces, n_interfaces);
	write_close(&writer, '}');
	write_close(&writer, '}');
	failed = ferror(writer.out);
	if (fclose(writer.out) != 0 || failed)
		return ins_error_set(err, ENOMEM, "print the statistics");
	*ret_text = TAKE_PTR(text);
	return 0;
}
