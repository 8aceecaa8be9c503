/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a partition with a routed network has in the table. The name of its interface, under which that stands
 * there, follows from its number: so whoever knows the number can take it away.
 */
#ifndef RUNTIME_NET_GUEST_H
#define RUNTIME_NET_GUEST_H

#include "link.h"

/* The same as in lib/net/net.h. */
#define GUEST_NUMBERS 12288
#define GUEST_GROUPS  4
#define GUEST_PUBLISH 256
#define GUEST_PREFIX  "isl"

/* A port of the host's that leads to one of the guest's. */
struct publish {
	uint8_t family;      /* AF_INET, AF_INET6: of @at; AF_UNSPEC: at all addresses of both */
	uint8_t protocol;    /* IPPROTO_… */
	uint8_t at[16];
	uint16_t outside, inside; /* in the order of the network */
};

struct guest {
	uint32_t number;
	bool has_ipv4, has_ipv6;
	uint8_t ipv4[4], ipv6[16];
	struct publish publish[GUEST_PUBLISH];
	size_t n_publish;
	const char *groups[GUEST_GROUPS];
	size_t n_groups;
};

/**
 * guest_parse - the words of a request
 * @words: "routed NUMBER [address=ADDRESS]… [publish=[ADDRESS:]PORT:PORT[/udp]]… [group=NAME]…"; it is cut into
 *         pieces, which @ret points to
 *
 * Return: 0, −EINVAL, −E2BIG.
 */
int guest_parse(char *words, struct guest *ret);

/* guest_number - the number in the name of an interface or an element, "isl5". Return: is it one? */
bool guest_number(const char *name, uint32_t *ret);

/* guest_name - the other way round. */
void guest_name(uint32_t number, char name[IFNAMSIZ]);

/* guest_index - of its interface on the host. */
int guest_index(uint32_t number);

#endif
