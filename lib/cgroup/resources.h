/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_CGROUP_RESOURCES_H
#define INSULA_CGROUP_RESOURCES_H

#include "spec/spec.h"

/**
 * ins_resources_check - refuse limits that cannot be set
 *
 * A value that asks for what holds anyway is fine. Return: 0, −EOPNOTSUPP (the key is named).
 */
int ins_resources_check(const struct ins_spec *spec, struct ins_error *err);

#endif
