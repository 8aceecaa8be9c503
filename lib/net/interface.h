/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface of a partition, eth0, and its other end on the host. Name, index and hardware addresses follow from
 * the partition's number.
 *
 * A routed one has a veth without a bridge. Each end knows the other's hardware address beforehand, and the guest's
 * route leads to a neighbour that needs no address on the host: nobody asks for anybody by ARP, and nothing is
 * broadcast.
 */
#ifndef INSULA_NET_INTERFACE_H
#define INSULA_NET_INTERFACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "net/netlink.h"

enum ins_interface_kind {
	INS_INTERFACE_ROUTED,
	INS_INTERFACE_BRIDGE,  /* a port of a bridge of the host's */
	INS_INTERFACE_MACVLAN, /* beside an interface of the host's */
};

struct ins_interface {
	enum ins_interface_kind kind;
	uint32_t number;
	const char *device; /* bridge, macvlan: on the host */
	bool has_ipv4, has_ipv6;
	bool is_chosen;     /* one of the addresses, by a person */
	bool publishes;     /* ports of the host */
	uint8_t ipv4[4], ipv6[16];
	uint8_t prefix4, prefix6;
};

/* ins_interface_is_guest - the hardware address is that of a guest's end. */
bool ins_interface_is_guest(const uint8_t hardware[6]);

/* All of these: @host: rtnetlink in the host's network namespace; @guest: in the partition's. Return: 0, −errno. */

/* ins_interface_make - with a routed one's own settings; @namespace: an fd of the partition's. What has the same
 * number, left by a crash or by a guest whose namespace the kernel has not deleted yet, makes room. */
int ins_interface_make(struct ins_netlink *host, const struct ins_interface *interface, int namespace,
	struct ins_error *err);

/* ins_interface_set_host - what the host's end of a routed one allows: after a change of its ports, too. */
int ins_interface_set_host(
	struct ins_netlink *host, const struct ins_interface *interface, struct ins_error *err);

/* ins_interface_set_up_host - the host's end of a routed one comes up, with the routes to the guest. */
int ins_interface_set_up_host(
	struct ins_netlink *host, const struct ins_interface *interface, struct ins_error *err);

/* ins_interface_set_up_guest - addresses, routes, up. */
int ins_interface_set_up_guest(
	struct ins_netlink *guest, const struct ins_interface *interface, struct ins_error *err);

/* ins_interface_delete - by the host's end. It takes some 20 ms, in which the kernel waits for all who might look at
 * it. That it is not there is no error. */
void ins_interface_delete(struct ins_netlink *host, uint32_t number);

#endif
