/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of partitions are given out by a library, but what follows from them is the host's: ids, project ids of
 * quotas, addresses, names of interfaces. So that no two libraries give out the same one, each is claimed in a
 * directory of the host, where N is a symlink to the library's path.
 *
 * A claim counts as long as its library has the number, or cannot be seen: it may be that of another mount namespace,
 * or lie on a disk that is away. The directory goes with the host's end. The usual library claims by what it has:
 * its partitions keep their numbers, whoever is started first.
 */
#ifndef INSULA_PARTITION_CLAIM_H
#define INSULA_PARTITION_CLAIM_H

#include <limits.h>
#include <stdint.h>

#include "image/library.h"

#define INS_CLAIMS_DIRECTORY "/run/insula-numbers"

struct ins_claims {
	const struct ins_library *library; /* borrowed: who claims */
	int dir; /* locked; −1: an ordinary user's, to whom the kernel gives none of these ids anyway */
};

#define INS_CLAIMS_CLOSED ((struct ins_claims){ .dir = -1 })

/* ins_claims_open - lock the host's numbers, until they are closed: to be held for moments only */
int ins_claims_open(
	const struct ins_library *library, struct ins_claims *ret_claims, struct ins_error *err);

void ins_claims_close(struct ins_claims *claims);

#define cleanup_claims __attribute__((cleanup(ins_claims_close)))

/**
 * ins_claim - claim a number for the library
 * @ret_other: the path of the library that has it
 *
 * Return: 1 (it is ours), 0 (it is another one's), −errno.
 */
int ins_claim(const struct ins_claims *claims, uint32_t number, char ret_other[PATH_MAX],
	struct ins_error *err);

/* ins_claim_drop - the library does not have it any more. What goes wrong leaves a claim that does not count. */
void ins_claim_drop(const struct ins_library *library, uint32_t number);

/**
 * ins_claim_ensure - before a partition of this number is started
 *
 * Return: 0, −EEXIST (another library has it), −errno.
 */
int ins_claim_ensure(const struct ins_library *library, uint32_t number, struct ins_error *err);

/* ins_claims_read - gather the numbers that count in @is_live[INS_NUMBERS], and take the other claims away. */
int ins_claims_read(const struct ins_claims *claims, bool is_live[], struct ins_error *err);

#endif
