/* SPDX-License-Identifier: Apache-2.0 */
/* What a partition has in insula's nftables table, which insula-net makes and changes. */
#ifndef INSULA_NET_TABLE_H
#define INSULA_NET_TABLE_H

#include <stdint.h>

#include "base/error.h"

enum ins_net_table {
	INS_NET_TABLE_MISSING,
	INS_NET_TABLE_WITHOUT, /* it is there and has nothing of the partition: as nearly always */
	INS_NET_TABLE_WITH,    /* ports or groups, perhaps left by one that has crashed */
};

/* ins_net_table_look - in the caller's network namespace. @number: the partition's. Return: 0, −errno. */
int ins_net_table_look(uint32_t number, enum ins_net_table *ret, struct ins_error *err);

#endif
