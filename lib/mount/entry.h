/* SPDX-License-Identifier: Apache-2.0 */
/* One of mounts[], read and checked, before it becomes operations. */
#ifndef INSULA_MOUNT_ENTRY_H
#define INSULA_MOUNT_ENTRY_H

#include "mount/options.h"
#include "plan/build.h"

struct ins_mount_entry {
	const struct ins_spec_mount *spec;
	char key[32];            /* "mounts[3]" */
	const char *destination; /* clean and absolute */
	const char *type;        /* the kernel's name; NULL for a bind and a remount */
	const char *source;      /* a bind's: absolute; NULL: none */
	struct ins_mount_options options;
	int32_t slot; /* of what the parent opens for it, INS_NO_SLOT: nothing */
	bool idmap;   /* asked for by an option or by maps */
	bool is_cgroup;
	bool strict;     /* no symlink may lead to the destination */
	bool on_proc;    /* it may lie on a procfs */
	bool has_mode;   /* a tmpfs is told its mode */
	uint32_t n_data; /* what goes to fsconfig(2) */
	struct ins_fs_option *data;
	bool by_mount;        /* it can only be made by mount(2), with: */
	uint64_t mount_flags; /* MS_… */
	const char *mount_data;
};

/**
 * ins_mount_entry_read - read and check mounts[i]
 * @entries: gets entries[i]; those before it have been read, what they mount is looked at
 *
 * What lives longer than the call is in the plan's arena. Return: 0, −EINVAL, −ENOMEM.
 */
int ins_mount_entry_read(struct ins_plan_builder *builder, struct ins_mount_entry *entries,
	size_t i, struct ins_error *err);

#endif
