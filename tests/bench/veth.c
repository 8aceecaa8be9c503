/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cage.h"
#include "veth.h"

#define FIRST_INDEX 0x69000000
#define GUEST_INDEX 2

struct batch {
	char data[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t n;
	struct nlmsghdr *last;
};

struct address {
	uint8_t family;
	uint8_t size;
	uint8_t bytes[16];
};

static void *add(struct batch *batch, size_t size)
{
	void *place = batch->data + batch->n;

	if (batch->n + NLMSG_ALIGN(size) > sizeof(batch->data))
		die("a batch of netlink");
	memset(place, 0, NLMSG_ALIGN(size));
	batch->n += NLMSG_ALIGN(size);
	if (batch->last)
		batch->last->nlmsg_len = (uint32_t)(batch->data + batch->n - (char *)batch->last);
	return place;
}

static void message(
	struct batch *batch, uint16_t type, uint16_t flags, const void *body, size_t size)
{
	batch->last = NULL;
	batch->last = add(batch, NLMSG_HDRLEN);
	batch->last->nlmsg_type = type;
	batch->last->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(add(batch, size), body, size);
}

static struct rtattr *attribute(struct batch *batch, uint16_t type, const void *data, size_t size)
{
	struct rtattr *attribute = add(batch, RTA_LENGTH(size));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(attribute), data, size);
	return attribute;
}

static void end_nest(const struct batch *batch, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)(batch->data + batch->n - (char *)nest);
}

/* Only the last message is answered, and each that fails. */
static void send_all(struct batch *batch)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	char answer[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	const struct nlmsgerr *error = NLMSG_DATA(header);

	batch->last->nlmsg_flags |= NLM_F_ACK;
	if (fd < 0 || send(fd, batch->data, batch->n, 0) < 0 ||
		recv(fd, answer, sizeof(answer), 0) < 0)
		die("netlink");
	if (header->nlmsg_type != NLMSG_ERROR || error->error) {
		errno = -error->error;
		die("the network");
	}
	close(fd);
}

/* --- parts ----------------------------------------------------------------------------------------- */

static struct address address(const char *text)
{
	struct address address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	address.size = address.family == AF_INET6 ? 16 : 4;
	inet_pton(address.family, text, address.bytes);
	return address;
}

static void hardware(uint32_t number, bool is_host, uint8_t ret[6])
{
	uint32_t value = htonl(number);

	ret[0] = is_host ? 6 : 2;
	ret[1] = 0x69;
	memcpy(ret + 2, &value, sizeof(value));
}

/* No address of the link's own. */
static void no_link_address(struct batch *batch, int index)
{
	struct ifinfomsg link = { .ifi_index = index };
	const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	struct rtattr *families, *ipv6;

	message(batch, RTM_NEWLINK, 0, &link, sizeof(link));
	families = attribute(batch, IFLA_AF_SPEC, NULL, 0);
	ipv6 = attribute(batch, AF_INET6, NULL, 0);
	attribute(batch, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	end_nest(batch, ipv6);
	end_nest(batch, families);
}

static void set_up(struct batch *batch, int index)
{
	struct ifinfomsg link = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	no_link_address(batch, index);
	message(batch, RTM_NEWLINK, 0, &link, sizeof(link));
}

static void neighbour(struct batch *batch, int index, struct address address, const uint8_t mac[6])
{
	struct ndmsg neighbour = {
		.ndm_family = address.family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT
	};

	message(batch, RTM_NEWNEIGH, NLM_F_CREATE, &neighbour, sizeof(neighbour));
	attribute(batch, NDA_DST, address.bytes, address.size);
	attribute(batch, NDA_LLADDR, mac, 6);
}

/* To one address, or to all by way of a gateway. */
static void route(
	struct batch *batch, int index, const struct address *to, const struct address *gateway)
{
	struct rtmsg route = { .rtm_family = to ? to->family : gateway->family,
		.rtm_dst_len = to ? (uint8_t)(to->size * 8) : 0,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = to && to->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
		.rtm_flags = gateway ? RTNH_F_ONLINK : 0 };

	message(batch, RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
	if (to)
		attribute(batch, RTA_DST, to->bytes, to->size);
	if (gateway)
		attribute(batch, RTA_GATEWAY, gateway->bytes, gateway->size);
	attribute(batch, RTA_OIF, &index, sizeof(index));
}

static void own_address(struct batch *batch, struct address address)
{
	struct ifaddrmsg body = { .ifa_family = address.family,
		.ifa_prefixlen = (uint8_t)(address.size * 8),
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = GUEST_INDEX };

	message(batch, RTM_NEWADDR, NLM_F_CREATE, &body, sizeof(body));
	attribute(batch, IFA_LOCAL, address.bytes, address.size);
	attribute(batch, IFA_ADDRESS, address.bytes, address.size);
}

static void guest_addresses(uint32_t number, struct address ret[2])
{
	char text[64];

	snprintf(text, sizeof(text), "10.211.%u.%u", (number + 1) / 256, (number + 1) % 256);
	ret[0] = address(text);
	snprintf(text, sizeof(text), "fd69:6e73:756c:62::%x", number + 1);
	ret[1] = address(text);
}

/* --- together -------------------------------------------------------------------------------------- */

static void pair(struct batch *batch, uint32_t number, int net)
{
	struct ifinfomsg link = { .ifi_index = FIRST_INDEX + (int)number };
	struct ifinfomsg peer = { .ifi_index = GUEST_INDEX };
	struct rtattr *info, *data, *other;
	uint8_t mac[6];
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "floor%u", number);
	message(batch, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
	attribute(batch, IFLA_IFNAME, name, strlen(name) + 1);
	hardware(number, true, mac);
	attribute(batch, IFLA_ADDRESS, mac, sizeof(mac));
	info = attribute(batch, IFLA_LINKINFO, NULL, 0);
	attribute(batch, IFLA_INFO_KIND, "veth", 4);
	data = attribute(batch, IFLA_INFO_DATA, NULL, 0);
	other = attribute(batch, VETH_INFO_PEER, NULL, 0);
	memcpy(add(batch, sizeof(peer)), &peer, sizeof(peer));
	attribute(batch, IFLA_IFNAME, "eth0", 5);
	hardware(number, false, mac);
	attribute(batch, IFLA_ADDRESS, mac, sizeof(mac));
	attribute(batch, IFLA_NET_NS_FD, &net, sizeof(net));
	end_nest(batch, other);
	end_nest(batch, data);
	end_nest(batch, info);
}

void veth_make(uint32_t number, int net)
{
	struct batch batch = {};
	struct address addresses[2];
	int index = FIRST_INDEX + (int)number;
	uint8_t mac[6];

	guest_addresses(number, addresses);
	hardware(number, false, mac);
	pair(&batch, number, net);
	set_up(&batch, index);
	for (size_t i = 0; i < 2; i++) {
		neighbour(&batch, index, addresses[i], mac);
		route(&batch, index, &addresses[i], NULL);
	}
	send_all(&batch);
}

void veth_set_up_guest(uint32_t number)
{
	const struct address gateways[2] = { address("169.254.1.1"), address("fe80::1") };
	struct batch batch = {};
	struct address addresses[2];
	uint8_t mac[6];

	guest_addresses(number, addresses);
	hardware(number, true, mac);
	set_up(&batch, GUEST_INDEX);
	for (size_t i = 0; i < 2; i++) {
		own_address(&batch, addresses[i]);
		neighbour(&batch, GUEST_INDEX, gateways[i], mac);
		route(&batch, GUEST_INDEX, NULL, &gateways[i]);
	}
	send_all(&batch);
}
