/* SPDX-License-Identifier: Apache-2.0 */
/* A look at hosts that are made up. */
#include "partition/check.h"
#include "test-spec.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];

static void put(const char *path, const char *text)
{
	char whole[256];
	int fd;

	snprintf(whole, sizeof(whole), "%s/%s", root, path);
	for (char *slash = whole + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* A host that has what partitions need, and little more. */
static int setup(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test-check.XXXXXX");
	assert_non_null(mkdtemp(root));
	put("proc/sys/kernel/osrelease", "6.12.3-made-up\n");
	put("proc/filesystems", "nodev\ttmpfs\n\text4\nnodev\toverlay\n");
	put("proc/self/mountinfo", "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
				   "30 20 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 none rw\n"
				   "40 20 8:2 / /var rw shared:5 - xfs /dev/sda2 rw,prjquota\n");
	put("proc/sys/user/max_user_namespaces", "1000\n");
	put("proc/loadavg", "0.00 0.01 0.05 1/300 4242\n");
	put("proc/sys/kernel/pid_max", "32768\n");
	put("proc/meminfo", "MemTotal:  8000000 kB\nMemFree: 5 kB\nMemAvailable:  4150000 kB\n");
	put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory\n");
	put("lib/modules/6.12.3-made-up/modules.dep", "kernel/drivers/net/veth.ko.xz:\n");
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

struct wanted {
	const char *name;
	struct ins_finding finding;
	char value[128], remedy[128];
	bool found;
};

static int look(void *data, const struct ins_finding *finding)
{
	struct wanted *wanted = data;

	assert_true(finding->name && finding->purpose);
	if (strcmp(finding->name, wanted->name) != 0)
		return 0;
	assert_false(wanted->found);
	wanted->found = true;
	wanted->finding = *finding;
	snprintf(wanted->value, sizeof(wanted->value), "%s", finding->value ? finding->value : "");
	snprintf(wanted->remedy, sizeof(wanted->remedy), "%s",
		finding->remedy ? finding->remedy : "");
	return 0;
}

/* The finding of that name. */
static struct wanted find(const char *name)
{
	struct wanted wanted = { .name = name };
	struct ins_error err = {};
	struct ins_check check;

	assert_int_equal(ins_check_open(root, &check, &err), 0);
	check.library = "/var/lib/insula";
	check.partitions = 288;
	check.running = 5;
	check.visit = look;
	check.data = &wanted;
	assert_int_equal(ins_check_features(&check), 0);
	assert_int_equal(ins_check_limits(&check), 0);
	ins_check_close(&check);
	assert_true(wanted.found);
	return wanted;
}

static void assert_feature(const char *name, enum ins_finding_state state, const char *value)
{
	struct wanted wanted = find(name);

	assert_int_equal(wanted.finding.kind, INS_FINDING_FEATURE);
	assert_int_equal(wanted.finding.state, state);
	assert_string_equal(wanted.value, value);
	assert_int_equal(wanted.remedy[0] == '\0', state == INS_FINDING_OK);
}

static void test_features(void **state)
{
	(void)state;
	assert_feature("kernel 5.19", INS_FINDING_OK, "6.12");
	assert_feature("overlay", INS_FINDING_OK, "");
	assert_feature("erofs", INS_FINDING_SHORT, "");
	assert_feature("layers by descriptor", INS_FINDING_SHORT, "");
	assert_feature("cgroup2", INS_FINDING_OK, "/sys/fs/cgroup");
	assert_feature("controllers", INS_FINDING_SHORT, "not pids");
	assert_feature("swap accounting", INS_FINDING_OK, "");
	put("proc/cmdline", "quiet swapaccount=0\n");
	assert_feature("swap accounting", INS_FINDING_SHORT, "");
	put("proc/cmdline", "quiet\n");
	put("sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n");
	assert_feature("swap accounting", INS_FINDING_SHORT, "without the controller memory");
	assert_feature("veth", INS_FINDING_OK, "");
	assert_feature("nf_tables", INS_FINDING_SHORT, "");
	assert_feature("disk limits", INS_FINDING_OK, "project quota");
	assert_feature("library", INS_FINDING_OK, "");
	assert_feature("name servers", INS_FINDING_SHORT, "");
	put("etc/resolv.conf", "search example.org\nnameserver 127.0.0.53\n");
	assert_feature("name servers", INS_FINDING_SHORT, "");
	put("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.53\n");
	assert_feature("name servers", INS_FINDING_OK, "");
	assert_feature("systemd", INS_FINDING_SHORT, "");
	put("proc/kallsyms", "0 t nf_tables_newtable\n");
	put("run/systemd/system/x", "");
	assert_feature("systemd", INS_FINDING_OK, "");
	/* There is a list of modules: it counts. */
	assert_feature("nf_tables", INS_FINDING_SHORT, "");
	put("lib/modules/6.12.3-made-up/modules.dep", "");
	assert_feature("nf_tables", INS_FINDING_OK, "");
}

static void test_missing(void **state)
{
	char library[sizeof(root) + 16], value[64];

	(void)state;
	put("var/lib/insula/x", "");
	snprintf(library, sizeof(library), "%s/var/lib/insula", root);
	assert_int_equal(chmod(library, 0755), 0);
	snprintf(value, sizeof(value), "of user %u, mode 755", (unsigned int)geteuid());
	assert_feature("library", INS_FINDING_MISSING, value);
	assert_int_equal(chmod(library, 0700), 0);
	assert_feature("library", INS_FINDING_OK, "");
	put("proc/sys/kernel/osrelease", "5.15.0\n");
	put("proc/sys/user/max_user_namespaces", "0\n");
	put("proc/self/mountinfo", "40 20 8:2 / /var rw - xfs /dev/sda2 rw\n");
	put("proc/filesystems", "nodev\toverlayfs\n");
	assert_feature("kernel 5.19", INS_FINDING_MISSING, "5.15");
	assert_feature("user namespaces", INS_FINDING_MISSING, "at most 0");
	assert_feature("root directory", INS_FINDING_MISSING, "");
	assert_feature("cgroup2", INS_FINDING_MISSING, "");
	assert_feature("overlay", INS_FINDING_MISSING, "");
	assert_feature("disk limits", INS_FINDING_SHORT, "");
}

static void assert_limit(const char *name, uint64_t now, uint64_t maximum, uint64_t room,
	enum ins_finding_state state)
{
	struct wanted wanted = find(name);

	assert_int_equal(wanted.finding.kind, INS_FINDING_LIMIT);
	assert_int_equal(wanted.finding.now, now);
	assert_int_equal(wanted.finding.maximum, maximum);
	assert_int_equal(wanted.finding.room, room);
	assert_int_equal(wanted.finding.state, state);
}

static void test_limits(void **state)
{
	const uint64_t none = INS_FINDING_NONE;

	(void)state;
	assert_limit("numbers", 288, 12288, 12000, INS_FINDING_OK);
	assert_limit("memory", UINT64_C(3850000) * 1024, UINT64_C(8000000) * 1024, 10000,
		INS_FINDING_OK);
	assert_limit("kernel.pid_max", 300, 32768, 32468, INS_FINDING_OK);
	assert_limit("user.max_user_namespaces", 5, 1000, 995, INS_FINDING_OK);
	assert_limit("user.max_net_namespaces", 5, none, none, INS_FINDING_OK);
	assert_limit("bridge ports", 0, 1023, 1023, INS_FINDING_OK);
	for (int i = 0; i < 1000; i++) {
		char path[64];

		snprintf(path, sizeof(path), "sys/class/net/br0/brif/veth%d", i);
		put(path, "");
	}
	assert_limit("bridge ports", 1000, 1023, 23, INS_FINDING_SHORT);
	put("proc/sys/fs/inotify/max_user_instances", "128\n");
	assert_limit("fs.inotify.max_user_instances", none, 128, 12, INS_FINDING_SHORT);
	put("proc/sys/kernel/keys/maxkeys", "200\n");
	assert_limit("kernel.keys.maxkeys", none, 200, none, INS_FINDING_OK);
	put("sys/fs/cgroup/cgroup.max.descendants", "max\n");
	put("sys/fs/cgroup/cgroup.stat", "nr_descendants 7\nnr_dying_descendants 0\n");
	assert_limit("cgroup.max.descendants", 7, none, none, INS_FINDING_OK);
	put("sys/fs/cgroup/cgroup.max.descendants", "7\n");
	assert_limit("cgroup.max.descendants", 7, 7, 0, INS_FINDING_MISSING);
	put("proc/sys/kernel/pty/max", "4096\n");
	put("proc/sys/kernel/pty/reserve", "1024\n");
	put("proc/sys/kernel/pty/nr", "72\n");
	assert_limit("kernel.pty.max", 72, 3072, 3000, INS_FINDING_OK);
	assert_string_equal(find("kernel.pid_max").remedy, "sysctl -w kernel.pid_max=4194304");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_features, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
