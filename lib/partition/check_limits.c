/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many more partitions fit: what each takes at least, of what there is so much of. Some things that
 * users of others have run into do not count here, and are told of for that reason.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "partition/check.h"
#include "partition/number.h"

/* The kernel's memory of a partition that does nothing, with a network of its own and an overlay: measured
 * with thousands of them. Half of it is slab of the network namespace. */
#define MEMORY_EACH (415 * UINT64_C(1024))

/* Its directory: eleven files and directories, and the whiteouts of a first start. */
#define INODES_EACH 12
#define DISK_EACH   (48 * UINT64_C(1024))

/* The kernel has so many ports for one bridge (BR_MAX_PORTS). */
#define BRIDGE_PORTS 1023

/* Below so much room it is time to do something. */
#define ROOM_SHORT 50

struct limit {
	const char *name;
	const char *maximum; /* the file; NULL: @get sets it */
	const char *now;     /* the file; NULL: not known, or @get sets it */
	uint64_t each;       /* 0: nothing of what is counted for the host */
	const char *only, *purpose, *remedy;
	void (*get)(const struct ins_check *check, struct ins_finding *finding);
};

/* A number, or "max". */
static uint64_t scan(const char *text)
{
	unsigned long long value;

	return text && sscanf(text, "%llu", &value) == 1 ? value : INS_FINDING_NONE;
}

static uint64_t read_number(const struct ins_check *check, const char *path)
{
	cleanup_free char *text = ins_check_read(check, path);

	return scan(text);
}

/* The number behind a name and blanks. */
static uint64_t find_number(const struct ins_check *check, const char *path, const char *name)
{
	cleanup_free char *text = ins_check_read(check, path);
	const char *at = text ? strstr(text, name) : NULL;

	return at ? scan(at + strlen(name)) : INS_FINDING_NONE;
}

/* Threads of the whole host: "0.01 0.02 0.03 1/234 5678". */
static void get_threads(const struct ins_check *check, struct ins_finding *finding)
{
	cleanup_free char *text = ins_check_read(check, "proc/loadavg");
	const char *slash = text ? strchr(text, '/') : NULL;

	finding->now = slash ? scan(slash + 1) : INS_FINDING_NONE;
}

static void get_cgroups(const struct ins_check *check, struct ins_finding *finding)
{
	char path[sizeof(check->cgroup_mount) + 32];

	snprintf(path, sizeof(path), "%s/cgroup.max.descendants", check->cgroup_mount);
	finding->maximum = read_number(check, path);
	snprintf(path, sizeof(path), "%s/cgroup.stat", check->cgroup_mount);
	finding->now = find_number(check, path, "nr_descendants ");
}

/* One of each kind is a container's; what others have made is not listed anywhere. */
static void get_namespaces(const struct ins_check *check, struct ins_finding *finding)
{
	finding->now = check->running;
}

static void get_files(const struct ins_check *check, struct ins_finding *finding)
{
	finding->now = read_number(check, "proc/sys/fs/file-nr");
}

/* The kernel keeps a part of them for the host's own devpts. */
static void get_terminals(const struct ins_check *check, struct ins_finding *finding)
{
	uint64_t reserve = read_number(check, "proc/sys/kernel/pty/reserve");

	if (finding->maximum != INS_FINDING_NONE && reserve <= finding->maximum)
		finding->maximum -= reserve;
}

static void get_neighbours(const struct ins_check *check, struct ins_finding *finding)
{
	cleanup_free char *text = ins_check_read(check, "proc/net/arp");

	if (!text)
		return;
	finding->now = 0;
	for (const char *at = text; (at = strchr(at, '\n')) && at[1]; at++)
		finding->now++;
}

/* The fullest bridge. */
static void get_ports(const struct ins_check *check, struct ins_finding *finding)
{
	int fd = openat(check->root, "sys/class/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_dir DIR *interfaces = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	finding->maximum = BRIDGE_PORTS;
	finding->now = 0;
	while (interfaces && (entry = readdir(interfaces))) {
		char path[300];
		uint64_t n = 0;
		cleanup_dir DIR *ports = NULL;

		snprintf(path, sizeof(path), "%s/brif", entry->d_name);
		fd = openat(dirfd(interfaces), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ports = fd < 0 ? NULL : fdopendir(fd);
		for (const struct dirent *port; ports && (port = readdir(ports));)
			n += port->d_name[0] != '.';
		if (n > finding->now)
			finding->now = n;
	}
}

static void get_numbers(const struct ins_check *check, struct ins_finding *finding)
{
	finding->maximum = INS_NUMBERS;
	finding->now = check->partitions;
}

static void get_memory(const struct ins_check *check, struct ins_finding *finding)
{
	uint64_t total = find_number(check, "proc/meminfo", "MemTotal:");
	uint64_t available = find_number(check, "proc/meminfo", "MemAvailable:");

	if (total == INS_FINDING_NONE || available > total)
		return;
	finding->maximum = total * 1024;
	finding->now = (total - available) * 1024;
}

/* What is in use is not told: the rest counts. */
static void get_inodes(const struct ins_check *check, struct ins_finding *finding)
{
	finding->maximum = check->free_inodes;
	finding->now = 0;
}

static void get_disk(const struct ins_check *check, struct ins_finding *finding)
{
	finding->maximum = check->free_bytes;
	finding->now = 0;
}

/* A program can raise its own limit to the hard one, the second of the line. */
static void get_descriptors(const struct ins_check *check, struct ins_finding *finding)
{
	cleanup_free char *text = ins_check_read(check, "proc/self/limits");
	const char *at = text ? strstr(text, "Max open files") : NULL;
	unsigned long long most;

	if (at && sscanf(at, "Max open files %*s %llu", &most) == 1)
		finding->maximum = most;
	finding->now = check->running * 2;
	if (check->has_systemd)
		finding->only = "without systemd";
}

#define NAMESPACES(kind)                                                                       \
	{                                                                                      \
		"user.max_" kind "_namespaces", "proc/sys/user/max_" kind "_namespaces",       \
			.each = 1, .get = get_namespaces, .purpose = "its " kind " namespace", \
			.remedy = "sysctl -w user.max_" kind "_namespaces=100000"              \
	}

static const struct limit limits[] = {
	{ "numbers", .each = 1, .get = get_numbers, .purpose = "its ids, addresses and interfaces",
		.remedy = "remove partitions that nobody needs" },
	{ "memory", .each = MEMORY_EACH, .get = get_memory,
		.purpose = "bytes of the kernel's memory, before its program takes any",
		.remedy = "add memory, or stop partitions" },
	{ "kernel.pid_max", "proc/sys/kernel/pid_max", .each = 1, .get = get_threads,
		.purpose = "its processes and threads",
		.remedy = "sysctl -w kernel.pid_max=4194304" },
	{ "kernel.threads-max", "proc/sys/kernel/threads-max", .each = 1, .get = get_threads,
		.purpose = "its processes and threads",
		.remedy = "sysctl -w kernel.threads-max=4194304" },
	{ "cgroup.max.descendants", .each = 1, .get = get_cgroups, .purpose = "its cgroup",
		.remedy = "echo max >cgroup.max.descendants, in the mount of cgroup2" },
	NAMESPACES("user"),
	NAMESPACES("pid"),
	NAMESPACES("net"),
	NAMESPACES("mnt"),
	NAMESPACES("ipc"),
	NAMESPACES("uts"),
	NAMESPACES("cgroup"),
	NAMESPACES("time"),
	{ "fs.file-max", "proc/sys/fs/file-max", .each = 3, .get = get_files,
		.purpose = "its open files",
		.remedy = "sysctl -w fs.file-max=9223372036854775807" },
	{ "inodes of the library", .each = INODES_EACH, .get = get_inodes,
		.purpose = "its directory", .remedy = "a file system with more inodes: --library" },
	{ "disk of the library", .each = DISK_EACH, .get = get_disk,
		.purpose = "bytes of its directory, before it writes anything",
		.remedy = "a larger file system: --library" },
	{ "open files of insula-keeper", .each = 2, .get = get_descriptors,
		.purpose = "its process and its log",
		.remedy = "ulimit -Hn 1048576, where insula starts" },
	/* The instances of a user namespace count for who has made it, too: all partitions are root's. */
	{ "fs.inotify.max_user_instances", "proc/sys/fs/inotify/max_user_instances", .each = 10,
		.only = "those that boot", .purpose = "systemd in it; all share what root has",
		.remedy = "sysctl -w fs.inotify.max_user_instances=65536" },
	{ "kernel.pty.max", "proc/sys/kernel/pty/max", "proc/sys/kernel/pty/nr", .each = 1,
		.only = "with a terminal", .get = get_terminals, .purpose = "its terminal",
		.remedy = "sysctl -w kernel.pty.max=65536" },
	{ "bridge ports", .each = 1, .only = "net bridge", .get = get_ports,
		.purpose = "its port of the bridge",
		.remedy = "net routed, which has no such limit, or a second bridge" },
	/* A broadcast is copied for each port at once, and what does not fit in the queue is lost: ARP. */
	{ "net.core.netdev_max_backlog", "proc/sys/net/core/netdev_max_backlog", .each = 1,
		.only = "net bridge", .purpose = "one copy of each broadcast",
		.remedy = "sysctl -w net.core.netdev_max_backlog=16384" },
	/* What is permanent, as with net routed, is not counted. */
	{ "net.ipv4.neigh.default.gc_thresh3", "proc/sys/net/ipv4/neigh/default/gc_thresh3",
		.each = 1, .only = "net bridge", .get = get_neighbours,
		.purpose = "its entry in the table of neighbours",
		.remedy = "sysctl -w net.ipv4.neigh.default.gc_thresh3=65536" },
	{ "net.netfilter.nf_conntrack_max", "proc/sys/net/netfilter/nf_conntrack_max",
		"proc/sys/net/netfilter/nf_conntrack_count", .each = 1, .only = "net routed",
		.purpose = "one connection to the outside",
		.remedy = "sysctl -w net.netfilter.nf_conntrack_max=1048576" },
	/* The keyring is made by the partition's own root, whose number on the host nobody else has. */
	{ "kernel.keys.maxkeys", "proc/sys/kernel/keys/maxkeys",
		.purpose = "its keys; each partition has so many of its own" },
	{ "fs.mount-max", "proc/sys/fs/mount-max",
		.purpose = "its mounts; each partition has so many of its own" },
};

/* A file that is not there sets no limit. */
static void judge(struct ins_finding *finding, const char *remedy)
{
	uint64_t used = finding->now == INS_FINDING_NONE ? 0 : finding->now;

	finding->room = INS_FINDING_NONE;
	finding->state = INS_FINDING_OK;
	if (finding->each == 0 || finding->maximum == INS_FINDING_NONE)
		return;
	finding->room = used < finding->maximum ? (finding->maximum - used) / finding->each : 0;
	finding->remedy = remedy;
	if (finding->room < ROOM_SHORT)
		finding->state = INS_FINDING_SHORT;
	if (finding->room == 0 && !finding->only)
		finding->state = INS_FINDING_MISSING;
}

int ins_check_limits(struct ins_check *check)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LENGTH(limits); i++) {
		const struct limit *limit = &limits[i];
		struct ins_finding finding = { .kind = INS_FINDING_LIMIT,
			.name = limit->name,
			.now = INS_FINDING_NONE,
			.maximum = INS_FINDING_NONE,
			.each = limit->each,
			.only = limit->only,
			.purpose = limit->purpose };

		if (limit->maximum)
			finding.maximum = read_number(check, limit->maximum);
		if (limit->now)
			finding.now = read_number(check, limit->now);
		if (limit->get)
			limit->get(check, &finding);
		judge(&finding, limit->remedy);
		r = check->visit(check->data, &finding);
	}
	return r;
}
