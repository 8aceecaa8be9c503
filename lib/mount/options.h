/* SPDX-License-Identifier: Apache-2.0 */
/* The mount options of config.md: what each name means to the kernel. */
#ifndef INSULA_MOUNT_OPTIONS_H
#define INSULA_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

/* What the options of one mount ask for, those that are not of the filesystem itself. Start with
 * zero everywhere. */
struct ins_mount_options {
	struct ins_mount_attrs attrs;
	uint64_t super_set, super_clear; /* MS_…: flags of the superblock */
	bool bind, recursive;            /* a bind mount; with what is mounted below the source */
	bool remount;
	bool idmap, idmap_recursive;
	bool copy_up;
	bool source_no_follow, destination_no_follow;
	bool silent;
};

/**
 * ins_mount_options_apply - let one option take effect
 * @options: of several options about the same thing the last one counts
 *
 * Return: false if the name is unknown, so that the option is one of the filesystem.
 */
bool ins_mount_options_apply(struct ins_mount_options *options, const char *name);

/* ins_mount_option_names - all names that are known, in alphabetical order, for `features`. */
const char *const *ins_mount_option_names(size_t *ret_n);

/* ins_mount_super_word - the word of fsconfig(2) for setting or clearing one flag of a superblock,
 * NULL if there is none. @flag: a single MS_… */
const char *ins_mount_super_word(uint64_t flag, bool set);

#endif
