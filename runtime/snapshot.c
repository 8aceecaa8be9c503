/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots of a partition: taken, listed, removed. */
#include <errno.h>
#include <stdio.h>

#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct snapshot_options {
	bool list, json;
	const char *remove;
};

#define SNAPSHOT(member) offsetof(struct snapshot_options, member)

static const struct option snapshot_options[] = {
	{ "list", 'l', OPTION_FLAG, SNAPSHOT(list), NULL, NULL, "show the snapshots there are" },
	{ "json", 0, OPTION_FLAG, SNAPSHOT(json), NULL, NULL,
		"with --list: as an array of JSON objects" },
	{ "remove", 0, OPTION_STRING, SNAPSHOT(remove), "SNAPSHOT", NULL, "remove this one" },
	{},
};

struct listing {
	bool json, any;
};

static void print_header(void)
{
	printf("%-24s %-22s %s\n", "SNAPSHOT", "MADE", "LAYERS");
}

/* Names and times are letters, digits, and _ . - : only. */
static int print(void *data, const struct ins_snapshot_info *info)
{
	struct listing *listing = data;

	if (!listing->json && !listing->any)
		print_header();
	if (listing->json)
		printf("%s{\"name\":\"%s\",\"made\":\"%s\",\"layers\":%zu}",
			listing->any ? "," : "[", info->name, info->made, info->n_layers);
	else
		printf("%-24s %-22s %zu\n", info->name, info->made, info->n_layers);
	listing->any = true;
	return 0;
}

static int list(const struct call *call, bool json, struct ins_error *err)
{
	struct listing listing = { .json = json };
	int r = ins_partition_snapshots(call->context, call->args[0], print, &listing, err);

	if (r < 0)
		return r;
	if (json)
		puts(listing.any ? "]" : "[]");
	else if (!listing.any)
		print_header();
	return output_flush(err);
}

static int snapshot(const struct call *call, struct ins_error *err)
{
	const struct snapshot_options *options = call->options;
	const char *name = call->args[0], *taken = call->n_args > 1 ? call->args[1] : NULL;

	if ((options->list || options->remove) && taken)
		return error_set(err, EINVAL,
			"snapshot: %s and a new snapshot \"%s\" exclude each other",
			options->list ? "--list" : "--remove", taken);
	if (options->list && options->remove)
		return error_set(err, EINVAL, "snapshot: --list and --remove exclude each other");
	if (options->json && !options->list)
		return error_set(err, EINVAL, "snapshot: --json goes with --list");
	if (options->list)
		return list(call, options->json, err);
	if (options->remove)
		return ins_partition_snapshot_remove(call->context, name, options->remove, err);
	if (!taken)
		return error_set(err, EINVAL,
			"snapshot needs a name for the snapshot; try `insula snapshot --help`");
	return ins_partition_snapshot(call->context, name, taken, err);
}

const struct verb verb_snapshot = {
	.name = "snapshot",
	.summary = "remember what a partition's root is now",
	.synopsis = "NAME [SNAPSHOT]",
	.options = snapshot_options,
	.options_size = sizeof(struct snapshot_options),
	.min_args = 1,
	.max_args = 2,
	.run = snapshot,
};
