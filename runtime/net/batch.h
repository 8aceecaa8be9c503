/* SPDX-License-Identifier: Apache-2.0 */
/* Several requests in one system call. What each of them answers is only whether it has failed. */
#ifndef RUNTIME_NET_BATCH_H
#define RUNTIME_NET_BATCH_H

#include <stdbool.h>

#include "link.h"

#define BATCH_SIZE 65536

/* The most that one request takes. */
#define BATCH_ROOM 512

struct batch {
	struct peer *peer;
	struct nlmsghdr *last; /* NULL: it is empty */
	size_t used;           /* bytes, of what is before @last */
	uint32_t first;        /* sequence number of the first request */
	bool is_full;
	char buffer[BATCH_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

/* batch_start - an empty one, for @peer. */
void batch_start(struct batch *batch, struct peer *peer);

/* batch_add - one more request, to which the caller puts its attributes before the next call; together at
 * most BATCH_ROOM bytes. That there is no room any more is told by batch_send(). */
struct nlmsghdr *batch_add(struct batch *batch, uint16_t type, uint16_t flags, const void *header, size_t size);

/**
 * batch_send - rtnetlink does what it can of them, nfnetlink all or nothing
 * @ret_index: of the first one that has failed, from 0 on; may be NULL
 *
 * Return: 0, −errno of that one, −E2BIG (nothing was sent).
 */
int batch_send(struct batch *batch, unsigned int *ret_index);

#endif
