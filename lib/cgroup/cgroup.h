/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup2 for the verbs: open, freeze, kill, list, remove. Written first by the lead as what lib/guest
 * calls; the room's author owns it from here on. */
#ifndef INSULA_CGROUP_CGROUP_H
#define INSULA_CGROUP_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "insula.h"

/**
 * ins_cgroup_open - open a container's cgroup
 * @mount: where cgroup2 is mounted; @path: below it, with a leading slash
 *
 * Return: 0, −ENOENT if it is gone, −errno.
 */
int ins_cgroup_open(const char *mount, const char *path, int *ret_fd, struct ins_error *err);

/* ins_cgroup_open_sub - replace *fd by the cgroup @sub below it (must be there, no ".." in it). */
int ins_cgroup_open_sub(int *fd, const char *sub, struct ins_error *err);

int ins_cgroup_freeze(int cgroup, bool frozen, struct ins_error *err);
int ins_cgroup_is_frozen(int cgroup, bool *ret_frozen, struct ins_error *err);

/* ins_cgroup_kill - SIGKILL for every process in it and below (cgroup.kill, Linux 5.14). */
int ins_cgroup_kill(int cgroup, struct ins_error *err);

/* ins_cgroup_wait_empty - until cgroup.events says populated 0. −ETIMEDOUT after @timeout ms. */
int ins_cgroup_wait_empty(int cgroup, int timeout, struct ins_error *err);

/* ins_cgroup_pids - all processes in it and below, ascending; *ret_pids is freed with free(). */
int ins_cgroup_pids(int cgroup, pid_t **ret_pids, size_t *ret_n, struct ins_error *err);

/**
 * ins_cgroup_remove - remove the cgroup with what the guest made below it
 * @made: how many of @path's last components insula made: above the first, only empty ones go
 *
 * What is already gone is no error.
 */
int ins_cgroup_remove(const char *mount, const char *path, unsigned int made,
	struct ins_error *err);

#endif
