/* SPDX-License-Identifier: Apache-2.0 */
/* The list of limits in the making: what limits.c and limits_unified.c share. */
#ifndef INSULA_CGROUP_CONVERSION_H
#define INSULA_CGROUP_CONVERSION_H

#include "cgroup/limits.h"

#define INS_KEY_RESOURCES "linux.resources."

struct ins_conversion {
	const struct ins_limits_now *now;
	struct ins_arena *arena;
	struct ins_error *err;
	struct ins_limit *v; /* there is room for all that the configuration asks for */
	size_t n;
	bool no_memory; /* told of in the end */
};

/* ins_conversion_keep - @text; if it is NULL, an allocation has failed, and that is noted. */
const char *ins_conversion_keep(struct ins_conversion *c, const char *text);

/**
 * ins_conversion_add - one more element
 * @controller: INS_CONTROLLER_COUNT: none
 * @key, @file, @text: constants, or in the arena; NULL is noted as above
 */
struct ins_limit *ins_conversion_add(struct ins_conversion *c, enum ins_controller controller,
	const char *key, const char *file, const char *text);

/* ins_conversion_set_mask - the list of cpus or nodes in the element's file as a property. One that
 * systemd could not be told of (with strides) is only written. */
void ins_conversion_set_mask(
	struct ins_conversion *c, struct ins_limit *limit, const char *property);

/* ins_conversion_set_quota - cpu.max as properties; @quota, @period: microseconds, INS_LIMIT_NONE. */
void ins_conversion_set_quota(struct ins_limit *limit, uint64_t quota, uint64_t period);

/* ins_conversion_unified - linux.resources.unified. Return: 0, −EINVAL. */
int ins_conversion_unified(
	struct ins_conversion *c, const struct ins_spec_resources *resources);

#endif
