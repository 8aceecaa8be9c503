/* SPDX-License-Identifier: Apache-2.0 */
/* What a definition says of the network. */
#ifndef INSULA_PARTITION_NETWORK_H
#define INSULA_PARTITION_NETWORK_H

#include "partition/partition.h"
#include "plan/build.h"

/* ins_partition_network - @ret_network borrows from the definition. Return: a network is made for it. */
bool ins_partition_network(const struct ins_definition *definition, uint32_t number,
	struct ins_network *ret_network);

/* ins_partition_network_check - is it one that can be made? Return: 0, −EINVAL with the key. */
int ins_partition_network_check(
	const struct ins_definition *definition, uint32_t number, struct ins_error *err);

/* ins_partition_network_release - take away what it has on the host, if it is of a kind that has something. */
int ins_partition_network_release(const struct ins_partition *partition, struct ins_error *err);

/* ins_partition_network_name - a failure of a network's that tells of another partition by its interface tells of it
 * by its name. @partition: of the same library. */
void ins_partition_network_name(const struct ins_partition *partition, struct ins_error *err);

#endif
