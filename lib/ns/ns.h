/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl, which namespaces hold. */
#ifndef INSULA_NS_NS_H
#define INSULA_NS_NS_H

#include "plan/build.h"

/* ins_ns_has_sysctl - linux.sysctl has a key that belongs to this namespace. */
bool ins_ns_has_sysctl(const struct ins_spec *spec, enum ins_ns ns);

/* ins_ns_sysctl_plan - linux.sysctl: check each key, add its operation. Return: 0, −EINVAL with the key
 * (it is none, or would be the host's), −ENOMEM. */
int ins_ns_sysctl_plan(struct ins_plan_builder *builder, struct ins_error *err);

#endif
