/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "plan/host.h"

/* Inode number of the initial user namespace (PROC_USER_INIT_INO, include/linux/proc_ns.h). */
#define INITIAL_USER_NAMESPACE 0xEFFFFFFDUL

/* Room for a mount point in struct ins_host. */
#define MOUNT_SIZE sizeof(((struct ins_host *)0)->cgroup_mount)

#ifndef RDTGROUP_SUPER_MAGIC
#define RDTGROUP_SUPER_MAGIC 0x7655821
#endif

/* Where everybody mounts it; systemd does not. */
#define RESCTRL_MOUNT "/sys/fs/resctrl"

bool ins_host_kernel_at_least(const struct ins_host *host, unsigned int major, unsigned int minor)
{
	return host->kernel_major > major ||
	       (host->kernel_major == major && host->kernel_minor >= minor);
}

/* @magic: of linux/magic.h */
static bool is_file_system(const char *path, long magic)
{
	struct statfs s;

	return statfs(path, &s) == 0 && s.f_type == magic;
}

/*
 * The fifth field of a mountinfo line is the mount point, and " - type " stands behind it.
 * @ret_path: of MOUNT_SIZE bytes; untouched if there is none
 */
static void find_in_mountinfo(const char *type, long magic, char *ret_path)
{
	cleanup_file FILE *file = fopen("/proc/self/mountinfo", "re");
	cleanup_free char *line = NULL;
	char path[MOUNT_SIZE], word[32];
	size_t size = 0;

	snprintf(word, sizeof(word), " - %s ", type);
	while (file && getline(&line, &size, file) > 0) {
		if (!strstr(line, word) || sscanf(line, "%*s %*s %*s / %255s", path) != 1 ||
			!is_file_system(path, magic))
			continue;
		memcpy(ret_path, path, sizeof(path));
		return;
	}
}

static void find_cgroup2(struct ins_host *host)
{
	/* The unified hierarchy's usual place, then systemd's for hybrid hosts. */
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++) {
		if (is_file_system(usual[i], CGROUP2_SUPER_MAGIC)) {
			strcpy(host->cgroup_mount, usual[i]);
			return;
		}
	}
	find_in_mountinfo("cgroup2", CGROUP2_SUPER_MAGIC, host->cgroup_mount);
}

const char *ins_controller_name(enum ins_controller controller)
{
	static const char *const names[] = {
#define X(name, text) [INS_CONTROLLER_##name] = text,
		INS_CONTROLLERS(X)
#undef X
	};

	return names[controller];
}

/* The bit of a name, 0 if it is unknown. */
static uint32_t controller_bit(const char *name, size_t length)
{
	for (int i = 0; i < INS_CONTROLLER_COUNT; i++) {
		const char *known = ins_controller_name((enum ins_controller)i);

		if (strlen(known) == length && memcmp(known, name, length) == 0)
			return 1U << i;
	}
	return 0;
}

uint32_t ins_controllers_parse(const char *text)
{
	uint32_t controllers = 0;

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t length = strcspn(text, " \n");

		controllers |= controller_bit(text, length);
		text += length;
	}
	return controllers;
}

/* Lines "memory 3 120 1": name, hierarchy (0: cgroup2, or none), cgroups, enabled. What cannot be read
 * is only missing in a hint. */
static uint32_t find_controllers_v1(void)
{
	cleanup_file FILE *file = fopen("/proc/cgroups", "re");
	uint32_t controllers = 0;
	char line[256], name[64];
	int hierarchy;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %d", name, &hierarchy) == 2 && hierarchy > 0)
			/* cgroup1 calls it by an older name. */
			controllers |= strcmp(name, "blkio") == 0
					       ? 1U << INS_CONTROLLER_IO
					       : controller_bit(name, strlen(name));
	}
	return controllers;
}

int ins_host_probe_controllers(struct ins_host *host, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	char path[sizeof(host->cgroup_mount) + 32];
	int r;

	if (!host->cgroup_mount[0])
		return 0;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", host->cgroup_mount);
	r = ins_file_read(AT_FDCWD, path, 4096, &text, NULL, err);
	if (r < 0)
		return r;
	host->controllers = ins_controllers_parse(text);
	/* Of these every usual kernel has all. */
	if (~host->controllers & (1U << INS_CONTROLLER_MEMORY | 1U << INS_CONTROLLER_CPU |
					 1U << INS_CONTROLLER_CPUSET | 1U << INS_CONTROLLER_IO |
					 1U << INS_CONTROLLER_PIDS | 1U << INS_CONTROLLER_HUGETLB))
		host->controllers_v1 = find_controllers_v1();
	return 0;
}

void ins_host_probe_resctrl(struct ins_host *host)
{
	if (is_file_system(RESCTRL_MOUNT, RDTGROUP_SUPER_MAGIC))
		strcpy(host->resctrl_mount, RESCTRL_MOUNT);
	else
		find_in_mountinfo("resctrl", RDTGROUP_SUPER_MAGIC, host->resctrl_mount);
}

int ins_host_own_cgroup(char *buffer, size_t size, struct ins_error *err)
{
	cleanup_file FILE *file = fopen("/proc/self/cgroup", "re");
	char line[4096];

	snprintf(buffer, size, "/");
	/* The line "0::/path" is cgroup2's (cgroups(7)). */
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(buffer, size, "%s", line + 3);
	}
	return !file || ferror(file) ? ins_error_set(err, errno, "read /proc/self/cgroup") : 0;
}

static int read_capabilities(uint64_t *ret_effective, struct ins_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return ins_error_set(err, errno, "read the runtime's capabilities");
	*ret_effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	return 0;
}

/* The kernel refuses to tell of a capability that it does not have (prctl(2)). CAP_CHECKPOINT_RESTORE
 * came with Linux 5.9, so all that we run on have that. */
static int find_last_capability(void)
{
	int last = CAP_CHECKPOINT_RESTORE;

	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

int ins_host_probe(struct ins_host *ret_host, bool labels, struct ins_error *err)
{
	struct ins_host host = { .euid = geteuid() };
	struct utsname names;
	struct stat s;
	int r;

	/* The C library knows no error here, and gives back the one of a filter around us as an id. */
	if (host.euid > (uid_t)-4096)
		return ins_error_set(err, (int)-host.euid, "geteuid");
	if (uname(&names) < 0)
		return ins_error_set(err, errno, "uname");
	if (sscanf(names.release, "%u.%u", &host.kernel_major, &host.kernel_minor) != 2)
		return ins_error_text(
			err, EINVAL, "the kernel's release '%s' is not a number", names.release);
	if (!ins_host_kernel_at_least(&host, INS_KERNEL_MAJOR, INS_KERNEL_MINOR))
		return ins_error_text(err, ENOSYS, "Linux %d.%d or newer is needed, this is %s",
			INS_KERNEL_MAJOR, INS_KERNEL_MINOR, names.release);
	/* A kernel without user namespaces has no such file. */
	if (stat("/proc/self/ns/user", &s) == 0)
		host.in_user_namespace = s.st_ino != INITIAL_USER_NAMESPACE;
	else if (errno != ENOENT)
		return ins_error_set(err, errno, "look at the runtime's user namespace");
	r = read_capabilities(&host.capabilities, err);
	if (r < 0)
		return r;
	host.last_capability = find_last_capability();
	find_cgroup2(&host);
	host.cgroup_is_foreign = host.in_user_namespace && access(host.cgroup_mount, W_OK) < 0;
	if (labels) {
		host.has_apparmor = access("/sys/kernel/security/apparmor", F_OK) == 0 ||
				    access("/sys/module/apparmor/parameters/enabled", F_OK) == 0;
		host.has_selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
	}
	*ret_host = host;
	return 0;
}
