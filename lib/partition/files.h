/* SPDX-License-Identifier: Apache-2.0 */
/* The files of its own that a partition finds in /etc. */
#ifndef INSULA_PARTITION_FILES_H
#define INSULA_PARTITION_FILES_H

#include "partition/partition.h"

/* ins_partition_write_files - hosts and resolv.conf in its directory. Return: 0, −errno. */
int ins_partition_write_files(const struct ins_partition *partition, struct ins_error *err);

#endif
