/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of /proc and /sys that tell of the machine, as lxcfs shows them: each reader sees what the limits of its
 * own cgroup leave to it. One lxcfs serves all guests, and nothing of it is ours.
 */
#ifndef INSULA_PARTITION_VIEWS_H
#define INSULA_PARTITION_VIEWS_H

#include <stdbool.h>
#include <stddef.h>

/* Where distributions let lxcfs mount itself. */
#define INS_VIEWS_DIRECTORY "/var/lib/lxcfs"

#define INS_VIEWS_MAX 9

/* Paths that begin with a slash: in a guest they are what they are beneath the directory of lxcfs. */
struct ins_views {
	size_t n;
	const char *v[INS_VIEWS_MAX];
};

/**
 * ins_views_find - what lxcfs has to show
 * @directory: where it is mounted
 * @ret: filled; with none if no lxcfs runs there, or one that does not answer
 */
void ins_views_find(const char *directory, struct ins_views *ret);

/* ins_views_show - is @path one of them? */
bool ins_views_show(const struct ins_views *views, const char *path);

#endif
