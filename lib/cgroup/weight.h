/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup1's weights as cgroup2's, which are from 1 to 10000 with 100 as the usual one. */
#ifndef INSULA_CGROUP_WEIGHT_H
#define INSULA_CGROUP_WEIGHT_H

#include <stdint.h>

/* What blkio.weight can be. */
#define INS_BLKIO_WEIGHT_MIN 10
#define INS_BLKIO_WEIGHT_MAX 1000

/* ins_shares_to_weight - cpu.weight for cpu.shares (2…262144; what is outside counts as the end). */
uint64_t ins_shares_to_weight(uint64_t shares);

/* ins_blkio_to_weight - io.weight for blkio.weight, which is within its limits. */
uint64_t ins_blkio_to_weight(uint32_t weight);

#endif
