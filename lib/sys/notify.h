/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3): news for who has started us, if they have said where they listen. */
#ifndef INSULA_SYS_NOTIFY_H
#define INSULA_SYS_NOTIFY_H

#include "insula.h"

/* ins_notify_watchdog - how often who has started us wants to hear WATCHDOG=1, in microseconds as a text
 * (WATCHDOG_USEC, if it is meant for this process: sd_watchdog_enabled(3)); NULL: not at all. */
const char *ins_notify_watchdog(void);

/**
 * ins_notify - send one message to NOTIFY_SOCKET
 * @text: lines "NAME=VALUE"
 * @fd: goes along (FDSTORE=1) and stays the caller's; −1: none
 *
 * Return: 0, also if nobody wants it; −EINVAL: what the variable says is no address; −errno.
 */
int ins_notify(const char *text, int fd, struct ins_error *err);

#endif
