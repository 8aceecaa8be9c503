/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics from a directory that looks like a cgroup, and from a real one. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cgroup-fixture.h"
#include "cgroup/stats.h"

/* A directory that stands for a cgroup. */
struct directory {
	char path[64];
	int fd;
};

static int set_up_directory(void **data)
{
	struct directory *directory = calloc(1, sizeof(*directory));

	*data = directory;
	strcpy(directory->path, "/tmp/insula-test-stats-XXXXXX");
	if (!mkdtemp(directory->path))
		return -1;
	directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory->fd < 0 ? -1 : 0;
}

static int tear_down_directory(void **data)
{
	struct directory *directory = *data;
	DIR *entries = fdopendir(directory->fd);
	const struct dirent *entry;

	while ((entry = readdir(entries)))
		(void)unlinkat(directory->fd, entry->d_name, 0);
	(void)closedir(entries);
	(void)rmdir(directory->path);
	free(directory);
	return 0;
}

static void put(const struct directory *directory, const char *name, const char *text)
{
	int fd = openat(directory->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct ins_cgroup_stats read_stats(const struct directory *directory)
{
	struct ins_cgroup_stats stats;
	struct ins_error err = { 0 };

	if (ins_cgroup_stats_read(directory->fd, &stats, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(err.code, 0);
	return stats;
}

static void refuse_stats(const struct directory *directory, int code)
{
	struct ins_cgroup_stats stats;
	struct ins_error err = { 0 };

	assert_int_equal(ins_cgroup_stats_read(directory->fd, &stats, &err), -code);
}

/* No controller: nothing is said, least of all 0. */
static void test_nothing(void **data)
{
	struct ins_cgroup_stats stats = read_stats(*data);

	assert_false(stats.cpu.present);
	assert_false(stats.cpu.has_throttling);
	assert_false(stats.cpu.pressure.some.present);
	assert_false(stats.cpuset.present);
	assert_false(stats.memory.present);
	assert_false(stats.pids.present);
	assert_false(stats.io.present);
	assert_int_equal(stats.n_huge, 0);
	ins_cgroup_stats_clear(&stats);
}

static void test_cpu(void **data)
{
	const struct directory *directory = *data;
	struct ins_cgroup_stats stats;

	put(directory, "cpu.stat", "usage_usec 30\nuser_usec 10\nsystem_usec 20\n");
	stats = read_stats(directory);
	assert_true(stats.cpu.present);
	assert_false(stats.cpu.has_throttling);
	assert_int_equal(stats.cpu.usage, 30);
	assert_int_equal(stats.cpu.user, 10);
	assert_int_equal(stats.cpu.system, 20);
	ins_cgroup_stats_clear(&stats);
	put(directory, "cpu.stat",
		"usage_usec 18446744073709551615\nuser_usec 10\nsystem_usec 20\nnice_usec 0\n"
		"nr_periods 7\nnr_throttled 6\nthrottled_usec 5\nnr_bursts 4\nburst_usec 3\n");
	put(directory, "cpu.pressure",
		"some avg10=1.05 avg60=20.00 avg300=100.00 total=123456789012\n"
		"full avg10=0.00 avg60=0.00 avg300=0.10 total=0\n");
	stats = read_stats(directory);
	assert_true(stats.cpu.usage == UINT64_MAX);
	assert_true(stats.cpu.has_throttling);
	assert_int_equal(stats.cpu.periods, 7);
	assert_int_equal(stats.cpu.throttled_periods, 6);
	assert_int_equal(stats.cpu.throttled, 5);
	assert_true(stats.cpu.pressure.some.present && stats.cpu.pressure.full.present);
	assert_int_equal(stats.cpu.pressure.some.average[0], 105);
	assert_int_equal(stats.cpu.pressure.some.average[1], 2000);
	assert_int_equal(stats.cpu.pressure.some.average[2], 10000);
	assert_int_equal(stats.cpu.pressure.some.total, 123456789012);
	assert_int_equal(stats.cpu.pressure.full.average[2], 10);
	ins_cgroup_stats_clear(&stats);
	/* Before Linux 5.13 there is only one line. */
	put(directory, "cpu.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
	stats = read_stats(directory);
	assert_true(stats.cpu.pressure.some.present && !stats.cpu.pressure.full.present);
	ins_cgroup_stats_clear(&stats);
	put(directory, "cpu.pressure", "some avg10=x\n");
	refuse_stats(directory, EPROTO);
}

static void test_memory(void **data)
{
	const struct directory *directory = *data;
	struct ins_cgroup_stats stats;

	put(directory, "memory.current", "4096\n");
	put(directory, "memory.max", "max\n");
	put(directory, "memory.events",
		"low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 0\n");
	put(directory, "memory.stat", "anon 1\nfile 18446744073709551615\nnot-a-line\nkernel 3");
	stats = read_stats(directory);
	assert_true(stats.memory.present);
	assert_false(stats.memory.has_swap);
	assert_int_equal(stats.memory.usage, 4096);
	assert_true(stats.memory.limit == INS_STAT_UNLIMITED);
	assert_int_equal(stats.memory.peak, 0);
	assert_int_equal(stats.memory.low, 1);
	assert_int_equal(stats.memory.high, 2);
	assert_int_equal(stats.memory.max, 3);
	assert_int_equal(stats.memory.oom, 4);
	assert_int_equal(stats.memory.oom_kill, 5);
	assert_int_equal(stats.memory.n_values, 3);
	assert_string_equal(stats.memory.values[0].name, "anon");
	assert_string_equal(stats.memory.values[1].name, "file");
	assert_true(stats.memory.values[1].value == UINT64_MAX);
	assert_string_equal(stats.memory.values[2].name, "kernel");
	assert_int_equal(stats.memory.values[2].value, 3);
	ins_cgroup_stats_clear(&stats);
	put(directory, "memory.peak", "8192\n");
	put(directory, "memory.swap.current", "10\n");
	put(directory, "memory.swap.max", "20\n");
	stats = read_stats(directory);
	assert_int_equal(stats.memory.peak, 8192);
	assert_true(stats.memory.has_swap);
	assert_int_equal(stats.memory.swap_usage, 10);
	assert_int_equal(stats.memory.swap_limit, 20);
	ins_cgroup_stats_clear(&stats);
	put(directory, "memory.current", "much\n");
	refuse_stats(directory, EPROTO);
}

static void test_io(void **data)
{
	const struct directory *directory = *data;
	struct ins_cgroup_stats stats;

	put(directory, "io.stat",
		"8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
		"7:0 \n"
		"253:1048575 dios=6 cost.usage=9 rbytes=18446744073709551615\n"
		"broken\n");
	stats = read_stats(directory);
	assert_true(stats.io.present);
	assert_int_equal(stats.io.n, 3);
	assert_memory_equal(&stats.io.v[0],
		&((struct ins_io_stat){ .major = 8,
			.minor = 16,
			.read_bytes = 1,
			.write_bytes = 2,
			.discard_bytes = 5,
			.reads = 3,
			.writes = 4,
			.discards = 6 }),
		sizeof(struct ins_io_stat));
	assert_int_equal(stats.io.v[1].major, 7);
	assert_int_equal(stats.io.v[1].read_bytes, 0);
	assert_int_equal(stats.io.v[2].minor, 1048575);
	assert_true(stats.io.v[2].read_bytes == UINT64_MAX);
	assert_int_equal(stats.io.v[2].discards, 6);
	assert_int_equal(stats.io.v[2].discard_bytes, 0);
	ins_cgroup_stats_clear(&stats);
	put(directory, "io.stat", "");
	stats = read_stats(directory);
	assert_true(stats.io.present);
	assert_int_equal(stats.io.n, 0);
	ins_cgroup_stats_clear(&stats);
}

static void test_others(void **data)
{
	const struct directory *directory = *data;
	struct ins_cgroup_stats stats;

	put(directory, "pids.current", "12\n");
	put(directory, "pids.max", "max\n");
	put(directory, "cpuset.cpus.effective", "0-3,7\n");
	put(directory, "cpuset.mems.effective", "0\n");
	/* Every machine that the tests run on has this size. */
	put(directory, "hugetlb.2MB.current", "2097152\n");
	put(directory, "hugetlb.2MB.events", "max 3\n");
	stats = read_stats(directory);
	assert_true(stats.pids.present);
	assert_int_equal(stats.pids.current, 12);
	assert_true(stats.pids.limit == INS_STAT_UNLIMITED);
	assert_true(stats.cpuset.present);
	assert_string_equal(stats.cpuset.cpus, "0-3,7");
	assert_string_equal(stats.cpuset.mems, "0");
	if (access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) == 0) {
		assert_int_equal(stats.n_huge, 1);
		assert_string_equal(stats.huge[0].size, "2MB");
		assert_int_equal(stats.huge[0].usage, 2097152);
		assert_int_equal(stats.huge[0].failures, 3);
	}
	ins_cgroup_stats_clear(&stats);
	put(directory, "hugetlb.2MB.rsvd.current", "4194304\n");
	stats = read_stats(directory);
	if (stats.n_huge > 0)
		assert_int_equal(stats.huge[0].usage, 4194304);
	ins_cgroup_stats_clear(&stats);
}

/* A file of a cgroup is never a link. */
static void test_link(void **data)
{
	const struct directory *directory = *data;

	assert_int_equal(symlinkat("/proc/version", directory->fd, "pids.current"), 0);
	refuse_stats(directory, ELOOP);
}

static void test_ooms(void **data)
{
	const struct directory *directory = *data;
	uint64_t killed;
	int fd;

	assert_int_equal(ins_cgroup_ooms_open(directory->fd), -ENOENT);
	put(directory, "memory.events", "oom 9\noom_kill 5\noom_group_kill 1\n");
	fd = ins_cgroup_ooms_open(directory->fd);
	assert_true(fd >= 0);
	assert_int_equal(ins_cgroup_ooms_read(fd, &killed), 0);
	assert_int_equal(killed, 5);
	put(directory, "memory.events", "oom 9\n");
	assert_int_equal(ins_cgroup_ooms_read(fd, &killed), -ENODATA);
	close(fd);
}

static void test_real(void **data)
{
	const struct fixture *fixture = *data;
	struct ins_cgroup_stats stats;
	struct ins_error err = { 0 };
	pid_t pid;

	NEEDS_CGROUP(fixture);
	pid = start_sleeper(fixture->fd);
	assert_int_equal(ins_cgroup_stats_read(fixture->fd, &stats, &err), 0);
	/* Time is counted without a controller. */
	assert_true(stats.cpu.present);
	assert_true(stats.cpu.usage >= stats.cpu.user);
	if (stats.pids.present)
		assert_int_equal(stats.pids.current, 1);
	ins_cgroup_stats_clear(&stats);
	assert_int_equal(ins_cgroup_kill(fixture->fd, &err), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* A cgroup that is removed has no files any more. */
	assert_int_equal(rmdir(fixture->full), 0);
	if (ins_cgroup_stats_read(fixture->fd, &stats, &err) == 0) {
		assert_false(stats.cpu.present);
		ins_cgroup_stats_clear(&stats);
	}
}

#define directory_test(function) \
	cmocka_unit_test_setup_teardown(function, set_up_directory, tear_down_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		directory_test(test_nothing),
		directory_test(test_cpu),
		directory_test(test_memory),
		directory_test(test_io),
		directory_test(test_others),
		directory_test(test_link),
		directory_test(test_ooms),
		cmocka_unit_test_setup_teardown(test_real, set_up_cgroup, tear_down_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
