/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup2 for the verbs: open, freeze, kill, list, remove.
 *
 * A cgroup is named by where cgroup2 is mounted and a path below, which the state file keeps, and
 * worked on by an fd of its directory. Its files have the same meaning with and without
 * controllers, so all of this also works on a host whose controllers are on cgroup1 hierarchies.
 */
#ifndef INSULA_CGROUP_CGROUP_H
#define INSULA_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "insula.h"

/**
 * ins_cgroup_open - open a container's cgroup
 * @mount: where cgroup2 is mounted
 * @path: below it, with a leading slash
 * @ret_fd: its directory, fit for clone3(CLONE_INTO_CGROUP)
 *
 * Return: 0, −ENOENT if it is gone, −errno.
 */
int ins_cgroup_open(const char *mount, const char *path, int *ret_fd, struct ins_error *err);

/* ins_cgroup_open_sub - replace *fd by the cgroup @sub below it (must be there, no ".." in it). */
int ins_cgroup_open_sub(int *fd, const char *sub, struct ins_error *err);

/**
 * ins_cgroup_freeze - stop every process in it and below, or let them go on
 *
 * Returns when that has come about. A process that hangs in the kernel delays it; after some
 * seconds the request is taken back and −ETIMEDOUT returned.
 */
int ins_cgroup_freeze(int cgroup, bool frozen, struct ins_error *err);

/* ins_cgroup_is_frozen - it or one above it is frozen, and all its processes have stopped. */
int ins_cgroup_is_frozen(int cgroup, bool *ret_frozen, struct ins_error *err);

/* ins_cgroup_is_populated - is there a process in it or below? */
int ins_cgroup_is_populated(int cgroup, bool *ret_populated, struct ins_error *err);

/* ins_cgroup_kill - SIGKILL for every process in it and below (cgroup.kill, Linux 5.14). One that
 * is gone is no error; one that hangs in the kernel, neither. */
int ins_cgroup_kill(int cgroup, struct ins_error *err);

/* ins_cgroup_wait_empty - until no process is left in it or below. −ETIMEDOUT after @timeout ms. */
int ins_cgroup_wait_empty(int cgroup, int timeout, struct ins_error *err);

/**
 * ins_cgroup_pids - all processes in it and below, as the caller's pid namespace numbers them
 * @ret_pids: ascending; to be freed with free()
 *
 * Return: 0, −ELOOP if cgroups are nested deeper than can be looked through, −errno.
 */
int ins_cgroup_pids(int cgroup, pid_t **ret_pids, size_t *ret_n, struct ins_error *err);

/**
 * ins_cgroup_remove_empty - remove a cgroup in which nobody is left and nothing is below it
 * @made: as for ins_cgroup_remove(), which does the rest; with 0 nothing is done
 *
 * The kernel knows best whether all is over, and says so by the removal itself.
 *
 * Return: true if the cgroup is gone.
 */
bool ins_cgroup_remove_empty(const char *mount, const char *path, unsigned int made);

/**
 * ins_cgroup_remove - remove a cgroup without processes, with what the guest made below it
 * @made: how many of @path's last components insula made: above the first, only empty ones go; with
 *        0 the cgroup itself stays, without our device program
 *
 * What is already gone is no error.
 */
int ins_cgroup_remove(
	const char *mount, const char *path, unsigned int made, struct ins_error *err);

#endif
