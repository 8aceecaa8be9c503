/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted in a partition: mounts[] of its config.json. */
#ifndef INSULA_PARTITION_BUNDLE_MOUNTS_H
#define INSULA_PARTITION_BUNDLE_MOUNTS_H

#include "partition/partition.h"
#include "partition/views.h"
#include "spec/emit.h"

/* Where its program finds the socket of who supervises. As systemd-nspawn has it; a guest that has a systemd keeps
 * this directory as it is. */
#define INS_NOTIFY_INSIDE "/run/host/notify"

/* What they depend on. */
struct ins_bundle_mounts {
	const struct ins_partition *partition;
	const char *notify; /* the socket of the host's; NULL: none */
	bool boots;         /* its program is an init */
	bool has_network;   /* a network namespace of its own */
	const struct ins_views *views;
};

/**
 * ins_bundle_emit_mounts - put them into @root
 *
 * Return: 0, −ENOENT and the like (a source that was asked for is not there), −ENAMETOOLONG.
 */
int ins_bundle_emit_mounts(struct ins_emit *emit, json_t *root,
	const struct ins_bundle_mounts *what, struct ins_error *err);

/* ins_bundle_check_mounts - are the sources there? Return: 0, −ENOENT and the like, with the name that a person gave it. */
int ins_bundle_check_mounts(const struct ins_definition *definition, struct ins_error *err);

#endif
