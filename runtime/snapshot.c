/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a partition: taken, listed, removed. */
#include <errno.h>
#include <stdio.h>

#include "each.h"
#include "output.h"

struct snapshot_options {
	bool list, json, all;
	const char *remove;
	unsigned int jobs;
};

#define SNAPSHOT(member) offsetof(struct snapshot_options, member)

static const struct option snapshot_options[] = {
	{ "list", 'l', OPTION_FLAG, SNAPSHOT(list), NULL, NULL, "show the snapshots there are" },
	{ "json", 0, OPTION_FLAG, SNAPSHOT(json), NULL, NULL,
		"with --list: as an array of JSON objects" },
	{ "remove", 0, OPTION_STRING, SNAPSHOT(remove), "SNAPSHOT", NULL, "remove this one" },
	ALL_OPTION(struct snapshot_options),
	JOBS_OPTION(struct snapshot_options),
	{},
};

struct listing {
	const char *partition;
	bool json, any;
};

static void print_header(void)
{
	printf("%-24s %-24s %-22s %s\n", "PARTITION", "SNAPSHOT", "MADE", "LAYERS");
}

/* Names and times are letters, digits, and _ . - : only. */
static int print(void *data, const struct ins_snapshot_info *info)
{
	struct listing *listing = data;

	if (!listing->json && !listing->any)
		print_header();
	if (listing->json)
		printf("%s{\"partition\":\"%s\",\"name\":\"%s\",\"made\":\"%s\",\"layers\":%zu}",
			listing->any ? "," : "[", listing->partition, info->name, info->made,
			info->n_layers);
	else
		printf("%-24s %-24s %-22s %zu\n", listing->partition, info->name, info->made,
			info->n_layers);
	listing->any = true;
	return 0;
}

/* One after the other: half an array for programs is none. */
static int list(
	const struct call *call, const struct names *names, bool json, struct ins_error *err)
{
	struct listing listing = { .json = json };
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->n; i++) {
		listing.partition = names->v[i];
		r = ins_partition_snapshots(call->context, names->v[i], print, &listing, err);
	}
	if (r < 0)
		return r;
	if (json)
		puts(listing.any ? "]" : "[]");
	else if (!listing.any)
		print_header();
	return output_flush(err);
}

static int take_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	return ins_partition_snapshot(call->context, name, data, err);
}

static int remove_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	return ins_partition_snapshot_remove(call->context, name, data, err);
}

static int snapshot(const struct call *call, struct ins_error *err)
{
	const struct snapshot_options *options = call->options;
	struct call partitions = *call;
	struct names names = {};
	char *taken;
	int r;

	if (options->list && options->remove)
		return error_set(err, EINVAL, "snapshot: --list and --remove exclude each other");
	if (options->json && !options->list)
		return error_set(err, EINVAL, "snapshot: --json goes with --list");
	if (options->remove)
		return names_treat(call, options->all, options->jobs, remove_one,
			(char *)options->remove, err);
	if (!options->list) {
		taken = names_take_last(&partitions, options->all, "snapshot", err);
		return !taken ? -EINVAL
			      : names_treat(&partitions, options->all, options->jobs, take_one,
					taken, err);
	}
	r = names_find(call, call->args, options->all, NAMES_OF_PARTITIONS, &names, err);
	if (r == 0)
		r = list(call, &names, options->json, err);
	names_clear(&names);
	return r;
}

const struct verb verb_snapshot = {
	.name = "snapshot",
	.summary = "remember what the roots of partitions are now",
	.synopsis = "NAME... [SNAPSHOT]",
	.options = snapshot_options,
	.options_size = sizeof(struct snapshot_options),
	.max_args = SIZE_MAX,
	.run = snapshot,
};
