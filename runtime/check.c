/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct check_options {
	bool json;
};

static const struct option check_options[] = {
	{ "json", 0, OPTION_FLAG, offsetof(struct check_options, json), NULL, NULL,
		"print a JSON array of what was found" },
	{},
};

/* The rows are printed after what stops first, so they wait in a buffer. */
struct report {
	FILE *features, *limits;
	bool json, any, missing;
	uint64_t room; /* of what stops first */
	char first[128], remedy[128];
};

static const char *const states[] = { "ok", "short", "missing" };

/* All texts are the library's own, without anything to escape but the value, which is a path. */
static void print_string(FILE *out, const char *key, const char *text)
{
	if (!text)
		return;
	fprintf(out, ",\"%s\":\"", key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc((unsigned char)*text < 0x20 ? '?' : *text, out);
	}
	fputc('"', out);
}

static void print_number(FILE *out, const char *key, uint64_t value)
{
	if (value != INS_FINDING_NONE)
		fprintf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void print_json(struct report *report, const struct ins_finding *finding)
{
	FILE *out = report->features;

	fprintf(out, "%s{\"kind\":\"%s\"", report->any ? ",\n" : "[",
		finding->kind == INS_FINDING_FEATURE ? "feature" : "limit");
	print_string(out, "name", finding->name);
	print_string(out, "state", states[finding->state]);
	print_string(out, "value", finding->value);
	print_number(out, "now", finding->now);
	print_number(out, "maximum", finding->maximum);
	if (finding->kind == INS_FINDING_LIMIT)
		print_number(out, "each", finding->each);
	print_number(out, "room", finding->room);
	print_string(out, "only", finding->only);
	print_string(out, "purpose", finding->purpose);
	print_string(out, "remedy", finding->remedy);
	fputc('}', out);
	report->any = true;
}

static const char *count(uint64_t value, const char *none, char *text, size_t size)
{
	if (value == INS_FINDING_NONE)
		snprintf(text, size, "%s", none);
	else
		snprintf(text, size, "%llu", (unsigned long long)value);
	return text;
}

static void print_feature(struct report *report, const struct ins_finding *finding)
{
	fprintf(report->features, "%-8s%-24s%s%s%s\n", states[finding->state], finding->name,
		finding->purpose, finding->value ? ": " : "", finding->value ? finding->value : "");
	if (finding->remedy)
		fprintf(report->features, "%-8s%-24s→ %s\n", "", "", finding->remedy);
}

static void print_limit(struct report *report, const struct ins_finding *finding)
{
	char room[24], now[24], maximum[24];

	fprintf(report->limits, "%-12s%-14s%-21s%-36s%s%s%s%s\n",
		count(finding->room, "any number", room, sizeof(room)),
		count(finding->now, "-", now, sizeof(now)),
		count(finding->maximum, "no limit", maximum, sizeof(maximum)), finding->name,
		finding->purpose, finding->only ? " (" : "", finding->only ? finding->only : "",
		finding->only ? ")" : "");
	if (finding->state != INS_FINDING_OK && finding->remedy)
		fprintf(report->limits, "%-83s→ %s\n", "", finding->remedy);
}

static int take(void *data, const struct ins_finding *finding)
{
	struct report *report = data;

	if (finding->state == INS_FINDING_MISSING)
		report->missing = true;
	if (finding->kind == INS_FINDING_LIMIT && !finding->only && finding->room < report->room) {
		report->room = finding->room;
		snprintf(report->first, sizeof(report->first), "%s (%llu)", finding->name,
			(unsigned long long)finding->maximum);
		snprintf(report->remedy, sizeof(report->remedy), "%s", finding->remedy);
	}
	if (report->json)
		print_json(report, finding);
	else if (finding->kind == INS_FINDING_FEATURE)
		print_feature(report, finding);
	else
		print_limit(report, finding);
	return 0;
}

static void print_report(const struct report *report, const char *features, const char *limits)
{
	if (report->json) {
		printf("%s]\n", features);
		return;
	}
	if (report->room == INS_FINDING_NONE)
		puts("room for any number of partitions: no limit is known");
	else
		printf("room for %llu more partitions; the first limit is %s; remedy: %s\n",
			(unsigned long long)report->room, report->first, report->remedy);
	printf("\n%-8s%-24s%s\n%s", "STATE", "FEATURE", "NEEDED FOR", features);
	printf("\n%-12s%-14s%-21s%-36s%s\n%s", "ROOM", "IN USE", "MAXIMUM", "LIMIT", "NEEDED FOR",
		limits);
}

static int check(const struct call *call, struct ins_error *err)
{
	const struct check_options *options = call->options;
	char *features = NULL, *limits = NULL;
	size_t size;
	struct report report = { .json = options->json, .room = INS_FINDING_NONE };
	int r;

	report.features = open_memstream(&features, &size);
	report.limits = report.features ? open_memstream(&limits, &size) : NULL;
	if (!report.limits)
		r = error_set(err, ENOMEM, "out of memory");
	else
		r = ins_check(call->context, take, &report, err);
	if (report.features && fclose(report.features) != 0 && r == 0)
		r = error_set(err, ENOMEM, "out of memory");
	if (report.limits && fclose(report.limits) != 0 && r == 0)
		r = error_set(err, ENOMEM, "out of memory");
	if (r == 0) {
		print_report(&report, features, limits);
		r = output_flush(err);
	}
	free(features);
	free(limits);
	return r < 0 ? r : report.missing;
}

const struct verb verb_check = {
	.name = "check",
	.summary = "tell what this host can do, and how many more partitions fit",
	.synopsis = "",
	.options = check_options,
	.options_size = sizeof(struct check_options),
	.run = check,
};
