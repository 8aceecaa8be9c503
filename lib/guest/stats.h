/* SPDX-License-Identifier: Apache-2.0 */
/* The events that `insula events` prints, in the form that the callers of runc know. */
#ifndef INSULA_GUEST_STATS_H
#define INSULA_GUEST_STATS_H

#include "cgroup/stats.h"
#include "guest/record.h"
#include "net/net.h"

/* ins_stats_check - the container has a cgroup of its own, which counts. Return: 0, −EOPNOTSUPP. */
int ins_stats_check(const struct ins_record *record, struct ins_error *err);

/**
 * ins_stats_emit - the event of type "stats", as one line of JSON
 * @interfaces: NULL if the container has no network namespace of its own
 * @ret_text: to be freed with free(); no final newline
 *
 * Times are in nanoseconds. Return: 0 or −ENOMEM.
 */
int ins_stats_emit(const char *id, const struct ins_cgroup_stats *stats,
	const struct ins_net_counters *interfaces, size_t n_interfaces, char **ret_text,
	struct ins_error *err);

#endif
