/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "absent.h"
#include "duration.h"
#include "output.h"
#include "usage.h"

#define DEFAULT_INTERVAL UINT64_C(2000000000)

/* The first table shall not be waited for. */
#define FIRST_INTERVAL UINT64_C(200000000)

/* Cursor to the corner; clear what follows. */
#define HOME  "\033[H"
#define CLEAR "\033[J"

struct top_options {
	const char *interval;
	unsigned int iterations;
	bool batch, json;
};

static const struct option top_options[] = {
	{ "interval", 'd', OPTION_STRING, offsetof(struct top_options, interval), "DURATION", NULL,
		"the time between two tables, as 500ms, 5s (default: 2s)" },
	{ "iterations", 'n', OPTION_NUMBER, offsetof(struct top_options, iterations), "N", NULL,
		"end after so many tables" },
	{ "batch", 'b', OPTION_FLAG, offsetof(struct top_options, batch), NULL, NULL,
		"print one table after the other, whole" },
	{ "json", 0, OPTION_FLAG, offsetof(struct top_options, json), NULL, NULL,
		"print each table as a JSON array, in a line of its own" },
	{},
};

/* A container in two samples. */
struct row {
	const struct ins_stats *now, *before; /* NULL: it is new */
	double cpu;                           /* percent of one processor */
};

static double rate(uint64_t now, uint64_t before, uint64_t time)
{
	if (now == INS_STATS_NONE || before == INS_STATS_NONE || now < before || time == 0)
		return 0;
	return (double)(now - before) / (double)time;
}

static int compare(const void *left, const void *right)
{
	const struct row *a = left, *b = right;

	if (a->cpu != b->cpu)
		return a->cpu < b->cpu ? 1 : -1;
	return strcmp(a->now->id, b->now->id);
}

/* What matches a pattern belongs to it when it comes later, too. */
static bool is_wanted(const struct call *call, const struct names *names, const char *id)
{
	for (char *const *word = call->args; *word; word++) {
		if (fnmatch(*word, id, 0) == 0)
			return true;
	}
	for (size_t i = 0; i < names->n; i++) {
		if (!strcmp(names->v[i], id))
			return true;
	}
	return false;
}

static int nothing(void *data, const struct ins_container_info *info)
{
	(void)data;
	(void)info;
	return 0;
}

/* One that does not run may be started yet; of one that nobody knows the table would be empty for ever. */
static int check_names(const struct call *call, const struct names *names, struct ins_error *err)
{
	for (size_t i = 0; i < names->n; i++) {
		struct ins_error why = {};
		int r = ins_state(call->context, names->v[i], nothing, NULL, &why);

		if (r == -ENOENT && !absent_is_partition(call->context, names->v[i])) {
			*err = why;
			return absent_tell(call->context, names->v[i], r, err);
		}
	}
	return 0;
}

/* @names: what the arguments of @call stood for at the beginning, if there are any. */
static int gather(const struct call *call, const struct names *names, struct usage *ret_usage,
	struct ins_error *err)
{
	size_t kept = 0;
	int r = usage_gather(call, NULL, ret_usage, err);

	if (r < 0 || call->n_args == 0)
		return r;
	for (size_t i = 0; i < ret_usage->n; i++) {
		if (is_wanted(call, names, ret_usage->v[i].id))
			ret_usage->v[kept++] = ret_usage->v[i];
		else
			free((char *)ret_usage->v[i].id);
	}
	ret_usage->n = kept;
	return 0;
}

/* Both samples are in the order of the ids; another process is another container. */
static void fill(struct row *rows, const struct usage *now, const struct usage *before)
{
	size_t k = 0;

	for (size_t i = 0; i < now->n; i++) {
		const struct ins_stats *one = &now->v[i];

		rows[i] = (struct row){ .now = one };
		while (k < before->n && strcmp(before->v[k].id, one->id) < 0)
			k++;
		if (k == before->n || strcmp(before->v[k].id, one->id) != 0 ||
			before->v[k].pid != one->pid)
			continue;
		rows[i].before = &before->v[k];
		rows[i].cpu = 100 * rate(one->cpu, before->v[k].cpu, now->time - before->time);
	}
	qsort(rows, now->n, sizeof(rows[0]), compare);
}

static const char *speed(uint64_t now, uint64_t before, uint64_t time, char *text, size_t size)
{
	char bytes[24];

	if (now == INS_STATS_NONE)
		return "-";
	usage_size((uint64_t)(1e9 * rate(now, before, time)), bytes, sizeof(bytes));
	snprintf(text, size, "%s/s", bytes);
	return text;
}

static void print_row(const struct row *row, uint64_t time, const char *end)
{
	const struct ins_stats *now = row->now, *before = row->before ? row->before : row->now;
	char text[32];

	printf("%-24.24s%8.1f", now->id, row->cpu);
	printf("%12s", usage_size(now->memory, text, sizeof(text)));
	printf("%12s", usage_size(now->memory_limit, text, sizeof(text)));
	if (now->pids == INS_STATS_NONE)
		printf("%7s", "-");
	else
		printf("%7llu", (unsigned long long)now->pids);
	printf("%14s", speed(now->io_read, before->io_read, time, text, sizeof(text)));
	printf("%14s", speed(now->io_written, before->io_written, time, text, sizeof(text)));
	printf("%14s", speed(now->net_received, before->net_received, time, text, sizeof(text)));
	printf("%14s%s\n", speed(now->net_sent, before->net_sent, time, text, sizeof(text)), end);
}

static void print_member(const char *key, uint64_t value)
{
	if (value != INS_STATS_NONE)
		printf(",\"%s\":%llu", key, (unsigned long long)value);
}

static void print_rate(const char *key, uint64_t now, uint64_t before, uint64_t time)
{
	if (now != INS_STATS_NONE)
		print_member(key, (uint64_t)(1e9 * rate(now, before, time)));
}

/* Ids have nothing to escape; what is not known is left out. */
static void print_object(const struct row *row, uint64_t time)
{
	const struct ins_stats *now = row->now, *before = row->before ? row->before : row->now;

	printf("{\"id\":\"%s\",\"pid\":%d,\"cpu_percent\":%.1f", now->id, (int)now->pid, row->cpu);
	print_member("memory", now->memory);
	print_member("memory_limit", now->memory_limit);
	print_member("pids", now->pids);
	print_rate("io_read_rate", now->io_read, before->io_read, time);
	print_rate("io_written_rate", now->io_written, before->io_written, time);
	print_rate("net_received_rate", now->net_received, before->net_received, time);
	print_rate("net_sent_rate", now->net_sent, before->net_sent, time);
	putchar('}');
}

static void print_array(const struct row *rows, size_t n, uint64_t time)
{
	putchar('[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			putchar(',');
		print_object(&rows[i], time);
	}
	puts("]");
}

/* @lines: of the screen; 0: it is none. */
static void print_lines(const struct row *rows, size_t n, uint64_t time, size_t lines)
{
	/* Clears what an earlier, longer line has left. */
	const char *end = lines ? "\033[K" : "";
	double cpu = 0;

	for (size_t i = 0; i < n; i++)
		cpu += rows[i].cpu;
	printf("%s%zu running, %.1f %% of a processor%s\n", lines ? HOME : "", n, cpu, end);
	printf("%-24s%8s%12s%12s%7s%14s%14s%14s%14s%s\n", "ID", "CPU %", "MEMORY", "LIMIT", "PIDS",
		"READ", "WRITTEN", "RECEIVED", "SENT", end);
	if (lines && n + 3 > lines)
		n = lines > 3 ? lines - 3 : 0;
	for (size_t i = 0; i < n; i++)
		print_row(&rows[i], time, end);
	fputs(lines ? CLEAR : "\n", stdout);
}

static int print_table(const struct top_options *options, const struct usage *now,
	const struct usage *before, size_t lines, struct ins_error *err)
{
	struct row *rows = calloc(now->n + 1, sizeof(rows[0]));

	if (!rows)
		return error_set(err, ENOMEM, "out of memory");
	fill(rows, now, before);
	if (options->json)
		print_array(rows, now->n, now->time - before->time);
	else
		print_lines(rows, now->n, now->time - before->time, lines);
	free(rows);
	return output_flush(err);
}

/* The height of the terminal; 0 if there is none. */
static size_t screen(const struct top_options *options)
{
	struct winsize size;

	if (options->batch || options->json || !isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

static void wait_for(uint64_t time)
{
	struct timespec left = { .tv_sec = (time_t)(time / 1000000000),
		.tv_nsec = (long)(time % 1000000000) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static int top(const struct call *call, struct ins_error *err)
{
	const struct top_options *options = call->options;
	uint64_t interval = DEFAULT_INTERVAL;
	struct names names = {};
	struct usage before = {};
	int r = 0;

	if (options->interval &&
		(duration_parse(options->interval, &interval) < 0 || interval == 0))
		return error_set(err, EINVAL,
			"--interval: `%s` is not a time with a unit, longer than 0: 500ms, 5s",
			options->interval);
	if (call->n_args > 0)
		r = names_find(call, call->args, false, NAMES_OF_ALL, &names, err);
	if (r == 0)
		r = check_names(call, &names, err);
	if (r == 0)
		r = gather(call, &names, &before, err);
	for (unsigned int i = 0; r == 0 && (!options->iterations || i < options->iterations); i++) {
		struct usage now = {};

		wait_for(i == 0 && interval > FIRST_INTERVAL ? FIRST_INTERVAL : interval);
		r = gather(call, &names, &now, err);
		if (r == 0 && i == 0 && screen(options))
			fputs(HOME CLEAR, stdout);
		if (r == 0)
			r = print_table(options, &now, &before, screen(options), err);
		usage_clear(&before);
		before = now;
	}
	usage_clear(&before);
	names_clear(&names);
	return r;
}

const struct verb verb_top = {
	.name = "top",
	.summary = "show again and again who uses the processors",
	.synopsis = "[NAME]...",
	.options = top_options,
	.options_size = sizeof(struct top_options),
	.max_args = SIZE_MAX,
	.run = top,
};
