/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cgroup has used, from its files. A controller that the cgroup has not got leaves no files,
 * and then nothing is said of it: each part has a `present`.
 */
#ifndef INSULA_CGROUP_STATS_H
#define INSULA_CGROUP_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insula.h"

/* A limit that is not set: the kernel's word "max". */
#define INS_STAT_UNLIMITED UINT64_MAX

/* More kinds of huge pages than any architecture has. */
#define INS_STAT_HUGE_SIZES 8

/* Pressure stall information: how much of the time processes waited for a resource. */
struct ins_pressure_line {
	bool present;
	uint32_t average[3]; /* of the last 10, 60, 300 seconds, in hundredths of a percent */
	uint64_t total;      /* microseconds */
};

struct ins_pressure {
	struct ins_pressure_line some, full; /* at least one process, all of them */
};

/* A line "name value" of memory.stat. */
struct ins_stat_value {
	const char *name;
	uint64_t value;
};

/* A line of io.stat: what was done on one block device. */
struct ins_io_stat {
	uint32_t major, minor;
	uint64_t read_bytes, write_bytes, discard_bytes;
	uint64_t reads, writes, discards;
};

struct ins_huge_stat {
	char size[24]; /* "2MB" */
	uint64_t usage, failures;
};

struct ins_cgroup_stats {
	struct {
		bool present, has_throttling;
		uint64_t usage, user, system; /* microseconds */
		uint64_t periods, throttled_periods, throttled; /* the last in microseconds */
		struct ins_pressure pressure;
	} cpu;
	struct {
		bool present;
		char cpus[1024], mems[256]; /* lists: "0-3,7" */
	} cpuset;
	struct {
		bool present;
		uint64_t usage, limit, peak; /* bytes; peak 0: before Linux 5.19 */
		bool has_swap;
		uint64_t swap_usage, swap_limit;
		uint64_t low, high, max, oom, oom_kill; /* how often: memory.events */
		size_t n_values;
		const struct ins_stat_value *values; /* memory.stat */
		struct ins_pressure pressure;
	} memory;
	struct {
		bool present;
		uint64_t current, limit; /* threads */
	} pids;
	struct {
		bool present;
		size_t n;
		const struct ins_io_stat *v;
		struct ins_pressure pressure;
	} io;
	size_t n_huge;
	struct ins_huge_stat huge[INS_STAT_HUGE_SIZES];
	char *memory_text; /* what the names above are in */
};

/**
 * ins_cgroup_stats_read - all that is known of a cgroup and what is below it
 * @cgroup: its directory
 * @ret_stats: to be freed with ins_cgroup_stats_clear()
 *
 * Opens a fixed number of files, however much the guest has made below.
 *
 * Return: 0, −ENODEV if the cgroup is gone, −errno.
 */
int ins_cgroup_stats_read(int cgroup, struct ins_cgroup_stats *ret_stats, struct ins_error *err);

/* ins_cgroup_stats_clear - free what the statistics own; they are empty then. */
void ins_cgroup_stats_clear(struct ins_cgroup_stats *stats);

static inline void ins_cleanup_cgroup_stats(struct ins_cgroup_stats *stats)
{
	ins_cgroup_stats_clear(stats);
}

#define cleanup_cgroup_stats __attribute__((cleanup(ins_cleanup_cgroup_stats)))

/* ins_stat_find - the value of the line "name value". Return: false if there is none. */
bool ins_stat_find(const char *text, const char *name, uint64_t *ret_value);

/**
 * ins_cgroup_ooms_open - what to wait on for the out-of-memory killer
 *
 * Return: an fd that poll(2) reports POLLPRI for when memory.events has changed since it was last
 * read, −ENOENT without the memory controller, −errno.
 */
int ins_cgroup_ooms_open(int cgroup);

/* ins_cgroup_ooms_read - how many processes the killer has ended. Return: 0, −ENODEV if the cgroup is
 * gone, −errno. */
int ins_cgroup_ooms_read(int fd, uint64_t *ret_killed);

#endif
