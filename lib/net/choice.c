/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/choice.h"
#include "net/interface.h"
#include "net/netlink.h"

/* Reserved, and of documentation (RFC 1112, RFC 3849): no host has them. */
#define NOBODYS4 "240.0.0.1"
#define NOBODYS6 "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"

/* Networks that lead to no single other host: this one, loopback, link-local, multicast and what is reserved. */
static const struct {
	int family;
	unsigned int prefix;
	uint8_t bytes[16];
} special[] = {
	{ AF_INET, 8, { 0 } },
	{ AF_INET, 8, { 127 } },
	{ AF_INET, 16, { 169, 254 } },
	{ AF_INET, 3, { 224 } },
	{ AF_INET6, 127, { 0 } }, /* :: and ::1 */
	{ AF_INET6, 96, { [10] = 0xff, [11] = 0xff } },
	{ AF_INET6, 10, { 0xfe, 0x80 } },
	{ AF_INET6, 8, { 0xff } },
};

static bool begins(const uint8_t *bytes, const uint8_t *prefix, unsigned int bits)
{
	unsigned int rest = bits % 8;

	return memcmp(bytes, prefix, bits / 8) == 0 &&
	       (rest == 0 || (bytes[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0);
}

bool ins_net_is_special(int family, const uint8_t *bytes)
{
	for (size_t i = 0; i < ARRAY_LENGTH(special); i++) {
		if (special[i].family == family &&
			begins(bytes, special[i].bytes, special[i].prefix))
			return true;
	}
	return false;
}

/* bind() takes what is the host's own, a broadcast address of it, or any one if it has been told to. */
static bool can_bind(int family, const uint8_t *bytes)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	bool is_ipv6 = family == AF_INET6;
	cleanup_fd int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(&ipv4.sin_addr, bytes, sizeof(ipv4.sin_addr));
	if (is_ipv6)
		memcpy(&ipv6.sin6_addr, bytes, sizeof(ipv6.sin6_addr));
	return fd >= 0 && bind(fd, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4,
				  is_ipv6 ? sizeof(ipv6) : sizeof(ipv4)) == 0;
}

bool ins_net_is_of_host(int family, const uint8_t *bytes)
{
	uint8_t nobodys[16];

	if (!can_bind(family, bytes))
		return false;
	(void)inet_pton(family, family == AF_INET6 ? NOBODYS6 : NOBODYS4, nobodys);
	/* With net.ipv4.ip_nonlocal_bind nothing can be said. */
	return !can_bind(family, nobodys);
}

/* --- what the kernel lists -------------------------------------------------------------------------------- */

#define DUMP_SIZE 32768

struct search {
	int family;
	const uint8_t *bytes;
	bool found;
};

typedef void look_fn(struct search *search, const struct nlmsghdr *message);

static size_t address_size(int family)
{
	return family == AF_INET6 ? 16 : 4;
}

/* @first: behind the message's own header. Return: what the attribute has, or NULL. */
static const void *find_attribute(
	const struct nlmsghdr *message, const struct rtattr *first, int type, size_t size)
{
	size_t left = (size_t)((const char *)message + message->nlmsg_len - (const char *)first);

	for (; RTA_OK(first, left); first = RTA_NEXT(first, left)) {
		if (first->rta_type == type && RTA_PAYLOAD(first) >= size)
			return RTA_DATA(first);
	}
	return NULL;
}

static void look_at_route(struct search *search, const struct nlmsghdr *message)
{
	const struct rtmsg *route = NLMSG_DATA(message);
	size_t size = address_size(search->family);
	const void *gateway = find_attribute(message, RTM_RTA(route), RTA_GATEWAY, size);

	search->found |= gateway && memcmp(gateway, search->bytes, size) == 0;
}

static void look_at_neighbour(struct search *search, const struct nlmsghdr *message)
{
	const int seen = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
	const struct ndmsg *neighbour = NLMSG_DATA(message);
	const struct rtattr *first =
		(const void *)((const char *)neighbour + NLMSG_ALIGN(sizeof(*neighbour)));
	size_t size = address_size(search->family);
	const void *address = find_attribute(message, first, NDA_DST, size);
	const void *hardware = find_attribute(message, first, NDA_LLADDR, 6);

	search->found |= neighbour->ndm_state & seen && !(neighbour->ndm_flags & NTF_PROXY) &&
			 address && memcmp(address, search->bytes, size) == 0 && hardware &&
			 !ins_interface_is_guest(hardware);
}

/* Return: there is more to come. */
static bool look_at_all(struct search *search, look_fn *look, const void *answer, size_t size)
{
	const struct nlmsghdr *message = answer;

	for (; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
		if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
			return false;
		look(search, message);
	}
	return !search->found;
}

static bool search_list(int type, int family, const uint8_t *bytes, look_fn *look)
{
	/* The longest of the headers that a list can be asked for by; all begin with the family. */
	const struct {
		struct nlmsghdr header;
		struct rtmsg body;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			.nlmsg_type = (uint16_t)type,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .rtm_family = (uint8_t)family },
	};
	struct search search = { .family = family, .bytes = bytes };
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	cleanup_free char *answer = malloc(DUMP_SIZE);
	ssize_t n;

	if (fd < 0 || !answer || send(fd, &request, sizeof(request), 0) < 0)
		return false;
	do
		n = recv(fd, answer, DUMP_SIZE, 0);
	while ((n < 0 && errno == EINTR) ||
		(n > 0 && look_at_all(&search, look, answer, (size_t)n)));
	return search.found;
}

bool ins_net_is_gateway(int family, const uint8_t *bytes)
{
	return search_list(RTM_GETROUTE, family, bytes, look_at_route);
}

bool ins_net_is_neighbour(int family, const uint8_t *bytes)
{
	return search_list(RTM_GETNEIGH, family, bytes, look_at_neighbour);
}

bool ins_net_is_name_server(int family, const uint8_t *bytes)
{
	cleanup_file FILE *file = fopen("/etc/resolv.conf", "re");
	char line[256], text[64];
	uint8_t server[16];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "nameserver %63s", text) == 1 &&
			inet_pton(family, text, server) == 1 &&
			memcmp(server, bytes, address_size(family)) == 0)
			return true;
	}
	return false;
}
