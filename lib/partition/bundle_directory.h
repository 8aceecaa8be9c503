/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bundle of a partition lies while it runs: STATE/.bundles/NAME, written anew at each start. Beside
 * config.json, rootfs and the files that are bound into the guest it has `partition`, a symlink to the partition in
 * its library, and `wanted`, empty, until somebody stops it. In the state directory, which is in memory, that costs
 * the library's disk nothing; and what the guest learns of the host from the sources of its mounts is the name of a
 * tmpfs.
 */
#ifndef INSULA_PARTITION_BUNDLE_DIRECTORY_H
#define INSULA_PARTITION_BUNDLE_DIRECTORY_H

#include "partition/partition.h"

#define INS_BUNDLES_DIRECTORY ".bundles"

/* ins_bundle_directory_make - make it, if it is not there. @ret_dir: its fd, to be closed. Return: 0, −errno. */
int ins_bundle_directory_make(
	const struct ins_partition *partition, int *ret_dir, struct ins_error *err);

/* ins_bundle_directory_path - the absolute path of a file in it; "": its own. Return: 0, −ENAMETOOLONG. */
int ins_bundle_directory_path(const struct ins_context *context, const char *name, const char *file,
	char *path, size_t size, struct ins_error *err);

/* ins_bundle_directory_remove - that there is none is no error. Return: 0, −errno. */
int ins_bundle_directory_remove(
	const struct ins_context *context, const char *name, struct ins_error *err);

/* In a bundle: a symlink to the directory of the partition that it was written for. */
#define INS_BUNDLE_PARTITION "partition"

/* ins_bundle_wants - it was started and not stopped: who supervises may start it again. */
bool ins_bundle_wants(const struct ins_context *context, const char *name);

/* ins_bundle_forbid - it is not to be started again by who supervises it. Return: 0, −errno. */
int ins_bundle_forbid(const struct ins_context *context, const char *name, struct ins_error *err);

#endif
