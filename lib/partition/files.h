/* SPDX-License-Identifier: Apache-2.0 */
/* The files of its own that a partition finds in /etc. */
#ifndef INSULA_PARTITION_FILES_H
#define INSULA_PARTITION_FILES_H

#include <stdbool.h>
#include <stdio.h>

#include "partition/partition.h"

/* ins_partition_write_files - hosts, resolv.conf and so on in @dir, its bundle's. Return: 0, −errno. */
int ins_partition_write_files(
	const struct ins_partition *partition, int dir, struct ins_error *err);

#define INS_RESOLVER "/etc/resolv.conf"

/* Where a resolver of the host's own listens on a loopback address, this has the servers behind it. */
#define INS_RESOLVER_UPSTREAM "/run/systemd/resolve/resolv.conf"

/* ins_resolver_is_reachable - whether the text of such a file has a name server that partitions can ask. */
bool ins_resolver_is_reachable(const char *text);

/* ins_hosts_begin - the lines of /etc/hosts that each partition has. @address: its IPv4 address, "": it has none. */
void ins_hosts_begin(FILE *out, const char *address, const char *hostname);

#endif
