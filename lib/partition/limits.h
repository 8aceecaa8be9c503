/* SPDX-License-Identifier: Apache-2.0 */
/* The limits of a definition, and those that hold without one. */
#ifndef INSULA_PARTITION_LIMITS_H
#define INSULA_PARTITION_LIMITS_H

#include <jansson.h>

#include "insula_partition.h"
#include "plan/host.h"
#include "spec/emit.h"

/* Without a setting a partition may have so many processes and threads, and this part of the host's
 * memory. */
#define INS_DEFAULT_PIDS        2048
#define INS_DEFAULT_MEMORY_PART 4

/**
 * ins_limits_possible - can this host enforce the limits that were asked for?
 * @host: probed with its controllers
 *
 * Return: 0, −ENOTSUP with the key of the one it cannot.
 */
int ins_limits_possible(const struct ins_definition *definition, const struct ins_host *host,
	struct ins_error *err);

/* ins_limits_differ - the cgroup of the one is not as that of the other. */
bool ins_limits_differ(const struct ins_definition *before, const struct ins_definition *after);

/* ins_limits_emit - the members of linux.resources.unified. Defaults that the host cannot enforce are left
 * out. */
void ins_limits_emit(struct ins_emit *emit, json_t *unified, const struct ins_definition *definition,
	const struct ins_host *host);

#endif
