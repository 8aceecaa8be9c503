/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses that a person has chosen for a partition: which cannot be one's. */
#ifndef INSULA_NET_CHOICE_H
#define INSULA_NET_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

/* ins_net_is_special - unspecified, loopback, link-local, multicast, reserved: no guest can have it.
 * @bytes: 4 or 16, by @family (AF_INET, AF_INET6), in the network's order */
bool ins_net_is_special(int family, const uint8_t *bytes);

/* ins_net_is_of_host - an interface in the caller's network namespace has it, or broadcasts by it. False also if
 * that cannot be seen. */
bool ins_net_is_of_host(int family, const uint8_t *bytes);

/* ins_net_is_gateway, ins_net_is_neighbour - a route of the host's leads over it; the host has found another machine
 * that has it, and none of the guests. In the caller's network namespace; false also if that cannot be seen. */
bool ins_net_is_gateway(int family, const uint8_t *bytes);
bool ins_net_is_neighbour(int family, const uint8_t *bytes);

/* ins_net_is_name_server - the host's resolver asks there. */
bool ins_net_is_name_server(int family, const uint8_t *bytes);

#endif
