/* SPDX-License-Identifier: Apache-2.0 */
/* The host passes packets on between its interfaces: what a routed network needs. */
#ifndef INSULA_NET_FORWARDING_H
#define INSULA_NET_FORWARDING_H

#include <stdbool.h>

#include "plan/run.h"

/* ins_net_forward - let it; that it did not is told. Return: 0, −errno. */
int ins_net_forward(struct ins_run *run, bool ipv4, bool ipv6, struct ins_error *err);

/* ins_net_distrust - a guest is no router of the host's. @interface: the host's end. Return: 0, −errno. */
int ins_net_distrust(const char *interface, struct ins_error *err);

#endif
