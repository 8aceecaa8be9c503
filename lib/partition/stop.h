/* SPDX-License-Identifier: Apache-2.0 */
/* What stop, remove and settle share. Each wants the partition open for a change. */
#ifndef INSULA_PARTITION_STOP_H
#define INSULA_PARTITION_STOP_H

#include "partition/partition.h"

/* ins_partition_end - end its processes: as ins_partition_stop(). */
int ins_partition_end(struct ins_partition *partition, uint64_t timeout, struct ins_error *err);

/* ins_partition_clear - take away what it has on the host while it runs, and whatever still runs with that. */
int ins_partition_clear(struct ins_partition *partition, struct ins_error *err);

#endif
