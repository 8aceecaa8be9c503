/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces of the host that are moved into a container (linux.netDevices). */
#ifndef RUNTIME_NET_MOVE_H
#define RUNTIME_NET_MOVE_H

#include "helper.h"

struct mover {
	struct helper *helper;
	struct peer watch;   /* of the container's namespace */
	struct moved *moved; /* the last one first */
};

/* move - one, under a new name. Return: 0, −errno with words in the helper. */
int move(struct mover *mover, const char *host_name, const char *name);

/* move_back - all, under the old names, with the old addresses. @tell: of each for which that fails. */
void move_back(struct mover *mover, void (*tell)(const char *words));

/* move_release - they stay where they are. */
void move_release(struct mover *mover);

#endif
