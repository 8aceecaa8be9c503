/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "partition/profile.h"
#include "partition/setting.h"
#include "spec/names.h"

/*
 * All of them hold in the partition's own user namespace only. Left out of what other runtimes give: MKNOD (it
 * means nothing in a user namespace), AUDIT_WRITE (the audit log is the host's), NET_RAW (whoever has it can
 * forge packets; ping does without).
 */
static const unsigned char usual[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
	CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SETPCAP, CAP_SETFCAP, CAP_NET_BIND_SERVICE,
	CAP_SYS_CHROOT };

/* An init mounts, names the host, looks after its network, and gives its services less than it has. */
static const unsigned char of_init[] = { CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_PTRACE,
	CAP_SYS_RESOURCE, CAP_SYS_NICE, CAP_SYS_BOOT, CAP_SYS_TTY_CONFIG, CAP_IPC_OWNER,
	CAP_IPC_LOCK, CAP_LEASE, CAP_LINUX_IMMUTABLE, CAP_DAC_READ_SEARCH, CAP_AUDIT_WRITE,
	CAP_MKNOD };

static uint64_t mask(const unsigned char *numbers, size_t n)
{
	uint64_t capabilities = 0;

	for (size_t i = 0; i < n; i++)
		capabilities |= UINT64_C(1) << numbers[i];
	return capabilities;
}

static uint64_t named(const struct ins_definition_value *names)
{
	uint64_t capabilities = 0;

	for (size_t i = 0; i < names->n; i++)
		capabilities |= UINT64_C(1) << ins_setting_capability(names->v[i]);
	return capabilities;
}

uint64_t ins_profile_capabilities(const struct ins_definition *definition)
{
	uint64_t capabilities = mask(usual, ARRAY_LENGTH(usual));

	if (ins_definition_get(definition, INS_SETTING_BOOT))
		capabilities |= mask(of_init, ARRAY_LENGTH(of_init));
	capabilities |= named(&definition->values[INS_SETTING_CAP_ADD]);
	return capabilities & ~named(&definition->values[INS_SETTING_CAP_DROP]);
}

void ins_profile_emit_capabilities(struct ins_emit *emit, json_t *process, uint64_t capabilities)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	json_t *object = ins_emit_object(emit, process, "capabilities");

	for (size_t i = 0; i < ARRAY_LENGTH(sets); i++) {
		json_t *list = ins_emit_array(emit, object, sets[i]);

		for (int number = 0; number < 64; number++) {
			if (capabilities >> number & 1)
				ins_emit_append(
					emit, list, json_string(ins_capability_name(number)));
		}
	}
}

/* The machine's own devices, its disks among them, lie in directories of /sys/devices whose names differ from one to
 * the next. In the others are processors, and what is there without hardware. */
static void mask_hardware(struct ins_emit *emit, json_t *list)
{
	static const char *const hardware[] = { "LNXSYSTM", "css", "pci", "platform", "soc",
		"vbd-" };
	DIR *devices = opendir("/sys/devices");
	const struct dirent *entry;

	while (devices && (entry = readdir(devices))) {
		for (size_t i = 0; i < ARRAY_LENGTH(hardware); i++) {
			char path[sizeof("/sys/devices/") + sizeof(entry->d_name)];

			if (strncmp(entry->d_name, hardware[i], strlen(hardware[i])) != 0)
				continue;
			snprintf(path, sizeof(path), "/sys/devices/%s", entry->d_name);
			ins_emit_append(emit, list, json_string(path));
		}
	}
	if (devices)
		closedir(devices);
}

/* What tells of the host (how it was booted, its disks, what it is), or could change it: much of it is closed to a user
 * namespace anyway. Not what lxcfs shows in its place. */
void ins_profile_emit_paths(struct ins_emit *emit, json_t *platform, bool boots, bool has_devices,
	const struct ins_views *views)
{
	static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/cmdline",
		"/proc/consoles", "/proc/diskstats", "/proc/interrupts", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/partitions", "/proc/sched_debug",
		"/proc/scsi", "/proc/swaps", "/proc/timer_list", "/proc/timer_stats", "/sys/block",
		"/sys/class/block", "/sys/class/dmi", "/sys/dev/block", "/sys/devices/virtual/bdi",
		"/sys/devices/virtual/block", "/sys/devices/virtual/dmi",
		"/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/btrfs", "/sys/fs/ext4",
		"/sys/fs/f2fs", "/sys/fs/xfs", "/sys/kernel/irq" };
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq",
		"/proc/sysrq-trigger", "/proc/sys" };
	/* To look in vain takes longer in a new /proc or /sys than in ours, which are of the same kernel; but ours may
	 * be mounted in part (subset=pid), or not at all. */
	bool is_whole = access("/proc/version", F_OK) == 0 && access("/sys/kernel", F_OK) == 0;
	json_t *list;

	list = ins_emit_array(emit, platform, "maskedPaths");
	for (size_t i = 0; i < ARRAY_LENGTH(masked); i++) {
		/* systemd polls this one, which /dev/null cannot be. */
		bool is_polled = boots && !strcmp(masked[i], "/proc/swaps");

		if (!is_polled && !ins_views_show(views, masked[i]) &&
			(!is_whole || access(masked[i], F_OK) == 0))
			ins_emit_append(emit, list, json_string(masked[i]));
	}
	/* A program that was given a device looks there for what it is. */
	if (!has_devices)
		mask_hardware(emit, list);
	/* An init sets what belongs to its namespaces in /proc/sys; the rest is not its to write. */
	ins_emit_strings(emit, platform, "readonlyPaths", readonly,
		ARRAY_LENGTH(readonly) - (boots ? 1 : 0));
}

void ins_profile_emit_sysctl(struct ins_emit *emit, json_t *platform, bool has_network)
{
	json_t *object;

	if (!has_network)
		return;
	object = ins_emit_object(emit, platform, "sysctl");
	/* ping by datagrams, and low ports, for all who are inside: it is their own network. */
	ins_emit_string(emit, object, "net.ipv4.ping_group_range", "0 65535");
	ins_emit_string(emit, object, "net.ipv4.ip_unprivileged_port_start", "0");
}
