/* SPDX-License-Identifier: Apache-2.0 */
/* From a definition to the configuration of a container. */
#ifndef INSULA_PARTITION_BUNDLE_H
#define INSULA_PARTITION_BUNDLE_H

#include "partition/partition.h"

struct ins_host;
struct ins_spec;

/* The signal that asks the image's program to end, as ins_signal_parse() takes it. */
#define INS_ANNOTATION_STOP_SIGNAL "org.opencontainers.image.stopSignal"

/**
 * ins_bundle_write - write config.json
 * @host: with its controllers
 * @dir: of the bundle
 * @cgroup: linux.cgroupsPath; NULL: insula's own choice
 * @notify: the socket of the host's that its program is to tell that it is ready; NULL: none
 * @ret_spec: what has been written; to be freed with ins_spec_free()
 *
 * Return: 0, −ENOTSUP (a limit that was asked for cannot be enforced here), −errno.
 */
int ins_bundle_write(const struct ins_partition *partition, const struct ins_host *host, int dir,
	const char *cgroup, const char *notify, struct ins_spec **ret_spec, struct ins_error *err);

#endif
