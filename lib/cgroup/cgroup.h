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
#include <stdint.h>
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

/* ins_cgroup_open_sub - replace *fd by the cgroup @sub below it, and close what it was. Return: 0, −ENOENT, −EINVAL
 * (it leads out), −errno: *fd is as before then. */
int ins_cgroup_open_sub(int *fd, const char *sub, struct ins_error *err);

/**
 * ins_cgroup_open_leaf - replace *fd by the cgroup below it that a further process can be in
 * @path: of *fd, below the mount
 * @pid: a process of the container, which runs
 *
 * A cgroup that hands controllers on cannot have processes itself. Where the guest has it do so (systemd
 * does), it is the cgroup of @pid.
 *
 * Return: 0, −errno; *fd is as before then.
 */
int ins_cgroup_open_leaf(int *fd, const char *path, pid_t pid, struct ins_error *err);

/**
 * ins_cgroup_freeze - stop every process in it and below, or let them go on
 * @cgroup: its directory, here and below
 *
 * Returns when that has come about. A process that hangs in the kernel delays it; after some
 * seconds the request is taken back.
 *
 * Return: 0, −ETIMEDOUT, −errno.
 */
int ins_cgroup_freeze(int cgroup, bool frozen, struct ins_error *err);

/* ins_cgroup_is_frozen - it or one above it is frozen, and all its processes have stopped. Return: 0,
 * −errno. */
int ins_cgroup_is_frozen(int cgroup, bool *ret_frozen, struct ins_error *err);

/* ins_cgroup_is_freezing - it or one above it has been told to freeze: one process that does not come to
 * a halt keeps it from being called frozen, while all others have stopped. Return: 0, −errno. */
int ins_cgroup_is_freezing(int cgroup, bool *ret_freezing, struct ins_error *err);

/* ins_cgroup_is_populated - is there a process in it or below? Return: 0, −errno. */
int ins_cgroup_is_populated(int cgroup, bool *ret_populated, struct ins_error *err);

/* ins_cgroup_kill - SIGKILL for every process in it and below (cgroup.kill, Linux 5.14). One that
 * is gone is no error; one that hangs in the kernel, neither. Return: 0, −errno. */
int ins_cgroup_kill(int cgroup, struct ins_error *err);

/* How long killed processes may need to end. */
#define INS_KILL_TIMEOUT_MS 10000

/* ins_cgroup_wait_empty - until no process is left in it or below. @timeout: milliseconds. Return: 0,
 * −ETIMEDOUT, −errno. */
int ins_cgroup_wait_empty(int cgroup, int timeout, struct ins_error *err);

/* ins_cgroup_delegate - make @uid the owner of a cgroup and of those of its files that the kernel says
 * may be given away (/sys/kernel/cgroup/delegate). Return: 0, −errno. */
int ins_cgroup_delegate(int cgroup, uint32_t uid, struct ins_error *err);

/**
 * ins_cgroup_claim - write on a cgroup whose it is, so that no other container gets it
 * @state_root, @id: together they are no other container's
 *
 * Return: 0, −EBUSY if it is another container's, −ENAMETOOLONG, −errno.
 */
int ins_cgroup_claim(int cgroup, const char *state_root, const char *id, struct ins_error *err);

/* ins_cgroup_is_claimed_by - it has the mark of this container. */
bool ins_cgroup_is_claimed_by(int cgroup, const char *state_root, const char *id);

/* ins_cgroup_disclaim - take that back, for a cgroup that stays. */
void ins_cgroup_disclaim(int cgroup);

/**
 * ins_cgroup_signal_members - send a signal to those of some processes that are in it or below
 *
 * A number may have passed to a process elsewhere since it was learnt; that one is not hit. One that has
 * ended is no error. Return: 0, or −errno when all were tried.
 */
int ins_cgroup_signal_members(
	int cgroup, const pid_t *pids, size_t n, int signal, struct ins_error *err);

/**
 * ins_cgroup_signal - send a signal to every process in it and below
 * @ret_n: how many were found
 *
 * Return: as above.
 */
int ins_cgroup_signal(int cgroup, int signal, size_t *ret_n, struct ins_error *err);

/**
 * ins_cgroup_pids - all processes in it and below, as the caller's pid namespace numbers them
 * @ret_pids: ascending; to be freed with free()
 *
 * Return: 0 or −errno.
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
 * What is already gone is no error. Return: 0, −errno.
 */
int ins_cgroup_remove(
	const char *mount, const char *path, unsigned int made, struct ins_error *err);

#endif
