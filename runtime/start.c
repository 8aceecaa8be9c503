/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "absent.h"
#include "each.h"
#include "forwarding.h"
#include "insula_partition.h"
#include "listen.h"

#define MEMORY_CHUNK ((size_t)256 << 10)

struct start_options {
	bool supervised;
	bool all;
	unsigned int jobs;
};

static const struct option start_options[] = {
	{ "supervised", 0, OPTION_FLAG, offsetof(struct start_options, supervised), NULL, NULL,
		"of a partition: the caller stays with it (systemd, insula-keeper)" },
	ALL_OPTION(struct start_options),
	JOBS_OPTION(struct start_options),
	{},
};

static int ignore(void *data, const struct ins_partition_info *info)
{
	(void)data;
	(void)info;
	return 0;
}

/* A container that waits for this, or a partition that does not run: no name is both. */
static int start_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct start_options *options = call->options;
	struct ins_error why = {}, ignored = {};
	int r;

	(void)data;
	/* Of many, those are meant that do not run. */
	if (each_is_choice(call, options->all) && each_status(call, name) != INS_STATUS_STOPPED)
		return 0;
	r = ins_start(call->context, name, &why);
	if (r == 0)
		return 0;
	r = ins_partition_start(call->context, name, NULL, err);
	/* What is not there may also be the program, or the image. */
	if (r == -ENOENT &&
		ins_partition_show(call->context, name, ignore, NULL, &ignored) == -ENOENT) {
		*err = why;
		return absent_tell(call->context, name, r, err);
	}
	return r;
}

static int start_named(const struct call *call, struct ins_error *err)
{
	const struct start_options *options = call->options;
	const struct forwarding before = forwarding_look();
	int r = names_treat(call, options->all, options->jobs, start_one, NULL, err);

	forwarding_tell(call, &before);
	return r;
}

/* Memory of JSON, which this process takes until it ends, and that is soon: nothing is given back. */
static void *take_memory(size_t size)
{
	static char *chunk;
	static size_t left;
	char *memory;

	size = (size + 15) & ~(size_t)15;
	if (size > MEMORY_CHUNK / 8)
		return malloc(size);
	if (size > left) {
		chunk = malloc(MEMORY_CHUNK);
		left = chunk ? MEMORY_CHUNK : 0;
	}
	if (left == 0)
		return NULL;
	memory = chunk;
	chunk += size;
	left -= size;
	return memory;
}

static void keep_memory(void *memory)
{
	(void)memory;
}

/* Sockets that were opened for us are meant for the partition. */
static int start_supervised(const struct call *call, struct ins_error *err)
{
	struct ins_create_args args = {};
	struct ins_supervised supervised;
	int r = listen_take(&args, err);

	if (r < 0)
		return r;
	json_set_alloc_funcs(take_memory, keep_memory);
	supervised = (struct ins_supervised){ args.listen_fds, args.listen_fdnames };
	return ins_partition_start(call->context, call->args[0], &supervised, err);
}

static int start(const struct call *call, struct ins_error *err)
{
	const struct start_options *options = call->options;

	if (!options->supervised)
		return start_named(call, err);
	if (call->n_args != 1)
		return error_set(err, EINVAL, "start --supervised wants one name");
	return start_supervised(call, err);
}

const struct verb verb_start = {
	.name = "start",
	.summary = "start a container that was created, or partitions",
	.synopsis = "ID...",
	.options = start_options,
	.options_size = sizeof(struct start_options),
	.max_args = SIZE_MAX,
	.run = start,
};
