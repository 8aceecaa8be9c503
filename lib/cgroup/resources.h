/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_CGROUP_RESOURCES_H
#define INSULA_CGROUP_RESOURCES_H

#include "spec/spec.h"

/* Told of a property by its path; a result other than 0 ends the check. */
typedef int ins_unsupported_fn(void *data, const char *key, struct ins_error *err);

/**
 * ins_resources_check - look for limits that cannot be set
 * @tell: called for each with @data
 *
 * A value that asks for what holds anyway is fine. Return: 0, or what @tell returned.
 */
int ins_resources_check(const struct ins_spec *spec, ins_unsupported_fn *tell, void *data,
	struct ins_error *err);

#endif
