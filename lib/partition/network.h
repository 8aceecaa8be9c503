/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition says of the network. */
#ifndef INSULA_PARTITION_NETWORK_H
#define INSULA_PARTITION_NETWORK_H

#include "partition/partition.h"
#include "plan/build.h"

/* ins_partition_network - @ret_network borrows from the partition. Return: a network is made for it. */
bool ins_partition_network(const struct ins_partition *partition, struct ins_network *ret_network);

#endif
