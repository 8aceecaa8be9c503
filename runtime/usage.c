/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "absent.h"
#include "usage.h"

void usage_clear(struct usage *usage)
{
	for (size_t i = 0; i < usage->n; i++)
		free((char *)usage->v[i].id);
	free(usage->v);
	*usage = (struct usage){};
}

static int take(void *data, const struct ins_stats *stats)
{
	struct usage *usage = data;
	char *id = strdup(stats->id);
	void *v = reallocarray(usage->v, usage->n + 1, sizeof(usage->v[0]));

	if (v)
		usage->v = v;
	if (!v || !id) {
		free(id);
		return -ENOMEM;
	}
	usage->v[usage->n] = *stats;
	usage->v[usage->n++].id = id;
	return 0;
}

int usage_gather(const struct call *call, const struct names *names, struct usage *ret_usage,
	struct ins_error *err)
{
	struct usage usage = {};
	struct timespec time;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &time);
	usage.time = (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
	if (!names)
		r = ins_stats(call->context, NULL, take, &usage, err);
	for (size_t i = 0; names && r >= 0 && i < names->n; i++)
		r = absent_tell(call->context, names->v[i],
			ins_stats(call->context, names->v[i], take, &usage, err), err);
	if (r < 0) {
		usage_clear(&usage);
		return error_set(err, -r, "out of memory");
	}
	*ret_usage = usage;
	return 0;
}

const char *usage_size(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes == INS_STATS_NONE) {
		snprintf(text, size, "-");
		return text;
	}
	for (; value >= 1023.95; unit++)
		value /= 1024;
	snprintf(text, size, "%.*f %s", unit > 0, value, units[unit]);
	return text;
}

/* --- one table for both formats ----------------------------------------------------------------- */

/* What the library counts in. */
enum unit {
	NUMBER,
	BYTES,
	SECONDS, /* nanoseconds in JSON, as in the library */
};

struct metric {
	const char *key; /* of JSON */
	const char
		*family; /* of OpenMetrics: ends in its unit, and without the _total of a counter */
	const char *help;
	enum unit unit;
	bool is_counter;
	size_t offset;
};

#define METRIC(member, name, its_unit, counts, words)                                      \
	{                                                                                  \
		.key = #member, .family = "insula_" name, .help = words, .unit = its_unit, \
		.is_counter = counts, .offset = offsetof(struct ins_stats, member)         \
	}

static const struct metric metrics[] = {
	METRIC(cpu, "cpu_seconds", SECONDS, true, "Time of processors."),
	METRIC(cpu_user, "cpu_user_seconds", SECONDS, true, "Time in programs."),
	METRIC(cpu_system, "cpu_system_seconds", SECONDS, true, "Time in the kernel."),
	METRIC(throttled, "cpu_throttled_seconds", SECONDS, true,
		"Time of waiting for the limit of processors."),
	METRIC(memory, "memory_bytes", BYTES, false, "Memory in use."),
	METRIC(memory_peak, "memory_peak_bytes", BYTES, false, "The most memory that was in use."),
	METRIC(memory_limit, "memory_limit_bytes", BYTES, false, "The most memory allowed."),
	METRIC(swap, "swap_bytes", BYTES, false, "Swap in use."),
	METRIC(swap_limit, "swap_limit_bytes", BYTES, false, "The most swap allowed."),
	METRIC(oom_kills, "oom_kills", NUMBER, true,
		"Processes ended by the out-of-memory killer."),
	METRIC(pids, "pids", NUMBER, false, "Processes and threads."),
	METRIC(pids_limit, "pids_limit", NUMBER, false, "The most processes and threads allowed."),
	METRIC(io_read, "io_read_bytes", BYTES, true, "Bytes read from block devices."),
	METRIC(io_written, "io_written_bytes", BYTES, true, "Bytes written to block devices."),
	METRIC(net_received, "network_received_bytes", BYTES, true, "Bytes received."),
	METRIC(net_sent, "network_sent_bytes", BYTES, true, "Bytes sent."),
	METRIC(cpu_waited, "cpu_waited_seconds", SECONDS, true,
		"Time in which some process waited for a processor."),
	METRIC(memory_waited, "memory_waited_seconds", SECONDS, true,
		"Time in which some process waited for memory."),
	METRIC(io_waited, "io_waited_seconds", SECONDS, true,
		"Time in which some process waited for a disk."),
};

#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

static uint64_t value(const struct ins_stats *stats, const struct metric *metric)
{
	return *(const uint64_t *)((const char *)stats + metric->offset);
}

/* Ids are letters, digits and a few signs: nothing to escape in JSON. */
void usage_json(FILE *out, const struct usage *usage)
{
	fputc('[', out);
	for (size_t i = 0; i < usage->n; i++) {
		const struct ins_stats *stats = &usage->v[i];

		fprintf(out, "%s{\"id\":\"%s\",\"status\":\"%s\",\"pid\":%d", i > 0 ? ",\n" : "",
			stats->id, ins_status_name(stats->status), (int)stats->pid);
		for (size_t m = 0; m < N_METRICS; m++) {
			uint64_t number = value(stats, &metrics[m]);

			if (number != INS_STATS_NONE)
				fprintf(out, ",\"%s\":%llu", metrics[m].key,
					(unsigned long long)number);
		}
		fputc('}', out);
	}
	fputs("]\n", out);
}

static void print_label(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '"' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

static void print_family(FILE *out, const struct metric *metric)
{
	static const char *const units[] = { NULL, "bytes", "seconds" };

	fprintf(out, "# TYPE %s %s\n", metric->family, metric->is_counter ? "counter" : "gauge");
	if (units[metric->unit])
		fprintf(out, "# UNIT %s %s\n", metric->family, units[metric->unit]);
	fprintf(out, "# HELP %s %s\n", metric->family, metric->help);
}

static void print_sample(FILE *out, const struct metric *metric, const struct ins_stats *stats)
{
	unsigned long long number = value(stats, metric);

	fprintf(out, "%s%s{id=\"", metric->family, metric->is_counter ? "_total" : "");
	print_label(out, stats->id);
	if (metric->unit == SECONDS)
		fprintf(out, "\"} %llu.%09llu\n", number / 1000000000, number % 1000000000);
	else
		fprintf(out, "\"} %llu\n", number);
}

/* All samples of a family stand together, as the format wants it. */
void usage_metrics(FILE *out, const struct usage *usage)
{
	for (size_t m = 0; m < N_METRICS; m++) {
		bool any = false;

		for (size_t i = 0; i < usage->n; i++) {
			if (value(&usage->v[i], &metrics[m]) == INS_STATS_NONE)
				continue;
			if (!any)
				print_family(out, &metrics[m]);
			any = true;
			print_sample(out, &metrics[m], &usage->v[i]);
		}
	}
	fputs("# EOF\n", out);
}
