/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/stats.h"

/* Files with a fixed number of lines. */
#define SMALL_FILE 2048

/* memory.stat has some 60 lines; io.stat one a block device. */
#define LARGE_FILE ((size_t)1 << 20)

#define HUGE_PAGES "/sys/kernel/mm/hugepages"

/* --- text ------------------------------------------------------------------------------------ */

/* Return: 1, 0 if there is no such file, or nothing to be had from it now, or −errno. */
static int read_small(int cgroup, const char *name, char *text, size_t size)
{
	cleanup_fd int fd = openat(cgroup, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	n = pread(fd, text, size - 1, 0);
	/* Pressure can be switched off for a cgroup (cgroup.pressure) or the whole machine. */
	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : -errno;
	text[n] = '\0';
	return 1;
}

/* A number, or the word "max"; *text is moved behind it. */
static bool scan_number(const char **text, uint64_t *ret)
{
	char *end;

	if (strncmp(*text, "max", 3) == 0) {
		*ret = INS_STAT_UNLIMITED;
		*text += 3;
		return true;
	}
	if (**text < '0' || **text > '9')
		return false;
	*ret = strtoull(*text, &end, 10);
	*text = end;
	return true;
}

static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

bool ins_stat_find(const char *text, const char *name, uint64_t *ret_value)
{
	size_t length = strlen(name);

	for (; *text; text = next_line(text)) {
		const char *value = text + length + 1;

		if (strncmp(text, name, length) == 0 && text[length] == ' ')
			return scan_number(&value, ret_value);
	}
	return false;
}

/* A file with one number in it. Return: 1, 0 if there is no such file, or −errno. */
static int read_number(int cgroup, const char *name, uint64_t *ret)
{
	char text[SMALL_FILE];
	const char *at = text;
	int r = read_small(cgroup, name, text, sizeof(text));

	if (r > 0 && !scan_number(&at, ret))
		return -EPROTO;
	return r;
}

/* A file with one line of text in it. */
static int read_line(int cgroup, const char *name, char *text, size_t size)
{
	int r = read_small(cgroup, name, text, size);

	if (r > 0)
		text[strcspn(text, "\n")] = '\0';
	return r;
}

/* "some avg10=0.12 avg60=0.00 avg300=0.00 total=1234" */
static bool scan_pressure(const char *line, struct ins_pressure_line *ret)
{
	unsigned int whole[3], hundredths[3];
	unsigned long long total;

	if (sscanf(line, "%*s avg10=%u.%2u avg60=%u.%2u avg300=%u.%2u total=%llu", &whole[0],
		    &hundredths[0], &whole[1], &hundredths[1], &whole[2], &hundredths[2],
		    &total) != 7)
		return false;
	for (int i = 0; i < 3; i++)
		ret->average[i] = whole[i] * 100 + hundredths[i];
	ret->total = total;
	ret->present = true;
	return true;
}

static int read_pressure(int cgroup, const char *name, struct ins_pressure *ret)
{
	char text[SMALL_FILE] = "";
	int r = read_small(cgroup, name, text, sizeof(text));

	if (r <= 0)
		return r;
	for (const char *line = text; *line; line = next_line(line)) {
		bool some = strncmp(line, "some ", 5) == 0;

		if (!some && strncmp(line, "full ", 5) != 0)
			continue;
		if (!scan_pressure(line, some ? &ret->some : &ret->full))
			return -EPROTO;
	}
	return 0;
}

/* --- controllers ----------------------------------------------------------------------------- */

static int read_cpu(int cgroup, struct ins_cgroup_stats *stats)
{
	char text[SMALL_FILE];
	/* The kernel counts time in every cgroup; that is no matter of the controller. */
	int r = read_small(cgroup, "cpu.stat", text, sizeof(text));

	if (r < 0)
		return r;
	if (r > 0) {
		stats->cpu.present = ins_stat_find(text, "usage_usec", &stats->cpu.usage) &&
				     ins_stat_find(text, "user_usec", &stats->cpu.user) &&
				     ins_stat_find(text, "system_usec", &stats->cpu.system);
		stats->cpu.has_throttling =
			ins_stat_find(text, "nr_periods", &stats->cpu.periods) &&
			ins_stat_find(text, "nr_throttled", &stats->cpu.throttled_periods) &&
			ins_stat_find(text, "throttled_usec", &stats->cpu.throttled);
	}
	return read_pressure(cgroup, "cpu.pressure", &stats->cpu.pressure);
}

static int read_cpuset(int cgroup, struct ins_cgroup_stats *stats)
{
	int r = read_line(
		cgroup, "cpuset.cpus.effective", stats->cpuset.cpus, sizeof(stats->cpuset.cpus));

	if (r <= 0)
		return r;
	r = read_line(
		cgroup, "cpuset.mems.effective", stats->cpuset.mems, sizeof(stats->cpuset.mems));
	stats->cpuset.present = r > 0;
	return r < 0 ? r : 0;
}

/* Cut memory.stat into its lines, in place. */
static int split_values(char *text, size_t *ret_n, const struct ins_stat_value **ret)
{
	struct ins_stat_value *values;
	size_t n = 0, lines = 0;

	for (const char *at = text; *at; at = next_line(at))
		lines++;
	values = calloc(lines + 1, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (char *at = text; *at;) {
		char *end = at + strcspn(at, "\n"), *space = memchr(at, ' ', (size_t)(end - at));
		const char *number = space ? space + 1 : at;

		if (space && scan_number(&number, &values[n].value)) {
			*space = '\0';
			values[n++].name = at;
		}
		at = end + (*end == '\n');
	}
	*ret = values;
	*ret_n = n;
	return 0;
}

static void find_memory_events(const char *text, struct ins_cgroup_stats *stats)
{
	(void)ins_stat_find(text, "low", &stats->memory.low);
	(void)ins_stat_find(text, "high", &stats->memory.high);
	(void)ins_stat_find(text, "max", &stats->memory.max);
	(void)ins_stat_find(text, "oom", &stats->memory.oom);
	(void)ins_stat_find(text, "oom_kill", &stats->memory.oom_kill);
}

static int read_swap(int cgroup, struct ins_cgroup_stats *stats)
{
	int r = read_number(cgroup, "memory.swap.current", &stats->memory.swap_usage);

	if (r <= 0)
		return r;
	r = read_number(cgroup, "memory.swap.max", &stats->memory.swap_limit);
	stats->memory.has_swap = r > 0;
	return r < 0 ? r : 0;
}

static int read_memory(int cgroup, struct ins_cgroup_stats *stats)
{
	char events[SMALL_FILE];
	int r = read_number(cgroup, "memory.current", &stats->memory.usage);

	if (r > 0)
		r = read_number(cgroup, "memory.max", &stats->memory.limit);
	if (r > 0) {
		stats->memory.present = true;
		r = read_number(cgroup, "memory.peak", &stats->memory.peak);
	}
	if (r >= 0 && stats->memory.present)
		r = read_small(cgroup, "memory.events", events, sizeof(events));
	if (r > 0)
		find_memory_events(events, stats);
	if (r >= 0 && stats->memory.present)
		r = read_swap(cgroup, stats);
	if (r >= 0 && stats->memory.present)
		r = ins_file_read(
			cgroup, "memory.stat", LARGE_FILE, &stats->memory_text, NULL, NULL);
	if (r >= 0 && stats->memory_text)
		r = split_values(
			stats->memory_text, &stats->memory.n_values, &stats->memory.values);
	return r < 0 ? r : read_pressure(cgroup, "memory.pressure", &stats->memory.pressure);
}

/* Without the controller nobody counts threads; counting them here would mean to walk through all
 * that the guest has made below. */
static int read_pids(int cgroup, struct ins_cgroup_stats *stats)
{
	int r = read_number(cgroup, "pids.current", &stats->pids.current);

	if (r > 0)
		r = read_number(cgroup, "pids.max", &stats->pids.limit);
	stats->pids.present = r > 0;
	return r < 0 ? r : 0;
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6", and more with some policies. A device that
 * nothing was done on may have no keys at all. */
static bool scan_io(const char *line, struct ins_io_stat *ret)
{
	static const struct {
		const char *key;
		size_t offset;
	} keys[] = {
		{ " rbytes=", offsetof(struct ins_io_stat, read_bytes) },
		{ " wbytes=", offsetof(struct ins_io_stat, write_bytes) },
		{ " dbytes=", offsetof(struct ins_io_stat, discard_bytes) },
		{ " rios=", offsetof(struct ins_io_stat, reads) },
		{ " wios=", offsetof(struct ins_io_stat, writes) },
		{ " dios=", offsetof(struct ins_io_stat, discards) },
	};
	const char *end = line + strcspn(line, "\n");

	*ret = (struct ins_io_stat){ 0 };
	if (sscanf(line, "%u:%u", &ret->major, &ret->minor) != 2)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++) {
		size_t length = strlen(keys[i].key);
		const char *at = memmem(line, (size_t)(end - line), keys[i].key, length);

		if (!at)
			continue;
		at += length;
		if (!scan_number(&at, (uint64_t *)((char *)ret + keys[i].offset)))
			return false;
	}
	return true;
}

static int read_io(int cgroup, struct ins_cgroup_stats *stats)
{
	cleanup_free char *text = NULL;
	struct ins_io_stat *devices;
	size_t lines = 0;
	int r = ins_file_read(cgroup, "io.stat", LARGE_FILE, &text, NULL, NULL);

	if (r < 0 && r != -ENOENT)
		return r;
	if (text) {
		for (const char *line = text; *line; line = next_line(line))
			lines++;
		devices = calloc(lines + 1, sizeof(*devices));
		if (!devices)
			return -ENOMEM;
		stats->io.present = true;
		stats->io.v = devices;
		for (const char *line = text; *line; line = next_line(line))
			stats->io.n += scan_io(line, &devices[stats->io.n]);
	}
	return read_pressure(cgroup, "io.pressure", &stats->io.pressure);
}

/* The kernel names a size by the largest unit in which it is a whole number. */
static void name_huge_size(unsigned long kilobytes, char *name, size_t size)
{
	if (kilobytes >= 1UL << 20)
		snprintf(name, size, "%luGB", kilobytes >> 20);
	else if (kilobytes >= 1UL << 10)
		snprintf(name, size, "%luMB", kilobytes >> 10);
	else
		snprintf(name, size, "%luKB", kilobytes);
}

/* What is reserved counts if the kernel says it (Linux 5.7), else what is in use. */
static int read_huge_size(int cgroup, struct ins_huge_stat *stat)
{
	static const char *const kinds[] = { ".rsvd", "" };
	char name[64], text[SMALL_FILE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(kinds); i++) {
		snprintf(name, sizeof(name), "hugetlb.%s%s.current", stat->size, kinds[i]);
		r = read_number(cgroup, name, &stat->usage);
	}
	if (r <= 0)
		return r;
	snprintf(name, sizeof(name), "hugetlb.%s.events", stat->size);
	if (read_small(cgroup, name, text, sizeof(text)) > 0)
		(void)ins_stat_find(text, "max", &stat->failures);
	return 1;
}

static int read_huge(int cgroup, struct ins_cgroup_stats *stats)
{
	cleanup_dir DIR *sizes = opendir(HUGE_PAGES);
	const struct dirent *entry;

	while (sizes && stats->n_huge < INS_STAT_HUGE_SIZES && (entry = readdir(sizes))) {
		struct ins_huge_stat *stat = &stats->huge[stats->n_huge];
		unsigned long kilobytes;
		int r;

		if (sscanf(entry->d_name, "hugepages-%lukB", &kilobytes) != 1)
			continue;
		*stat = (struct ins_huge_stat){ .usage = 0 };
		name_huge_size(kilobytes, stat->size, sizeof(stat->size));
		r = read_huge_size(cgroup, stat);
		if (r < 0)
			return r;
		stats->n_huge += r > 0;
	}
	return 0;
}

int ins_cgroup_stats_read(int cgroup, struct ins_cgroup_stats *ret_stats, struct ins_error *err)
{
	static int (*const readers[])(int cgroup, struct ins_cgroup_stats *stats) = { read_cpu,
		read_cpuset, read_memory, read_pids, read_io, read_huge };
	struct ins_cgroup_stats stats = { .n_huge = 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(readers); i++)
		r = readers[i](cgroup, &stats);
	if (r < 0) {
		ins_cgroup_stats_clear(&stats);
		return ins_error_set(err, -r, "read the statistics of the container's cgroup");
	}
	*ret_stats = stats;
	return 0;
}

void ins_cgroup_stats_clear(struct ins_cgroup_stats *stats)
{
	free((void *)stats->memory.values);
	free((void *)stats->io.v);
	free(stats->memory_text);
	*stats = (struct ins_cgroup_stats){ .n_huge = 0 };
}

/* --- the out-of-memory killer ---------------------------------------------------------------- */

int ins_cgroup_ooms_open(int cgroup)
{
	int fd = openat(cgroup, "memory.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int ins_cgroup_ooms_read(int fd, uint64_t *ret_killed)
{
	char text[SMALL_FILE];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return ins_stat_find(text, "oom_kill", ret_killed) ? 0 : -ENODATA;
}
