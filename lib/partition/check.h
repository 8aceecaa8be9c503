/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the host. All is read below one directory, so that tests can make up a host. */
#ifndef INSULA_PARTITION_CHECK_H
#define INSULA_PARTITION_CHECK_H

#include "insula_partition.h"

struct ins_check {
	int root; /* where proc, sys and run are: "/" */
	unsigned int kernel_major, kernel_minor;
	char *mounts;           /* proc/self/mountinfo; owned */
	char *file_systems;     /* proc/filesystems; owned */
	char *modules;          /* what the kernel can load or has built in, by file name; owned, may be "" */
	char *symbols;          /* its own functions, read only if there is no list of modules; owned, NULL */
	char cgroup_mount[256]; /* of cgroup2, without the first slash; "": nowhere */
	bool has_systemd;
	const char *library;       /* the path, absolute */
	uint64_t partitions;       /* defined */
	uint64_t running;          /* containers with a process, partitions or not */
	uint64_t free_inodes;      /* on the library's file system; INS_FINDING_NONE: it has no such limit */
	uint64_t free_bytes;
	bool has_verity;           /* that file system has fs-verity */
	ins_finding_fn *visit;
	void *data;
};

/**
 * ins_check_open - read what both of the following want to know
 * @root: "/", or a directory with proc, sys, run
 * @ret_check: visit, data, and what concerns the library are the caller's to fill in; to be closed
 *
 * Return: 0, −errno.
 */
int ins_check_open(const char *root, struct ins_check *ret_check, struct ins_error *err);

/* ins_check_close - free what opening has read; not what is the caller's. */
void ins_check_close(struct ins_check *check);

/* ins_check_read - a file below the root. Return: its text, to be freed, or NULL if it cannot be read. */
char *ins_check_read(const struct ins_check *check, const char *path);

/* ins_check_exists - is there a file of that path? */
bool ins_check_exists(const struct ins_check *check, const char *path);

/* ins_check_mount - the line of mountinfo of the mount that @path is on, or with @path NULL of the first of
 * @type (up to its newline); NULL. */
const char *ins_check_mount(const struct ins_check *check, const char *path, const char *type);

/* ins_check_features, ins_check_limits - tell what was found. Return: 0, or what the visitor returned. */
int ins_check_features(struct ins_check *check);
int ins_check_limits(struct ins_check *check);

#endif
