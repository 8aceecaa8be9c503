/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as cgroup2 takes it: which text goes into which file, and which property of a
 * systemd unit says the same (limits.c and limits_unified.c, a pure conversion); which of it this
 * host can do (limits_plan.c); and the writing (limits_parent.c).
 */
#ifndef INSULA_CGROUP_LIMITS_H
#define INSULA_CGROUP_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "plan/host.h"
#include "plan/build.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* As a number in a property, or in the cgroup's values: no limit. systemd's "infinity" is the same. */
#define INS_LIMIT_NONE UINT64_MAX

/*
 * A property of a systemd unit, as StartTransientUnit and SetUnitProperties take it. Which member
 * holds the value follows from the D-Bus signature @type:
 *
 *     "t"      number
 *     "ay"     bytes: a set of cpus or memory nodes, bit n of byte m is number 8 m + n
 *     "a(st)"  one pair: device, number
 */
struct ins_limit_property {
	const char *name; /* "MemoryMax"; NULL: none */
	const char *type;
	uint64_t number;
	const uint8_t *bytes;
	uint32_t n_bytes;
	const char *device; /* "/dev/block/8:0" */
};

#define INS_LIMIT_PROPERTIES 2

/* One limit: an element of the list, in the order in which they have to be written. */
struct ins_limit {
	const char *key;     /* the config path: "linux.resources.memory.limit" */
	uint32_t controller; /* 1U << enum ins_controller; 0: a file that every cgroup has */
	bool holds_in_new;   /* it is what a new cgroup has: no controller has to be there for it */
	struct ins_limit_files files;
	struct ins_limit_property properties[INS_LIMIT_PROPERTIES]; /* none: systemd knows no such thing */
};

struct ins_limits {
	size_t n;
	const struct ins_limit *v;
	uint32_t controllers; /* those that the list cannot do without */
};

/*
 * What holds in the cgroup now, where a property says only half of what a file wants (a period
 * without a quota), or where the order of two writes depends on it. Times in microseconds, sizes in
 * bytes; INS_LIMIT_NONE: no limit.
 */
struct ins_limits_now {
	uint64_t memory, quota, period, burst;
	bool idle;
};

/* What a new cgroup has. */
extern const struct ins_limits_now ins_limits_of_new;

/**
 * ins_limits_convert - from the configuration to what is written
 * @now: what holds in the cgroup; &ins_limits_of_new for one that is going to be made
 * @arena: all of the result is allocated from it
 *
 * The values of cgroup1 that the specification speaks of become those of cgroup2. What asks for
 * nothing gives no element. linux.resources.devices is not dealt with here.
 *
 * Return: 0, −EINVAL, −EOPNOTSUPP (cgroup2 cannot do it; the key is named), −ENOMEM.
 */
int ins_limits_convert(const struct ins_spec_resources *resources,
	const struct ins_limits_now *now, struct ins_arena *arena, struct ins_limits *ret,
	struct ins_error *err);

/* ins_limits_check - can this host enforce them? Return: 0, −EOPNOTSUPP, naming key and controller, if a
 * limit needs one that cgroup2 has not got here. */
int ins_limits_check(const struct ins_limits *limits, const struct ins_host *host,
	struct ins_error *err);

/* ins_limits_refuse - an error with these words for the first that does not hold by itself; 0: none. */
int ins_limits_refuse(const struct ins_limits *limits, const char *why, struct ins_error *err);

/* ins_limits_plan_files - an operation for each; those of memory and processes when there is one.
 * Return: 0, −EOPNOTSUPP as from ins_limits_check(), but for a plan that is only printed; −ENOMEM. */
int ins_limits_plan_files(struct ins_plan_builder *builder, const struct ins_limits *limits,
	struct ins_error *err);

/* What was in the files before they were written. Start with {}. */
struct ins_limits_before {
	size_t n, capacity;
	struct ins_limit_before {
		char *name, *text, *written;
	} *v;
};

/**
 * ins_limits_write - one limit into its files
 * @before: the old texts are added to it; NULL: nobody wants them
 *
 * Return: 0, −EBUSY (more is in use, and that was to be checked), −errno of the kernel with words on
 * what it means by it.
 */
int ins_limits_write(int cgroup, const struct ins_limit_files *files,
	struct ins_limits_before *before, struct ins_error *err);

/* ins_limits_restore - write back the old texts, the last first. All are tried; the first failure is
 * told. Return: 0, −errno. */
int ins_limits_restore(int cgroup, struct ins_limits_before *before, struct ins_error *err);

/* ins_limits_forget - free what was kept; @before is empty then. */
void ins_limits_forget(struct ins_limits_before *before);

/* ins_limits_read_now - what holds in a cgroup. A file that it has not got: as in a new one. Return: 0,
 * −errno. */
int ins_limits_read_now(int cgroup, struct ins_limits_now *ret, struct ins_error *err);

/* ins_limits_memory_was_short - a process in the cgroup has not got the memory that it wanted, and was
 * killed or refused for it. */
bool ins_limits_memory_was_short(int cgroup);

#endif
