/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A routed guest has a veth without a bridge. Each end knows the other's hardware address beforehand, and the
 * guest's route leads to a neighbour that needs no address on the host: nobody asks for anybody by ARP, and
 * nothing is broadcast. All names, indexes and addresses follow from the number, so that the requests can be sent
 * together, before the answer to the first one is there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "batch.h"
#include "elements.h"
#include "table.h"

/* In the container. Modules of tunnels put an interface of theirs into each new namespace, the first ones. */
#define GUEST_NAME  "eth0"
#define GUEST_INDEX 100

/* A port of a bridge is no business of the table's. */
#define BRIDGE_PREFIX "isb"

/* Where the guest sends what is not for itself. */
static const uint8_t gateway4[4] = { 169, 254, 1, 1 };
static const uint8_t gateway6[16] = { 0xfe, 0x80, [15] = 1 };

/* All requests of a process are made in here, one batch after the other. */
static struct batch batch;

/* Locally administered ones. */
static void hardware_address(uint32_t number, bool of_host, uint8_t ret[6])
{
	ret[0] = of_host ? 0x06 : 0x02;
	ret[1] = 0x69;
	number = htonl(number);
	memcpy(ret + 2, &number, sizeof(number));
}

/* --- what a guest has on the host and inside ------------------------------------------------------------ */

static void put_end(struct nlmsghdr *header, const char *name, const uint8_t address[6])
{
	mnl_attr_put_strz(header, IFLA_IFNAME, name);
	mnl_attr_put(header, IFLA_ADDRESS, 6, address);
	/* Else a veth has a queue for each processor that the host might have. */
	mnl_attr_put_u32(header, IFLA_NUM_TX_QUEUES, 1);
	mnl_attr_put_u32(header, IFLA_NUM_RX_QUEUES, 1);
}

static struct nlmsghdr *add_link(uint16_t type, uint16_t flags, int index, unsigned int set)
{
	const struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = set, .ifi_change = set
	};

	return batch_add(&batch, type, flags, &info, sizeof(info));
}

static void add_veth(const struct guest *guest, const char *name)
{
	const struct ifinfomsg peer = { .ifi_family = AF_UNSPEC, .ifi_index = GUEST_INDEX };
	struct nlmsghdr *header =
		add_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, guest_index(guest->number), 0);
	struct nlattr *info, *data, *end;
	uint8_t address[6];

	hardware_address(guest->number, true, address);
	put_end(header, name, address);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	end = mnl_attr_nest_start(header, VETH_INFO_PEER);
	memcpy(mnl_nlmsg_get_payload_tail(header), &peer, sizeof(peer));
	header->nlmsg_len += NLMSG_ALIGN(sizeof(peer));
	hardware_address(guest->number, false, address);
	put_end(header, GUEST_NAME, address);
	mnl_attr_put_u32(header, IFLA_NET_NS_FD, NAMESPACE);
	mnl_attr_nest_end(header, end);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
}

static void add_macvlan(const struct guest *guest, int parent)
{
	struct nlmsghdr *header = add_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, GUEST_INDEX, 0);
	struct nlattr *info, *data;
	uint8_t address[6];

	hardware_address(guest->number, false, address);
	mnl_attr_put_strz(header, IFLA_IFNAME, GUEST_NAME);
	mnl_attr_put(header, IFLA_ADDRESS, sizeof(address), address);
	mnl_attr_put_u32(header, IFLA_LINK, (uint32_t)parent);
	mnl_attr_put_u32(header, IFLA_NET_NS_FD, NAMESPACE);
	info = mnl_attr_nest_start(header, IFLA_LINKINFO);
	mnl_attr_put_strz(header, IFLA_INFO_KIND, "macvlan");
	data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
	mnl_attr_put_u32(header, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
	mnl_attr_nest_end(header, data);
	mnl_attr_nest_end(header, info);
}

/*
 * No link-local address, whose making would be announced to nobody; and for a host's end what else keeps a
 * guest to its address, should the table be gone, and lets answers through to 127.0.0.1.
 */
static void add_settings(int index, bool of_host)
{
	struct nlmsghdr *header = add_link(RTM_SETLINK, 0, index, 0);
	struct nlattr *families = mnl_attr_nest_start(header, IFLA_AF_SPEC), *family, *settings;

	if (of_host) {
		family = mnl_attr_nest_start(header, AF_INET);
		settings = mnl_attr_nest_start(header, IFLA_INET_CONF);
		mnl_attr_put_u32(header, IPV4_DEVCONF_RP_FILTER, 1);
		mnl_attr_put_u32(header, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
		mnl_attr_nest_end(header, settings);
		mnl_attr_nest_end(header, family);
	}
	family = mnl_attr_nest_start(header, AF_INET6);
	mnl_attr_put_u8(header, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(header, family);
	mnl_attr_nest_end(header, families);
}

static void add_neighbour(
	int index, uint8_t family, const uint8_t *address, const uint8_t hardware[6])
{
	const struct ndmsg info = {
		.ndm_family = family, .ndm_ifindex = index, .ndm_state = NUD_PERMANENT
	};
	struct nlmsghdr *header =
		batch_add(&batch, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &info, sizeof(info));

	mnl_attr_put(header, NDA_DST, family == AF_INET ? 4 : 16, address);
	mnl_attr_put(header, NDA_LLADDR, 6, hardware);
}

/* To one address, or with @gateway set to all by it. */
static void add_route(int index, uint8_t family, const uint8_t *address, const uint8_t *gateway)
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
	struct nlmsghdr *header =
		batch_add(&batch, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));

	mnl_attr_put_u32(header, RTA_OIF, (uint32_t)index);
	if (gateway)
		mnl_attr_put(header, RTA_GATEWAY, size, gateway);
	else
		mnl_attr_put(header, RTA_DST, size, address);
}

static void add_address(uint8_t family, const uint8_t *address, uint8_t prefix)
{
	const struct ifaddrmsg info = { .ifa_family = family,
		.ifa_prefixlen = prefix,
		.ifa_index = GUEST_INDEX,
		.ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD };
	struct nlmsghdr *header =
		batch_add(&batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));

	mnl_attr_put(header, IFA_LOCAL, family == AF_INET ? 4 : 16, address);
}

/* The host's end comes up with its routes, when the table is there. */
static int set_up_host(struct helper *helper, const struct guest *guest)
{
	int index = guest_index(guest->number);
	uint8_t hardware[6];

	hardware_address(guest->number, false, hardware);
	batch_start(&batch, &helper->host);
	(void)add_link(RTM_SETLINK, 0, index, IFF_UP);
	if (guest->has_ipv4) {
		add_neighbour(index, AF_INET, guest->ipv4, hardware);
		add_route(index, AF_INET, guest->ipv4, NULL);
	}
	if (guest->has_ipv6) {
		add_neighbour(index, AF_INET6, guest->ipv6, hardware);
		add_route(index, AF_INET6, guest->ipv6, NULL);
	}
	return batch_send(&batch, NULL);
}

static int set_up_guest(struct helper *helper, const struct guest *guest)
{
	bool is_routed = guest->kind == GUEST_ROUTED;
	uint8_t hardware[6];

	hardware_address(guest->number, true, hardware);
	batch_start(&batch, &helper->guest);
	if (is_routed)
		add_settings(GUEST_INDEX, false);
	if (guest->has_ipv4)
		add_address(AF_INET, guest->ipv4, guest->prefix4);
	if (guest->has_ipv6)
		add_address(AF_INET6, guest->ipv6, guest->prefix6);
	(void)add_link(RTM_SETLINK, 0, GUEST_INDEX, IFF_UP);
	if (is_routed && guest->has_ipv4) {
		add_neighbour(GUEST_INDEX, AF_INET, gateway4, hardware);
		add_route(GUEST_INDEX, AF_INET, NULL, gateway4);
	}
	if (is_routed && guest->has_ipv6) {
		add_neighbour(GUEST_INDEX, AF_INET6, gateway6, hardware);
		add_route(GUEST_INDEX, AF_INET6, NULL, gateway6);
	}
	return batch_send(&batch, NULL);
}

/* --- the host's own settings ---------------------------------------------------------------------------- */

static bool has_text(const char *path, const char *text)
{
	char found[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);

	if (fd >= 0)
		(void)close(fd);
	return n > 0 && strncmp(found, text, strlen(text)) == 0;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	(void)close(fd);
	return r;
}

/* A host that forwards no longer takes router advertisements, unless it is told to with this. */
static void keep_advertisements(void)
{
	glob_t found;

	if (glob("/proc/sys/net/ipv6/conf/*/accept_ra", 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (has_text(found.gl_pathv[i], "1"))
			(void)write_text(found.gl_pathv[i], "2");
	}
	globfree(&found);
}

static int forward(struct helper *helper, bool ipv4, bool ipv6)
{
	static const char path4[] = "/proc/sys/net/ipv4/ip_forward";
	static const char path6[] = "/proc/sys/net/ipv6/conf/all/forwarding";
	bool is_off4 = ipv4 && has_text(path4, "0"), is_off6 = ipv6 && has_text(path6, "0");
	int r = is_off4 ? write_text(path4, "1") : 0;

	if (r == 0 && is_off6) {
		keep_advertisements();
		r = write_text(path6, "1");
	}
	if (r < 0)
		return helper_fail(helper, -r, "let the host forward packets (%s): %s",
			is_off6 ? path6 : path4, strerror(-r));
	if (is_off4 || is_off6)
		(void)helper_fail(helper, 0,
			"the host forwards packets from now on%s%s: net routed needs it",
			is_off4 ? ", net.ipv4.ip_forward = 1" : "",
			is_off6 ? ", net.ipv6.conf.all.forwarding = 1" : "");
	return 0;
}

/* --- requests ------------------------------------------------------------------------------------------- */

static int open_tables(struct helper *helper)
{
	int r = helper->tables.socket ? 0 : peer_open(&helper->tables, NETLINK_NETFILTER);

	return r < 0 ? helper_fail(helper, -r, "open nfnetlink: %s", strerror(-r)) : 0;
}

/* With words of its own, or the errno's. */
static int set_elements(struct helper *helper, const struct guest *guest)
{
	char why[sizeof(helper->words)] = "";
	int r = elements_set(&helper->tables, &batch, guest, why, sizeof(why));

	if (r == 0)
		return 0;
	return why[0] ? helper_fail(helper, -r, "%s", why)
		      : helper_fail(helper, -r,
				"change the nftables table \"inet " TABLE_NAME "\": %s",
				strerror(-r));
}

/* The interface goes with the namespace of the guest, which the kernel deletes together with others. */
int detach(struct helper *helper, uint32_t number)
{
	struct guest nothing = { .number = number };
	int r = open_tables(helper);

	return r < 0 ? r : set_elements(helper, &nothing);
}

/* It takes some 20 ms, in which the kernel waits for all who might look at it. */
static void delete_link(struct helper *helper, uint32_t number)
{
	(void)link_delete(&helper->host, guest_index(number));
}

static int make_veth(struct helper *helper, const struct guest *guest, const char *name)
{
	batch_start(&batch, &helper->host);
	add_veth(guest, name);
	if (guest->kind == GUEST_ROUTED)
		add_settings(guest_index(guest->number), true);
	return batch_send(&batch, NULL);
}

/* What a crash has left of the same number makes room: nobody else may have it. The kernel also takes its time to
 * delete the namespace of a guest that has ended. */
static int make_pair(struct helper *helper, const struct guest *guest)
{
	const char *prefix = guest->kind == GUEST_ROUTED ? GUEST_PREFIX : BRIDGE_PREFIX;
	char name[IFNAMSIZ];
	int r;

	snprintf(name, sizeof(name), "%s%u", prefix, guest->number);
	r = make_veth(helper, guest, name);
	if (r == -EEXIST) {
		delete_link(helper, guest->number);
		r = make_veth(helper, guest, name);
	}
	return r < 0 ? helper_fail(helper, -r, "make the interface %s: %s", name, strerror(-r)) : 0;
}

static int attach_routed(struct helper *helper, const struct guest *guest)
{
	char why[sizeof(helper->words)] = "";
	int r = open_tables(helper);

	if (r == 0)
		r = make_pair(helper, guest);
	if (r < 0)
		return r;
	r = table_ensure(&helper->tables, &batch, why, sizeof(why));
	if (r < 0)
		return helper_fail(helper, -r, "%s", why[0] ? why : strerror(-r));
	r = set_elements(helper, guest);
	if (r < 0)
		return r;
	r = set_up_host(helper, guest);
	if (r < 0)
		return helper_fail(helper, -r, "set up the interface " GUEST_PREFIX "%u: %s",
			guest->number, strerror(-r));
	return forward(helper, guest->has_ipv4, guest->has_ipv6);
}

/* An interface of the host's that the guest is connected to. */
static int attach_device(struct helper *helper, const struct guest *guest)
{
	bool is_bridge = guest->kind == GUEST_BRIDGE;
	int index = guest_index(guest->number);
	struct link device;
	int r = guest->device ? link_find(&helper->host, guest->device, &device) : -EINVAL;

	if (r < 0)
		return helper_fail(helper, -r, "find the %s \"%s\": %s",
			is_bridge ? "bridge" : "interface", guest->device ? guest->device : "",
			strerror(-r));
	if (is_bridge) {
		r = make_pair(helper, guest);
		if (r < 0)
			return r;
		batch_start(&batch, &helper->host);
		mnl_attr_put_u32(
			add_link(RTM_SETLINK, 0, index, 0), IFLA_MASTER, (uint32_t)device.index);
		(void)add_link(RTM_SETLINK, 0, index, IFF_UP);
	} else {
		batch_start(&batch, &helper->host);
		add_macvlan(guest, device.index);
	}
	r = batch_send(&batch, NULL);
	return r < 0 ? helper_fail(helper, -r, "connect it to the %s \"%s\": %s",
			       is_bridge ? "bridge" : "interface", guest->device, strerror(-r))
		     : 0;
}

int take_away(struct helper *helper, uint32_t number)
{
	delete_link(helper, number);
	return detach(helper, number);
}

int attach(struct helper *helper, const struct guest *guest)
{
	int r = guest->kind == GUEST_ROUTED ? attach_routed(helper, guest)
					    : attach_device(helper, guest);

	if (r == 0) {
		r = set_up_guest(helper, guest);
		if (r < 0)
			(void)helper_fail(helper, -r, "set up " GUEST_NAME " in the container: %s",
				strerror(-r));
	}
	if (r < 0) {
		char words[sizeof(helper->words)];

		/* Why it has failed is what counts. */
		memcpy(words, helper->words, sizeof(words));
		(void)take_away(helper, guest->number);
		memcpy(helper->words, words, sizeof(words));
	}
	return r;
}

int change(struct helper *helper, const struct guest *guest)
{
	char why[sizeof(helper->words)] = "";
	int r = open_tables(helper);

	if (r == 0)
		r = table_ensure(&helper->tables, &batch, why, sizeof(why));
	if (r < 0)
		return why[0] ? helper_fail(helper, -r, "%s", why) : r;
	return set_elements(helper, guest);
}

/* --- sweep ---------------------------------------------------------------------------------------------- */

/* Interfaces that are put into this group are deleted in one go: the kernel waits once for them all. */
#define DEAD_GROUP 0x69736c00

/* So many requests fit into a batch. */
#define SWEEP_AT_ONCE 1000

struct sweeping {
	const char *live;
	size_t digits;
	uint8_t dead[GUEST_NUMBERS / 8], dead_links[GUEST_NUMBERS / 8];
	unsigned int n_dead;
	bool is_any_live;
};

static bool has_bit(const uint8_t *bits, uint32_t number)
{
	return bits[number / 8] >> number % 8 & 1;
}

static void set_bit(uint8_t *bits, uint32_t number)
{
	bits[number / 8] |= (uint8_t)(1 << number % 8);
}

static bool is_live(const struct sweeping *sweeping, uint32_t number)
{
	const char *digits = "0123456789abcdef", *at;
	char digit = number / 4 < sweeping->digits ? sweeping->live[number / 4] : '0';

	at = strchr(digits, digit);
	return at && (at - digits) >> (number % 4) & 1;
}

static void note_number(void *data, uint32_t number)
{
	struct sweeping *sweeping = data;

	if (is_live(sweeping, number)) {
		sweeping->is_any_live = true;
	} else if (!has_bit(sweeping->dead, number)) {
		set_bit(sweeping->dead, number);
		sweeping->n_dead++;
	}
}

static void note_interface(void *data, int index, const char *name)
{
	struct sweeping *sweeping = data;
	int number = index - guest_index(0);

	if (number < 0 || number >= GUEST_NUMBERS ||
		(strncmp(name, GUEST_PREFIX, strlen(GUEST_PREFIX)) != 0 &&
			strncmp(name, BRIDGE_PREFIX, strlen(BRIDGE_PREFIX)) != 0))
		return;
	note_number(data, (uint32_t)number);
	if (has_bit(sweeping->dead, (uint32_t)number))
		set_bit(sweeping->dead_links, (uint32_t)number);
}

static int delete_links(struct helper *helper, const struct sweeping *sweeping)
{
	unsigned int n = 0;
	int r = 0;

	batch_start(&batch, &helper->host);
	for (uint32_t number = 0; r == 0 && number < GUEST_NUMBERS; number++) {
		if (!has_bit(sweeping->dead_links, number))
			continue;
		mnl_attr_put_u32(
			add_link(RTM_SETLINK, 0, guest_index(number), 0), IFLA_GROUP, DEAD_GROUP);
		if (++n % SWEEP_AT_ONCE == 0) {
			r = batch_send(&batch, NULL);
			batch_start(&batch, &helper->host);
		}
	}
	if (r == 0 && n > 0)
		mnl_attr_put_u32(add_link(RTM_DELLINK, 0, 0, 0), IFLA_GROUP, DEAD_GROUP);
	if (r == 0)
		r = batch_send(&batch, NULL);
	/* One has gone meanwhile by itself. The others are in the group. */
	return r == -ENODEV ? 0 : r;
}

int sweep(struct helper *helper, const char *live, unsigned int *ret_removed)
{
	struct sweeping sweeping = { .live = live, .digits = strlen(live) };
	int r = open_tables(helper);

	if (r < 0)
		return r;
	r = links_read(&helper->host, note_interface, &sweeping);
	if (r == 0)
		r = elements_numbers(&helper->tables, note_number, &sweeping);
	if (r < 0)
		return helper_fail(helper, -r, "look for what is left of guests: %s", strerror(-r));
	r = delete_links(helper, &sweeping);
	if (r < 0)
		return helper_fail(helper, -r, "delete interfaces of guests: %s", strerror(-r));
	for (uint32_t number = 0; r == 0 && number < GUEST_NUMBERS; number++) {
		if (has_bit(sweeping.dead, number))
			r = detach(helper, number);
	}
	if (r == 0 && !sweeping.is_any_live && strspn(live, "0") == sweeping.digits)
		r = table_delete(&helper->tables, &batch);
	*ret_removed = sweeping.n_dead;
	return r;
}
