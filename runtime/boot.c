/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partitions that are enabled, in the order that their definitions want: in rounds, each with those whose
 * "after" are all in earlier ones, a few of them at a time. A "delay" counts from the moment when that is so.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "each.h"
#include "insula_partition.h"

#define SECOND UINT64_C(1000000000)

struct boot_options {
	unsigned int jobs;
};

static const struct option boot_options[] = {
	JOBS_OPTION(struct boot_options),
	{},
};

struct candidate {
	char *name;
	bool is_enabled; /* and does not run */
	struct ins_definition definition;
	size_t round; /* 0: not yet known */
	uint64_t due; /* nanoseconds: its delay is over; 0: it waits for others */
};

struct boot {
	struct candidate *v;
	size_t n;
};

static int take(void *data, const struct ins_partition_info *info)
{
	struct candidate *candidate = data;

	candidate->is_enabled = info->enabled && info->status == INS_STATUS_STOPPED;
	return 0;
}

/* One that cannot be read must not keep the others from being started. */
static void look(const struct call *call, struct candidate *candidate)
{
	struct ins_error why = {};

	if (ins_partition_show(call->context, candidate->name, take, candidate, &why) < 0 ||
		(candidate->is_enabled && ins_partition_definition(call->context, candidate->name,
						  &candidate->definition, &why) < 0)) {
		candidate->is_enabled = false;
		log_write(call->log, INS_LOG_ERROR, why.text);
	}
}

/* Who is not to be started is not waited for. */
static bool is_waited_for(const struct boot *boot, const char *name)
{
	for (size_t i = 0; i < boot->n; i++) {
		if (boot->v[i].is_enabled && boot->v[i].round == 0 &&
			!strcmp(boot->v[i].name, name))
			return true;
	}
	return false;
}

static bool may_start(const struct boot *boot, const struct candidate *candidate)
{
	const struct ins_definition_value *after = &candidate->definition.values[INS_SETTING_AFTER];

	for (size_t i = 0; i < after->n; i++) {
		if (is_waited_for(boot, after->v[i]))
			return false;
	}
	return true;
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

/* Has its time come? */
static bool is_due(struct candidate *candidate, uint64_t time)
{
	const struct ins_definition_value *delay = &candidate->definition.values[INS_SETTING_DELAY];

	if (!candidate->due)
		candidate->due = time + (delay->n ? strtoul(delay->v[0], NULL, 10) : 0) * SECOND;
	return candidate->due <= time;
}

/* Return: somebody's delay is over now. */
static bool wait_for_next(const struct boot *boot)
{
	uint64_t next = UINT64_MAX;
	struct timespec until;

	for (size_t i = 0; i < boot->n; i++) {
		const struct candidate *candidate = &boot->v[i];

		if (candidate->is_enabled && candidate->round == 0 && candidate->due &&
			candidate->due < next)
			next = candidate->due;
	}
	if (next == UINT64_MAX)
		return false;
	until = (struct timespec){ (time_t)(next / SECOND), (long)(next % SECOND) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return true;
}

static int start(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	(void)data;
	return ins_partition_start(call->context, name, NULL, err);
}

/* The names are the candidates'. Return: how many there are in the next round. */
static size_t choose(const struct boot *boot, size_t round, bool any, struct names *names)
{
	uint64_t time = now();

	names->n = 0;
	for (size_t i = 0; i < boot->n; i++) {
		struct candidate *candidate = &boot->v[i];

		if (candidate->is_enabled && candidate->round == 0 &&
			(any || (may_start(boot, candidate) && is_due(candidate, time))))
			names->v[names->n++] = candidate->name;
	}
	names->v[names->n] = NULL;
	/* Only now: those of one round do not wait for each other. */
	for (size_t i = 0, j = 0; i < boot->n && j < names->n; i++) {
		if (boot->v[i].name != names->v[j])
			continue;
		boot->v[i].round = round;
		j++;
	}
	return names->n;
}

static int start_all(
	const struct call *call, const struct boot *boot, unsigned int jobs, struct ins_error *err)
{
	struct names names = { .v = calloc(boot->n + 1, sizeof(names.v[0])) };
	int result = 0;

	if (!names.v)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t round = 1;; round++) {
		struct ins_error why = {};
		int r;

		if (choose(boot, round, false, &names) == 0 && wait_for_next(boot))
			continue;
		if (names.n == 0 && choose(boot, round, true, &names) > 0)
			log_write(call->log, INS_LOG_WARNING,
				"some partitions wait for each other (\"after\"): they are started "
				"together");
		if (names.n == 0)
			break;
		r = names_each(call, &names, jobs, start, NULL, &why);
		if (r < 0 && result == 0) {
			*err = why;
			result = r;
		}
	}
	free(names.v);
	return result;
}

static int boot_enabled(const struct call *call, struct ins_error *err)
{
	const struct boot_options *options = call->options;
	struct boot boot = {};
	struct names names = {};
	int r = ins_partition_names(call->context, &names.v, &names.n, err);

	if (r < 0)
		return r;
	boot.v = calloc(names.n + 1, sizeof(boot.v[0]));
	boot.n = boot.v ? names.n : 0;
	for (size_t i = 0; i < boot.n; i++) {
		boot.v[i].name = names.v[i];
		look(call, &boot.v[i]);
	}
	r = boot.v ? start_all(call, &boot, options->jobs, err)
		   : error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < boot.n; i++)
		ins_definition_clear(&boot.v[i].definition);
	free(boot.v);
	names_clear(&names);
	return r;
}

const struct verb verb_boot = {
	.name = "boot",
	.summary = "start the partitions that are enabled",
	.synopsis = "",
	.options = boot_options,
	.options_size = sizeof(struct boot_options),
	.max_args = 0,
	.run = boot_enabled,
};
