/* SPDX-License-Identifier: Apache-2.0 */
/* Who stays when a partition runs: systemd, or where it does not, insula-keeper. */
#ifndef INSULA_PARTITION_SUPERVISOR_H
#define INSULA_PARTITION_SUPERVISOR_H

#include "guest/context.h"

/* ins_supervisor_start - have a partition started. Return: 0 when its program runs; else what hindered it. */
int ins_supervisor_start(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_supervisor_cgroup - where its cgroup has to be; NULL: insula's choice. */
const char *ins_supervisor_cgroup(bool supervised);

#endif
