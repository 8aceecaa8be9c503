/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the host that are somebody's already. */
#ifndef RUNTIME_NET_PORTS_H
#define RUNTIME_NET_PORTS_H

#include "guest.h"

/* ports_taken - the first of a guest's ports at which a program of the host listens, which would hear nothing any
 * more. NULL: none. */
const struct publish *ports_taken(const struct guest *guest);

#endif
