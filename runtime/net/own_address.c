/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "own_address.h"

/* lo is the first interface of each network namespace. */
#define LOOPBACK 1

/* Beyond the addresses of guests, of which there are 12,288. */
static const struct own_address {
	int family;
	uint8_t prefix;
	const char *text;
} addresses[] = {
	{ AF_INET, 32, "10.209.63.254" },
	{ AF_INET6, 128, "fd69:6e73:756c:61::fffe" },
};

#define N_ADDRESSES (sizeof(addresses) / sizeof(addresses[0]))

static int note(const struct nlmsghdr *header, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
	bool *has_global = data;

	*has_global = *has_global || info->ifa_scope == RT_SCOPE_UNIVERSE;
	return MNL_CB_OK;
}

static bool has_global(struct peer *host, int family)
{
	char buffer[128];
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
	struct ifaddrmsg *info;
	bool is_there = false;

	header->nlmsg_type = RTM_GETADDR;
	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	info = mnl_nlmsg_put_extra_header(header, sizeof(*info));
	info->ifa_family = (uint8_t)family;
	/* Who cannot be asked is left as he is. */
	return peer_ask(host, header, note, &is_there) < 0 || is_there;
}

static void change(
	struct peer *host, struct batch *batch, uint16_t type, const struct own_address *address)
{
	const struct ifaddrmsg info = { .ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = address->prefix,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_flags = IFA_F_NODAD,
		.ifa_index = LOOPBACK };
	uint8_t bytes[sizeof(struct in6_addr)];

	if (inet_pton(address->family, address->text, bytes) != 1)
		return;
	batch_start(batch, host);
	mnl_attr_put(
		batch_add(batch, type, type == RTM_NEWADDR ? NLM_F_CREATE : 0, &info, sizeof(info)),
		IFA_LOCAL, address->prefix / 8, bytes);
	(void)batch_send(batch, NULL);
}

void own_address_ensure(struct peer *host, struct batch *batch)
{
	for (size_t i = 0; i < N_ADDRESSES; i++) {
		if (!has_global(host, addresses[i].family))
			change(host, batch, RTM_NEWADDR, &addresses[i]);
	}
}

void own_address_remove(struct peer *host, struct batch *batch)
{
	for (size_t i = 0; i < N_ADDRESSES; i++)
		change(host, batch, RTM_DELADDR, &addresses[i]);
}
