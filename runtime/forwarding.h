/* SPDX-License-Identifier: Apache-2.0 */
/* The first partition with net routed makes the host forward packets, and says so in its own log: who has asked for
 * the partition is to see it, too. */
#ifndef RUNTIME_FORWARDING_H
#define RUNTIME_FORWARDING_H

#include <stdbool.h>

#include "verb.h"

struct forwarding {
	bool ipv4, ipv6;
};

/* forwarding_look - does the host forward packets now? */
struct forwarding forwarding_look(void);

/* forwarding_tell - behind what starts partitions: a warning if it does so since then. */
void forwarding_tell(const struct call *call, const struct forwarding *before);

#endif
