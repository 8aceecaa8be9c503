/* SPDX-License-Identifier: Apache-2.0 */
/* What the host can do. A row a feature; those that take more than a look at one file have a function. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "partition/check.h"
#include "partition/files.h"
#include "sys/program.h"

/* Overlay takes id-mapped layers from here on, and without them no two partitions share an image. */
#define KERNEL_MAJOR 5
#define KERNEL_MINOR 19

struct feature {
	const char *name;
	bool is_needed; /* no partition runs without */
	/* One of these tells: the first kernel that has it, a file, a file system, a module with one of its
	 * functions, a program of insula's; or a function, which may also say what it has found. */
	unsigned int major, minor;
	const char *path, *file_system, *module, *symbol, *program;
	bool (*test)(const struct ins_check *check, char *value, size_t size);
	const char *purpose, *remedy;
};

static bool kernel_is(const struct ins_check *check, unsigned int major, unsigned int minor)
{
	return check->kernel_major > major ||
	       (check->kernel_major == major && check->kernel_minor >= minor);
}

/* A line of it ends in a tab and the name. */
static bool has_file_system(const struct ins_check *check, const char *name)
{
	size_t size = strlen(name);
	const char *at = check->file_systems;

	while ((at = strstr(at, name))) {
		if (at > check->file_systems && at[-1] == '\t' && at[size] == '\n')
			return true;
		at += size;
	}
	return false;
}

static bool has_module(const struct ins_check *check, const char *name, const char *symbol)
{
	char text[64];

	snprintf(text, sizeof(text), "sys/module/%s", name);
	if (ins_check_exists(check, text))
		return true;
	snprintf(text, sizeof(text), "/%s.ko", name);
	if (strstr(check->modules, text))
		return true;
	snprintf(text, sizeof(text), " %s\n", symbol ? symbol : "");
	return symbol && check->symbols && strstr(check->symbols, text);
}

static bool test_kernel(const struct ins_check *check, char *value, size_t size)
{
	snprintf(value, size, "%u.%u", check->kernel_major, check->kernel_minor);
	return kernel_is(check, KERNEL_MAJOR, KERNEL_MINOR);
}

static bool test_user_namespaces(const struct ins_check *check, char *value, size_t size)
{
	cleanup_free char *most = ins_check_read(check, "proc/sys/user/max_user_namespaces");

	if (!most)
		return ins_check_exists(check, "proc/self/ns/user");
	snprintf(value, size, "at most %.*s", (int)strcspn(most, "\n"), most);
	return strcmp(most, "0\n") != 0;
}

/* A root directory that is not the file system's: the kernel makes no user namespace from there. */
static bool test_root(const struct ins_check *check, char *value, size_t size)
{
	(void)value;
	(void)size;
	return ins_check_mount(check, "/", NULL) != NULL;
}

static bool test_cgroup(const struct ins_check *check, char *value, size_t size)
{
	if (check->cgroup_mount[0])
		snprintf(value, size, "/%s", check->cgroup_mount);
	return check->cgroup_mount[0];
}

/* @padded: becomes " cpu io memory ". */
static void read_controllers(const struct ins_check *check, char *padded, size_t size)
{
	char path[sizeof(check->cgroup_mount) + 32];
	cleanup_free char *text = NULL;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", check->cgroup_mount);
	text = check->cgroup_mount[0] ? ins_check_read(check, path) : NULL;
	snprintf(padded, size, " %.*s ", text ? (int)strcspn(text, "\n") : 0, text ? text : "");
}

static bool test_controllers(const struct ins_check *check, char *value, size_t size)
{
	static const char *const wanted[] = { "cpu", "cpuset", "io", "memory", "pids" };
	char padded[512];
	bool all = true;

	if (!check->cgroup_mount[0])
		return false;
	read_controllers(check, padded, sizeof(padded));
	for (size_t i = 0; i < ARRAY_LENGTH(wanted); i++) {
		char word[16];

		snprintf(word, sizeof(word), " %s ", wanted[i]);
		if (strstr(padded, word))
			continue;
		snprintf(value + strlen(value), size - strlen(value), "%s%s", all ? "not " : ", ",
			wanted[i]);
		all = false;
	}
	return all;
}

static bool test_swap(const struct ins_check *check, char *value, size_t size)
{
	cleanup_free char *line = ins_check_read(check, "proc/cmdline");
	char padded[512];

	read_controllers(check, padded, sizeof(padded));
	if (!strstr(padded, " memory ")) {
		snprintf(value, size, "without the controller memory");
		return false;
	}
	return !line || !strstr(line, "swapaccount=0");
}

/* Where it is not yet, it will be made as it has to be. */
static bool test_library(const struct ins_check *check, char *value, size_t size)
{
	struct stat s;

	if (fstatat(check->root, check->library + 1, &s, 0) < 0)
		return true;
	if (s.st_uid == geteuid() && !(s.st_mode & 077))
		return true;
	snprintf(value, size, "of user %u, mode %o", (unsigned int)s.st_uid,
		(unsigned int)s.st_mode & 07777);
	return false;
}

static bool test_resolver(const struct ins_check *check, char *value, size_t size)
{
	cleanup_free char *own = ins_check_read(check, &INS_RESOLVER[1]);
	cleanup_free char *upstream = ins_check_read(check, &INS_RESOLVER_UPSTREAM[1]);

	(void)value;
	(void)size;
	return (own && ins_resolver_is_reachable(own)) ||
	       (upstream && ins_resolver_is_reachable(upstream));
}

/* By the file system itself, or by one of the partition's own in a file. */
static bool test_quota(const struct ins_check *check, char *value, size_t size)
{
	const char *line = ins_check_mount(check, check->library, NULL);
	size_t length = line ? strcspn(line, "\n") : 0;

	if (line && (memmem(line, length, "prjquota", 8) || memmem(line, length, "pquota", 6))) {
		snprintf(value, size, "project quota");
		return true;
	}
	if (!ins_check_exists(check, "dev/loop-control") &&
		!has_module(check, "loop", "loop_configure"))
		return false;
	snprintf(value, size, "loop devices");
	return true;
}

static bool test_lxcfs(const struct ins_check *check, char *value, size_t size)
{
	(void)value;
	(void)size;
	return ins_check_mount(check, NULL, "fuse.lxcfs");
}

static bool test_forwarding(const struct ins_check *check, char *value, size_t size)
{
	cleanup_free char *text = ins_check_read(check, "proc/sys/net/ipv4/ip_forward");

	(void)value;
	(void)size;
	return text && text[0] == '1';
}

static bool test_verity(const struct ins_check *check, char *value, size_t size)
{
	(void)value;
	(void)size;
	return check->has_verity;
}

#define LOAD(module) "load the module " module " (modprobe " module ")"
#define UPGRADE      "a newer kernel has it"

static const struct feature features[] = {
	{ "kernel 5.19", .is_needed = true, .test = test_kernel,
		.purpose = "roots that partitions share, each with ids of its own",
		.remedy = "install a newer kernel" },
	{ "user namespaces", .is_needed = true, .test = test_user_namespaces,
		.purpose = "a root in the partition who is nobody outside",
		.remedy = "sysctl -w user.max_user_namespaces=100000" },
	{ "root directory", .is_needed = true, .test = test_root,
		.purpose = "user namespaces, which the kernel does not make in a chroot",
		.remedy = "run insula outside of the chroot, or mount /proc" },
	{ "overlay", .is_needed = true, .file_system = "overlay", .module = "overlay",
		.purpose = "a layer of its own over the image", .remedy = LOAD("overlay") },
	{ "layers by descriptor", .major = 6, .minor = 13,
		.purpose = "a root that is mounted without a helper process", .remedy = UPGRADE },
	{ "erofs", .file_system = "erofs", .module = "erofs",
		.purpose = "templates that are one file", .remedy = LOAD("erofs") },
	{ "cgroup2", .is_needed = true, .test = test_cgroup,
		.purpose = "knowing, freezing and ending a partition's processes",
		.remedy = "boot with systemd.unified_cgroup_hierarchy=1, or "
			  "mount -t cgroup2 none /sys/fs/cgroup" },
	{ "controllers", .test = test_controllers, .purpose = "limits: --memory, --cpus, --pids …",
		.remedy = "boot with cgroup_no_v1=all: cgroup1 has them" },
	{ "swap accounting", .test = test_swap, .purpose = "the limit --swap",
		.remedy = "boot without swapaccount=0; it is the controller memory that counts" },
	{ "freezer", .major = 5, .minor = 2, .purpose = "pause, and snapshots of what runs",
		.remedy = UPGRADE },
	{ "cgroup.kill", .major = 5, .minor = 14, .purpose = "ending all processes in one step",
		.remedy = UPGRADE },
	{ "pidfd", .is_needed = true, .major = 5, .minor = 4,
		.purpose = "signals that cannot hit a stranger", .remedy = UPGRADE },
	{ "exit status by pidfd", .major = 6, .minor = 15,
		.purpose = "the exit status of partitions that outlive their keeper",
		.remedy = UPGRADE },
	{ "time namespaces", .path = "proc/self/ns/time", .purpose = "an uptime of its own",
		.remedy = "a kernel with CONFIG_TIME_NS" },
	{ "seccomp", .path = "proc/sys/kernel/seccomp/actions_avail",
		.purpose = "filters of system calls",
		.remedy = "a kernel with CONFIG_SECCOMP_FILTER" },
	{ "veth", .module = "veth", .symbol = "veth_newlink", .purpose = "net routed and bridge",
		.remedy = LOAD("veth") },
	{ "nf_tables", .module = "nf_tables", .symbol = "nf_tables_newtable",
		.purpose = "addresses that cannot be forged, --publish, --group",
		.remedy = LOAD("nf_tables") },
	{ "macvlan", .module = "macvlan", .symbol = "macvlan_common_newlink",
		.purpose = "net macvlan", .remedy = LOAD("macvlan") },
	{ "forwarding", .test = test_forwarding, .purpose = "the way out of net routed",
		.remedy = "sysctl -w net.ipv4.ip_forward=1" },
	{ "library", .is_needed = true, .test = test_library,
		.purpose = "templates and partitions, behind a door that is shut",
		.remedy = "chown it to who calls insula, and chmod 700" },
	{ "name servers", .test = test_resolver, .purpose = "names of the outside in partitions",
		.remedy = "give them one with --dns: /etc/resolv.conf has none, or only such as "
			  "listen on the host's loopback" },
	{ "disk limits", .test = test_quota, .purpose = "the limit --disk",
		.remedy =
			"mount the library's file system with prjquota, or load the module loop" },
	{ "fs-verity", .test = test_verity,
		.purpose = "templates with --erofs that the kernel itself checks",
		.remedy = "a kernel with CONFIG_FS_VERITY, and for an ext4 that has the library: "
			  "tune2fs -O verity" },
	{ "lxcfs", .test = test_lxcfs, .purpose = "/proc that shows the partition's limits",
		.remedy = "install and start lxcfs" },
	{ "systemd", .path = "run/systemd/system", .purpose = "a unit for each partition",
		.remedy = "nothing: insula-keeper looks after partitions instead" },
	{ "insula-net", .program = "insula-net", .purpose = "networks of partitions",
		.remedy = "build insula with libmnl, and install it" },
	{ "insula-image", .program = "insula-image", .purpose = "making templates",
		.remedy = "build insula with libarchive, and install it" },
	{ "insula-keeper", .program = "insula-keeper",
		.purpose = "looking after partitions where systemd does not",
		.remedy = "install it beside insula" },
	{ "insula-systemd", .program = "insula-systemd", .purpose = "units and scopes of systemd",
		.remedy = "build insula with libsystemd, and install it" },
};

static bool is_there(
	const struct ins_check *check, const struct feature *feature, char *value, size_t size)
{
	char path[PATH_MAX];

	if (feature->test)
		return feature->test(check, value, size);
	if (feature->major)
		return kernel_is(check, feature->major, feature->minor);
	if (feature->path)
		return ins_check_exists(check, feature->path);
	if (feature->program) {
		ins_program_find(feature->program, path, sizeof(path));
		return access(path, X_OK) == 0;
	}
	return (feature->file_system && has_file_system(check, feature->file_system)) ||
	       has_module(check, feature->module, feature->symbol);
}

int ins_check_features(struct ins_check *check)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(features); i++) {
		const struct feature *feature = &features[i];
		char value[128] = "";
		bool ok = is_there(check, feature, value, sizeof(value));
		struct ins_finding finding = { .kind = INS_FINDING_FEATURE,
			.state = ok ? INS_FINDING_OK : INS_FINDING_SHORT,
			.name = feature->name,
			.value = value[0] ? value : NULL,
			.now = INS_FINDING_NONE,
			.maximum = INS_FINDING_NONE,
			.room = INS_FINDING_NONE,
			.purpose = feature->purpose,
			.remedy = ok ? NULL : feature->remedy };

		if (!ok && feature->is_needed)
			finding.state = INS_FINDING_MISSING;
		r = check->visit(check->data, &finding);
	}
	return r;
}
