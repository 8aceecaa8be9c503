/* SPDX-License-Identifier: Apache-2.0 */
/* The facts about the host that planning depends on. Probed once a call, and only what is needed;
 * tests fake them. */
#ifndef INSULA_PLAN_HOST_H
#define INSULA_PLAN_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insula.h"

/* X(name, the kernel's name): the controllers of cgroup2. One table for the enum and the names. */
#define INS_CONTROLLERS(X)    \
	X(CPUSET, "cpuset")   \
	X(CPU, "cpu")         \
	X(IO, "io")           \
	X(MEMORY, "memory")   \
	X(HUGETLB, "hugetlb") \
	X(PIDS, "pids")       \
	X(RDMA, "rdma")       \
	X(MISC, "misc")       \
	X(DMEM, "dmem")

enum ins_controller {
#define X(name, text) INS_CONTROLLER_##name,
	INS_CONTROLLERS(X)
#undef X
	INS_CONTROLLER_COUNT,
};

struct ins_host {
	unsigned int kernel_major, kernel_minor;
	uint32_t euid;
	bool in_user_namespace;  /* the runtime itself is not in the initial one */
	uint64_t capabilities;   /* its effective set */
	int last_capability;     /* the kernel's, from /proc/sys/kernel/cap_last_cap */
	char cgroup_mount[256];  /* where cgroup2 is mounted; "": nowhere */
	bool cgroup_is_foreign;  /* root of a user namespace may make none there: it is the host's */
	bool has_apparmor, has_selinux; /* only if asked for */
	char resctrl_mount[256]; /* where resctrl is mounted; "": nowhere. Only if asked for */
	uint32_t controllers;    /* of cgroup2, 1U << enum ins_controller; only if asked for */
	uint32_t controllers_v1; /* those that a cgroup1 hierarchy has instead; only if asked for */
};

/* The oldest kernel with all that is relied on: cgroup.kill, mount_setattr (5.12), idmapped mounts. */
#define INS_KERNEL_MAJOR 5
#define INS_KERNEL_MINOR 14

/**
 * ins_host_probe - look at this host
 * @labels: also whether AppArmor and SELinux are active
 *
 * Costs few system calls: uname, capget, statfs of the usual cgroup2 mount points. Only if those are
 * something else is /proc/self/mountinfo read, whose size grows with the guests.
 *
 * Return: 0, −errno.
 */
int ins_host_probe(struct ins_host *ret_host, bool labels, struct ins_error *err);

/* ins_controller_name - the kernel's name; ins_controllers_parse - those that are named in a text like
 * that of cgroup.controllers, 1U << enum ins_controller. Unknown ones are left out. */
const char *ins_controller_name(enum ins_controller controller);
uint32_t ins_controllers_parse(const char *text);

/**
 * ins_host_probe_controllers - which controllers cgroup2 has at its mount, and which cgroup1 has
 *
 * For configurations with limits only. cgroup1 is asked about if one is missing. Return: 0, −errno.
 */
int ins_host_probe_controllers(struct ins_host *host, struct ins_error *err);

/* ins_host_probe_resctrl - where resctrl is mounted, for configurations that use it. */
void ins_host_probe_resctrl(struct ins_host *host);

/* ins_host_own_cgroup - the runtime's own cgroup below the cgroup2 mount, with a leading slash. Return: 0,
 * −ENAMETOOLONG, −errno. */
int ins_host_own_cgroup(char *buffer, size_t size, struct ins_error *err);

/* ins_host_kernel_at_least - compare with the running kernel. */
bool ins_host_kernel_at_least(const struct ins_host *host, unsigned int major, unsigned int minor);

#endif
