/* SPDX-License-Identifier: Apache-2.0 */
/* What a partition may do if nothing is said. */
#ifndef INSULA_PARTITION_PROFILE_H
#define INSULA_PARTITION_PROFILE_H

#include "partition/definition.h"
#include "partition/views.h"
#include "spec/emit.h"

/* ins_profile_capabilities - those that it has, 1 << number: the usual ones, or an init's, and what the
 * definition adds and drops. */
uint64_t ins_profile_capabilities(const struct ins_definition *definition);

/*
 * Each puts one part of the configuration into @process or @platform (the object linux): the five sets of
 * capabilities; masked and read-only paths (@boots: it is an init's; @has_devices: of the host's, which are
 * then not hidden in /sys; what @views shows stays to be seen);
 * sysctls (@has_network: of its own); the filter, which forbids what these capabilities do not need.
 */
void ins_profile_emit_capabilities(struct ins_emit *emit, json_t *process, uint64_t capabilities);
void ins_profile_emit_paths(struct ins_emit *emit, json_t *platform, bool boots, bool has_devices,
	const struct ins_views *views);
void ins_profile_emit_sysctl(struct ins_emit *emit, json_t *platform, bool has_network);
void ins_profile_emit_seccomp(struct ins_emit *emit, json_t *platform, uint64_t capabilities);

#endif
