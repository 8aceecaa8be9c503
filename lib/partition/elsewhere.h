/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library may be used with several state directories, and where a partition's container is only its own one tells.
 * So a link in the partition's directory, "state-directory", says which it was started under: under another one it
 * would seem to be stopped, and be started twice, or lose its files while it runs.
 */
#ifndef INSULA_PARTITION_ELSEWHERE_H
#define INSULA_PARTITION_ELSEWHERE_H

#include "partition/partition.h"

/* ins_elsewhere_note - it is about to be started under the context's state directory. Return: 0, −errno. */
int ins_elsewhere_note(const struct ins_partition *partition, struct ins_error *err);

/* ins_elsewhere_check - Return: 0, −EBUSY (it runs under another state directory, which the message names). */
int ins_elsewhere_check(const struct ins_partition *partition, struct ins_error *err);

#endif
