/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/choice.h"
#include "net/forwarding.h"
#include "net/interface.h"

/* In the container. Modules of tunnels put an interface of theirs into each new namespace, the first ones. */
#define GUEST_NAME  "eth0"
#define GUEST_INDEX 100

/* On the host: far above what the kernel gives out by itself. insula-net knows them as well, to clear up. */
#define FIRST_INDEX   0x69000000
#define ROUTED_PREFIX "isl"
#define BRIDGE_PREFIX "isb"

#define NEW (NLM_F_CREATE | NLM_F_EXCL)

/* Where the guest sends what is not for itself. */
static const uint8_t gateway4[4] = { 169, 254, 1, 1 };
static const uint8_t gateway6[16] = { 0xfe, 0x80, [15] = 1 };

static int host_index(uint32_t number)
{
	return FIRST_INDEX + (int)number;
}

/* Locally administered ones. */
#define OF_GUEST 0x02
#define OF_HOST  0x06
#define OF_US    0x69

bool ins_interface_is_guest(const uint8_t hardware[6])
{
	return hardware[0] == OF_GUEST && hardware[1] == OF_US;
}

static void hardware_address(uint32_t number, bool of_host, uint8_t ret[6])
{
	ret[0] = of_host ? OF_HOST : OF_GUEST;
	ret[1] = OF_US;
	number = htonl(number);
	memcpy(ret + 2, &number, sizeof(number));
}

/* --- requests -------------------------------------------------------------------------------------------- */

static void add_link(struct ins_netlink *netlink, int type, int flags, int index, unsigned int set)
{
	const struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = set, .ifi_change = set
	};

	ins_netlink_add(netlink, type, flags, &info, sizeof(info));
}

static void put_end(struct ins_netlink *netlink, const char *name, const uint8_t address[6])
{
	ins_netlink_put_text(netlink, IFLA_IFNAME, name);
	ins_netlink_put(netlink, IFLA_ADDRESS, address, 6);
	/* Else a veth has a queue for each processor that the host might have. */
	ins_netlink_put_u32(netlink, IFLA_NUM_TX_QUEUES, 1);
	ins_netlink_put_u32(netlink, IFLA_NUM_RX_QUEUES, 1);
}

static void add_veth(struct ins_netlink *host, const struct ins_interface *interface,
	const char *name, int namespace)
{
	const struct ifinfomsg peer = { .ifi_family = AF_UNSPEC, .ifi_index = GUEST_INDEX };
	size_t info, data, end;
	uint8_t address[6];

	add_link(host, RTM_NEWLINK, NEW, host_index(interface->number), 0);
	hardware_address(interface->number, true, address);
	put_end(host, name, address);
	info = ins_netlink_nest(host, IFLA_LINKINFO);
	ins_netlink_put_text(host, IFLA_INFO_KIND, "veth");
	data = ins_netlink_nest(host, IFLA_INFO_DATA);
	end = ins_netlink_nest(host, VETH_INFO_PEER);
	ins_netlink_put_header(host, &peer, sizeof(peer));
	hardware_address(interface->number, false, address);
	put_end(host, GUEST_NAME, address);
	ins_netlink_put_u32(host, IFLA_NET_NS_FD, (uint32_t) namespace);
	ins_netlink_end(host, end);
	ins_netlink_end(host, data);
	ins_netlink_end(host, info);
}

static void add_macvlan(
	struct ins_netlink *host, const struct ins_interface *interface, int parent, int namespace)
{
	size_t info, data;
	uint8_t address[6];

	add_link(host, RTM_NEWLINK, NEW, GUEST_INDEX, 0);
	hardware_address(interface->number, false, address);
	ins_netlink_put_text(host, IFLA_IFNAME, GUEST_NAME);
	ins_netlink_put(host, IFLA_ADDRESS, address, sizeof(address));
	ins_netlink_put_u32(host, IFLA_LINK, (uint32_t)parent);
	ins_netlink_put_u32(host, IFLA_NET_NS_FD, (uint32_t) namespace);
	info = ins_netlink_nest(host, IFLA_LINKINFO);
	ins_netlink_put_text(host, IFLA_INFO_KIND, "macvlan");
	data = ins_netlink_nest(host, IFLA_INFO_DATA);
	ins_netlink_put_u32(host, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	ins_netlink_end(host, data);
	ins_netlink_end(host, info);
}

/* No link-local address, whose making would be announced to nobody. */
static void add_settings(struct ins_netlink *netlink, int index)
{
	const uint8_t no_address = IN6_ADDR_GEN_MODE_NONE;
	size_t families, family;

	add_link(netlink, RTM_SETLINK, 0, index, 0);
	families = ins_netlink_nest(netlink, IFLA_AF_SPEC);
	family = ins_netlink_nest(netlink, AF_INET6);
	ins_netlink_put(netlink, IFLA_INET6_ADDR_GEN_MODE, &no_address, sizeof(no_address));
	ins_netlink_end(netlink, family);
	ins_netlink_end(netlink, families);
}

/*
 * What else keeps a guest to its address, should the table be gone; and what lets answers through to 127.0.0.1, for
 * those alone who publish something: without the table it would let the guest in there.
 */
static void add_host_settings(struct ins_netlink *host, const struct ins_interface *interface)
{
	size_t families, family, settings;

	add_link(host, RTM_SETLINK, 0, host_index(interface->number), 0);
	families = ins_netlink_nest(host, IFLA_AF_SPEC);
	family = ins_netlink_nest(host, AF_INET);
	settings = ins_netlink_nest(host, IFLA_INET_CONF);
	ins_netlink_put_u32(host, IPV4_DEVCONF_RP_FILTER, 1);
	ins_netlink_put_u32(host, IPV4_DEVCONF_ROUTE_LOCALNET, interface->publishes);
	ins_netlink_end(host, settings);
	ins_netlink_end(host, family);
	ins_netlink_end(host, families);
}

static void add_neighbour(struct ins_netlink *netlink, int index, uint8_t family,
	const uint8_t *address, const uint8_t hardware[6])
{
	const struct ndmsg info = {
		.ndm_family = family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT
	};

	ins_netlink_add(netlink, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));
	ins_netlink_put(netlink, NDA_DST, address, family == AF_INET ? 4 : 16);
	ins_netlink_put(netlink, NDA_LLADDR, hardware, 6);
}

/* To one address, or with @gateway set to all by it. */
static void add_route(struct ins_netlink *netlink, int index, uint8_t family,
	const uint8_t *address, const uint8_t *gateway)
{
	uint8_t size = family == AF_INET ? 4 : 16;
	const struct rtmsg info = {
		.rtm_family = family,
		.rtm_dst_len = gateway ? 0 : (uint8_t)(size * 8),
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = gateway || family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = gateway ? RTNH_F_ONLINK : 0,
	};

	ins_netlink_add(netlink, RTM_NEWROUTE, NEW, &info, sizeof(info));
	ins_netlink_put_u32(netlink, RTA_OIF, (uint32_t)index);
	if (gateway)
		ins_netlink_put(netlink, RTA_GATEWAY, gateway, size);
	else
		ins_netlink_put(netlink, RTA_DST, address, size);
}

static void add_address(
	struct ins_netlink *netlink, uint8_t family, const uint8_t *address, uint8_t prefix)
{
	const struct ifaddrmsg info = { .ifa_family = family,
		.ifa_prefixlen = prefix,
		.ifa_index = GUEST_INDEX,
		.ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD };

	ins_netlink_add(netlink, RTM_NEWADDR, NEW, &info, sizeof(info));
	ins_netlink_put(netlink, IFA_LOCAL, address, family == AF_INET ? 4 : 16);
}

/* --- both ends ------------------------------------------------------------------------------------------- */

static int make_veth(struct ins_netlink *host, const struct ins_interface *interface,
	const char *name, int namespace)
{
	add_veth(host, interface, name, namespace);
	if (interface->kind == INS_INTERFACE_ROUTED) {
		add_settings(host, host_index(interface->number));
		add_host_settings(host, interface);
	}
	return ins_netlink_send(host, NULL);
}

static int make_pair(struct ins_netlink *host, const struct ins_interface *interface, int namespace,
	struct ins_error *err)
{
	char name[IFNAMSIZ];
	int r;

	snprintf(name, sizeof(name), "%s%u",
		interface->kind == INS_INTERFACE_ROUTED ? ROUTED_PREFIX : BRIDGE_PREFIX,
		interface->number);
	r = make_veth(host, interface, name, namespace);
	if (r == -EEXIST) {
		ins_interface_delete(host, interface->number);
		r = make_veth(host, interface, name, namespace);
	}
	return r < 0 ? ins_error_set(err, -r, "make the interface %s", name) : 0;
}

/* Whose address is it, if it can be no guest's? Return: words, or NULL. */
static const char *find_owner(
	const struct ins_interface *interface, int family, const uint8_t *bytes)
{
	if (ins_net_is_of_host(family, bytes))
		return "one of the host's own";
	if (ins_net_is_gateway(family, bytes))
		return "that of a gateway which routes of the host lead over";
	if (ins_net_is_name_server(family, bytes))
		return "that of a name server which the host asks";
	/* On a bridge it is the network's own matter who has it. */
	if (interface->kind == INS_INTERFACE_ROUTED && ins_net_is_neighbour(family, bytes))
		return "that of another machine which the host has in its list of neighbours";
	return NULL;
}

/* A slip, or a trick, that would take away from the host what is its own, or what it sends to others. */
static int check_choice(const struct ins_interface *interface, struct ins_error *err)
{
	const struct {
		bool is_there;
		int family;
		const uint8_t *bytes;
	} addresses[] = { { interface->has_ipv4, AF_INET, interface->ipv4 },
		{ interface->has_ipv6, AF_INET6, interface->ipv6 } };
	char text[INET6_ADDRSTRLEN];

	for (size_t i = 0; interface->is_chosen && i < ARRAY_LENGTH(addresses); i++) {
		const char *owner =
			addresses[i].is_there
				? find_owner(interface, addresses[i].family, addresses[i].bytes)
				: NULL;

		if (owner)
			return ins_error_key(err, EADDRINUSE, "address", "%s is %s",
				inet_ntop(addresses[i].family, addresses[i].bytes, text,
					sizeof(text)),
				owner);
	}
	return 0;
}

int ins_interface_make(struct ins_netlink *host, const struct ins_interface *interface,
	int namespace, struct ins_error *err)
{
	bool is_bridge = interface->kind == INS_INTERFACE_BRIDGE;
	int index = host_index(interface->number), device, r = check_choice(interface, err);

	if (r < 0)
		return r;
	if (interface->kind == INS_INTERFACE_ROUTED)
		return make_pair(host, interface, namespace, err);
	device = (int)if_nametoindex(interface->device);
	if (device == 0)
		return ins_error_set(err, errno, "find the %s \"%s\"",
			is_bridge ? "bridge" : "interface", interface->device);
	if (is_bridge) {
		r = make_pair(host, interface, namespace, err);
		if (r < 0)
			return r;
		add_link(host, RTM_SETLINK, 0, index, 0);
		ins_netlink_put_u32(host, IFLA_MASTER, (uint32_t)device);
		add_link(host, RTM_SETLINK, 0, index, IFF_UP);
	} else {
		add_macvlan(host, interface, device, namespace);
	}
	r = ins_netlink_send(host, NULL);
	return r < 0 ? ins_error_set(err, -r, "connect it to the %s \"%s\"",
			       is_bridge ? "bridge" : "interface", interface->device)
		     : 0;
}

int ins_interface_set_host(
	struct ins_netlink *host, const struct ins_interface *interface, struct ins_error *err)
{
	int r;

	add_host_settings(host, interface);
	r = ins_netlink_send(host, NULL);
	if (r == -ENODEV)
		return ins_error_text(err, ENODEV,
			"the partition's interface " ROUTED_PREFIX
			"%u is gone, as if it had removed its eth0: a restart makes it again",
			interface->number);
	return r < 0 ? ins_error_set(err, -r, "change the interface " ROUTED_PREFIX "%u",
			       interface->number)
		     : 0;
}

static int distrust(const struct ins_interface *interface, struct ins_error *err)
{
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), ROUTED_PREFIX "%u", interface->number);
	return ins_net_distrust(name, err);
}

int ins_interface_set_up_host(
	struct ins_netlink *host, const struct ins_interface *interface, struct ins_error *err)
{
	int index = host_index(interface->number), r = distrust(interface, err);
	uint8_t hardware[6];

	if (r < 0)
		return r;
	hardware_address(interface->number, false, hardware);
	add_link(host, RTM_SETLINK, 0, index, IFF_UP);
	if (interface->has_ipv4) {
		add_neighbour(host, index, AF_INET, interface->ipv4, hardware);
		add_route(host, index, AF_INET, interface->ipv4, NULL);
	}
	if (interface->has_ipv6) {
		add_neighbour(host, index, AF_INET6, interface->ipv6, hardware);
		add_route(host, index, AF_INET6, interface->ipv6, NULL);
	}
	r = ins_netlink_send(host, NULL);
	if (r == -EEXIST && interface->is_chosen)
		return ins_error_key(err, EADDRINUSE, "address",
			"the host has a route to it already: another partition has the same one, "
			"or "
			"something else does");
	return r < 0 ? ins_error_set(err, -r, "set up the interface " ROUTED_PREFIX "%u",
			       interface->number)
		     : 0;
}

int ins_interface_set_up_guest(
	struct ins_netlink *guest, const struct ins_interface *interface, struct ins_error *err)
{
	bool is_routed = interface->kind == INS_INTERFACE_ROUTED;
	uint8_t hardware[6];
	int r;

	hardware_address(interface->number, true, hardware);
	if (is_routed)
		add_settings(guest, GUEST_INDEX);
	if (interface->has_ipv4)
		add_address(guest, AF_INET, interface->ipv4, interface->prefix4);
	if (interface->has_ipv6)
		add_address(guest, AF_INET6, interface->ipv6, interface->prefix6);
	add_link(guest, RTM_SETLINK, 0, GUEST_INDEX, IFF_UP);
	if (is_routed && interface->has_ipv4) {
		add_neighbour(guest, GUEST_INDEX, AF_INET, gateway4, hardware);
		add_route(guest, GUEST_INDEX, AF_INET, NULL, gateway4);
	}
	if (is_routed && interface->has_ipv6) {
		add_neighbour(guest, GUEST_INDEX, AF_INET6, gateway6, hardware);
		add_route(guest, GUEST_INDEX, AF_INET6, NULL, gateway6);
	}
	r = ins_netlink_send(guest, NULL);
	return r < 0 ? ins_error_set(err, -r, "set up " GUEST_NAME " in the container") : 0;
}

void ins_interface_delete(struct ins_netlink *host, uint32_t number)
{
	add_link(host, RTM_DELLINK, 0, host_index(number), 0);
	(void)ins_netlink_send(host, NULL);
}
