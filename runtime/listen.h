/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_LISTEN_H
#define RUNTIME_LISTEN_H

#include "insula.h"

/* listen_take - the sockets that a service manager has opened for this process (sd_listen_fds(3)) are
 * meant for the container. Return: 0, or −EINVAL if LISTEN_FDS is no number. */
int listen_take(struct ins_create_args *args, struct ins_error *err);

#endif
