/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers, which give a cgroup its files: they are handed down, level by level. */
#ifndef INSULA_CGROUP_CONTROLLERS_H
#define INSULA_CGROUP_CONTROLLERS_H

#include <stdint.h>

#include "insula.h"

/* ins_controllers_enabled - the controllers of a cgroup, 1U << enum ins_controller. Return: 0, −errno. */
int ins_controllers_enabled(int cgroup, uint32_t *ret, struct ins_error *err);

/**
 * ins_controllers_enable - hand controllers down from the top of the hierarchy to a cgroup
 * @top: directory of the cgroup2 mount
 * @path: the cgroup below it, which is there
 * @wanted: 1U << enum ins_controller; those it has already cost nothing
 * @may_lack: of these, what cannot be had is let go
 *
 * Writes cgroup.subtree_control of those above it, and only of levels below which something is
 * missing. It is not taken back: by the time others may have come to rely on it, and a controller
 * without a limit limits nobody.
 *
 * Return: 0; with the controllers and the level that is to blame −EBUSY (it has processes of its own),
 * −ENOENT (it was not given them), −EACCES or −EPERM (it is not ours); −errno.
 */
int ins_controllers_enable(int top, const char *path, uint32_t wanted, uint32_t may_lack,
	struct ins_error *err);

#endif
