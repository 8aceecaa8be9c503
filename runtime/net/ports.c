/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports.h"

static bool is_taken(int family, const struct publish *publish)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = publish->outside };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = publish->outside };
	bool is_ipv6 = family == AF_INET6, is_tcp = publish->protocol == IPPROTO_TCP;
	int fd = socket(family, (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0), yes = 1, r;

	if (fd < 0)
		return false;
	if (publish->family == AF_INET)
		memcpy(&ipv4.sin_addr, publish->at, sizeof(ipv4.sin_addr));
	if (publish->family == AF_INET6)
		memcpy(&ipv6.sin6_addr, publish->at, sizeof(ipv6.sin6_addr));
	if (is_ipv6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	/* Connections of the past are nobody who listens. */
	if (is_tcp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	r = bind(
		fd, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4, is_ipv6 ? sizeof(ipv6) : sizeof(ipv4));
	r = r < 0 ? -errno : 0;
	close(fd);
	return r == -EADDRINUSE;
}

const struct publish *ports_taken(const struct guest *guest)
{
	for (size_t i = 0; i < guest->n_publish; i++) {
		const struct publish *publish = &guest->publish[i];

		if ((publish->family != AF_INET6 && is_taken(AF_INET, publish)) ||
			(publish->family != AF_INET && is_taken(AF_INET6, publish)))
			return publish;
	}
	return NULL;
}
