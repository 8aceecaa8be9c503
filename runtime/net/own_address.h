/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host without any address but those of lo has none by which it could speak to its guests, nor one that a
 * program which reaches a published port by 127.0.0.1 could be given. Such a one gets addresses of the pools that are no
 * guest's, on lo, together with the table.
 */
#ifndef RUNTIME_NET_OWN_ADDRESS_H
#define RUNTIME_NET_OWN_ADDRESS_H

#include "batch.h"

/* own_address_ensure - for each family that has no address of global scope. @host: rtnetlink. What the kernel
 * refuses is left out: it may know no IPv6. */
void own_address_ensure(struct peer *host, struct batch *batch);

/* own_address_remove - if they are there. */
void own_address_remove(struct peer *host, struct batch *batch);

#endif
