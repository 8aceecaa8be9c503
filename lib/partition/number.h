/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each partition has a number of its own, and from it follow its ids on the host, its addresses and the
 * names of its interfaces: what is given out once cannot collide.
 */
#ifndef INSULA_PARTITION_NUMBER_H
#define INSULA_PARTITION_NUMBER_H

#include <stdint.h>

#include "insula_partition.h"
#include "partition/claim.h"

/* Numbers are 0 … INS_NUMBERS − 1. */
#define INS_NUMBERS INS_PARTITIONS_MAX

/* A range of ids for each, in a part of the 32 bits that no distribution gives to people. */
#define INS_NUMBER_IDS     65536U
#define INS_NUMBER_ID_BASE 0x40000000U

/**
 * ins_number_take - a number that nobody has
 * @claims: of the library, in whose directory of numbers there is a symlink each, whose target is the name of
 *          who has it. So taking one is one step, which survives a crash whole or not at all. What another
 *          library of the host has is taken, too.
 * @name: the partition, of which only the caller may make one (make.h); one of the same name gets the same
 *        number again, if it is free, or if somebody who was killed has left it taken
 *
 * Return: 0, −ENOSPC (all are taken), −errno.
 */
int ins_number_take(const struct ins_claims *claims, const char *name, uint32_t *ret_number,
	struct ins_error *err);

/* ins_number_give - it is free again. That it was free is no error. */
int ins_number_give(const struct ins_library *library, uint32_t number, struct ins_error *err);

/* ins_number_owner - who has it. Return: 0, −ENOENT (nobody; no error is recorded), −errno. */
int ins_number_owner(int dir, uint32_t number, char *name, size_t size, struct ins_error *err);

/* ins_number_find - the number that @name has, or INS_NUMBERS; for who has lost it. */
uint32_t ins_number_find(const struct ins_library *library, const char *name);

static inline uint32_t ins_number_first_id(uint32_t number)
{
	return INS_NUMBER_ID_BASE + number * INS_NUMBER_IDS;
}

#endif
