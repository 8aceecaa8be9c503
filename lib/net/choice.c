/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/choice.h"

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
