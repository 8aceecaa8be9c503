/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_NS_NS_H
#define INSULA_NS_NS_H

#include "plan/build.h"

/* ins_ns_has_sysctl - linux.sysctl has a key that belongs to this namespace. */
bool ins_ns_has_sysctl(const struct ins_spec *spec, enum ins_ns ns);

/* ins_ns_sysctl_plan - linux.sysctl: check each key, add its operation. */
int ins_ns_sysctl_plan(struct ins_plan_builder *builder, struct ins_error *err);

#endif
