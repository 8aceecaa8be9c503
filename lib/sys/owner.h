/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a user namespace belongs to, and what is used in it is charged to. */
#ifndef INSULA_SYS_OWNER_H
#define INSULA_SYS_OWNER_H

#include <sys/types.h>

#include "insula.h"

/* The caller's ids, while it has another's. */
struct ins_owner {
	uid_t real, effective, saved;
};

/**
 * ins_owner_take - have all three user ids be @uid, and keep the capabilities
 * @ret_before: for ins_owner_give_back()
 *
 * inotify instances, queued signals, timers, message queues and processes of a user namespace count for the user
 * who has made it, too, and within that user's limits. Of the calling thread only. Return: 0, −errno (nothing is
 * changed then).
 */
int ins_owner_take(uid_t uid, struct ins_owner *ret_before, struct ins_error *err);

/* ins_owner_give_back - the ids and capabilities of before. Return: 0, −errno: the caller must not go on. */
int ins_owner_give_back(const struct ins_owner *before, struct ins_error *err);

#endif
