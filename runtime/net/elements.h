/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The elements of guests in the table. A guest that neither publishes a port nor belongs to a group has
 * none; each other one is in the set "guests", too, so that nothing has to be looked for in vain.
 */
#ifndef RUNTIME_NET_ELEMENTS_H
#define RUNTIME_NET_ELEMENTS_H

#include "batch.h"
#include "guest.h"

/**
 * elements_set - what the guest has in the table becomes what @guest says, in one transaction
 * @guest: one that says nothing has nothing afterwards, and wants no table
 * @why: room for words, if there is more to say than an errno
 *
 * Return: 0, −EADDRINUSE (a port is another one's), −errno.
 */
int elements_set(struct peer *peer, struct batch *batch, const struct guest *guest, char *why, size_t size);

/* elements_numbers - call @note for each guest that has some. That there is no table is no error. */
int elements_numbers(struct peer *peer, void (*note)(void *data, uint32_t number), void *data);

#endif
