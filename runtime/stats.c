/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "output.h"
#include "usage.h"

enum stats_format {
	STATS_TABLE,
	STATS_JSON,
	STATS_OPENMETRICS,
};

static const char *const stats_formats[] = { "table", "json", "openmetrics", NULL };

struct stats_options {
	enum stats_format format;
	bool json, all;
};

static const struct option stats_options[] = {
	{ "format", 'f', OPTION_CHOICE, offsetof(struct stats_options, format), NULL, stats_formats,
		"a table, a JSON array, or the text format of OpenMetrics" },
	{ "json", 0, OPTION_FLAG, offsetof(struct stats_options, json), NULL, NULL,
		"the same as --format json" },
	{ "all", 'a', OPTION_FLAG, offsetof(struct stats_options, all), NULL, NULL,
		"all that have a process, which is also what no name means" },
	{},
};

static const char *number(uint64_t value, char *text, size_t size)
{
	if (value == INS_STATS_NONE)
		return "-";
	snprintf(text, size, "%llu", (unsigned long long)value);
	return text;
}

static const char *seconds(uint64_t value, char *text, size_t size)
{
	if (value == INS_STATS_NONE)
		return "-";
	snprintf(text, size, "%llu.%02llu s", (unsigned long long)value / 1000000000,
		(unsigned long long)value / 10000000 % 100);
	return text;
}

static void print_table(const struct usage *usage)
{
	printf("%-24s%12s%12s%12s%12s%12s%8s%12s%12s%12s%12s%7s\n", "ID", "CPU TIME", "MEMORY",
		"PEAK", "LIMIT", "SWAP", "PIDS", "READ", "WRITTEN", "RECEIVED", "SENT", "OOMS");
	for (size_t i = 0; i < usage->n; i++) {
		const struct ins_stats *one = &usage->v[i];
		const uint64_t memory[] = { one->memory, one->memory_peak, one->memory_limit,
			one->swap };
		const uint64_t moved[] = { one->io_read, one->io_written, one->net_received,
			one->net_sent };
		char text[32];

		printf("%-24s%12s", one->id, seconds(one->cpu, text, sizeof(text)));
		for (size_t k = 0; k < sizeof(memory) / sizeof(memory[0]); k++)
			printf("%12s", usage_size(memory[k], text, sizeof(text)));
		printf("%8s", number(one->pids, text, sizeof(text)));
		for (size_t k = 0; k < sizeof(moved) / sizeof(moved[0]); k++)
			printf("%12s", usage_size(moved[k], text, sizeof(text)));
		printf("%7s\n", number(one->oom_kills, text, sizeof(text)));
	}
}

static int stats(const struct call *call, struct ins_error *err)
{
	const struct stats_options *options = call->options;
	enum stats_format format = options->json ? STATS_JSON : options->format;
	struct names names = {};
	struct usage usage = {};
	int r = 0;

	if (call->n_args > 0)
		r = names_find(call, call->args, options->all, NAMES_OF_ALL, &names, err);
	if (r == 0)
		r = usage_gather(call, call->n_args > 0 ? &names : NULL, &usage, err);
	names_clear(&names);
	if (r < 0)
		return r;
	switch (format) {
	case STATS_TABLE:
		print_table(&usage);
		break;
	case STATS_JSON:
		usage_json(stdout, &usage);
		break;
	case STATS_OPENMETRICS:
		usage_metrics(stdout, &usage);
		break;
	}
	usage_clear(&usage);
	return output_flush(err);
}

const struct verb verb_stats = {
	.name = "stats",
	.summary = "tell what containers and partitions use",
	.synopsis = "[NAME]...",
	.options = stats_options,
	.options_size = sizeof(struct stats_options),
	.max_args = SIZE_MAX,
	.run = stats,
};
