/* SPDX-License-Identifier: Apache-2.0 */
/* Who stays when a partition runs: systemd, or where it does not, insula-keeper. */
#ifndef INSULA_PARTITION_SUPERVISOR_H
#define INSULA_PARTITION_SUPERVISOR_H

#include "guest/context.h"
#include "plan/host.h"

/* The unit of systemd's that a partition is. */
struct ins_supervisor_unit {
	char name[96]; /* "": systemd does not look after this library */
};

/* ins_supervisor_find_unit - the unit of the partition @name: there need be no such partition. */
struct ins_supervisor_unit ins_supervisor_find_unit(const struct ins_context *context, const char *name);

/* ins_supervisor_start - have a partition started. Return: 0 when its program runs; else what hindered it. */
int ins_supervisor_start(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_supervisor_stop - wait until who supervises a partition has seen that it has ended. Nobody may hold its
 * lock: it is settled meanwhile. */
int ins_supervisor_stop(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_supervisor_await_boot - see that `insula boot` is called when the host starts. Where that is not
 * systemd's work, a warning says whose it is. */
int ins_supervisor_await_boot(struct ins_context *context, struct ins_error *err);

/* ins_supervisor_forbid - a partition that has just ended is not to be started again, whatever systemd
 * thinks. To be called by its unit's last process. */
int ins_supervisor_forbid(const char *name, struct ins_error *err);

/**
 * ins_supervisor_notify_socket - where a guest could tell who supervises it that it is ready
 * @ret_path: of a socket on the host; "": nobody hears guests. insula-keeper does not, for it reads
 * nothing that they
 *            write.
 *
 * To be called by who is supervised. Return: 0; −EOPNOTSUPP: what supervises us cannot be reached through
 * a mount.
 */
int ins_supervisor_notify_socket(
	const struct ins_context *context, char *ret_path, size_t size, struct ins_error *err);

/* The cgroup of a partition that is being started. Begin with {}. */
struct ins_supervisor_cgroup {
	char path[4096]; /* where the partition's has to be, below the mount; "": insula's choice */
	char own[4096];  /* where we are meanwhile, with the mount before it; "": as we were */
};

/**
 * ins_supervisor_enter - make room in the cgroup of our own unit
 *
 * A unit that is delegated has one cgroup, and a cgroup that hands controllers on has no processes: we go into
 * one of our own below it, beside that of the partition.
 */
int ins_supervisor_enter(const char *name, const struct ins_host *host,
	struct ins_supervisor_cgroup *cgroup, struct ins_error *err);

/* ins_supervisor_leave - the partition runs: our own cgroup is taken away. */
void ins_supervisor_leave(const struct ins_host *host, const struct ins_supervisor_cgroup *cgroup);

/* ins_supervisor_register - make the partition known to machinectl, if a unit of systemd's has it. */
void ins_supervisor_register(struct ins_context *context, const char *name, pid_t pid);

#endif
