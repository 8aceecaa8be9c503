/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces, seen from outside. */
#ifndef INSULA_NET_NET_H
#define INSULA_NET_NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "insula.h"

/* The most interfaces that are told of: a guest may make as many as it likes. */
#define INS_NET_COUNTERS_MAX 256

/* The kernel's IFNAMSIZ. */
#define INS_NET_NAME_SIZE 16

struct ins_net_way {
	uint64_t bytes, packets, errors, dropped;
};

/* What has gone through an interface. */
struct ins_net_counters {
	char name[INS_NET_NAME_SIZE];
	struct ins_net_way received, sent;
};

/**
 * ins_net_counters_read - the interfaces that a process sees
 * @pid: one in the network namespace
 * @ret_counters: to be freed with free()
 *
 * Return: 0, −ESRCH if the process is gone, −errno.
 */
int ins_net_counters_read(
	pid_t pid, struct ins_net_counters **ret_counters, size_t *ret_n, struct ins_error *err);

struct ins_run;

/* ins_net_keep - the container is made: the interfaces that were moved into it stay there. */
void ins_net_keep(struct ins_run *run);

#endif
