/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a partition's number, and the words that insula-net is told. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "net/choice.h"
#include "net/helper.h"
#include "net/interface.h"
#include "net/net.h"
#include "net/table.h"
#include "plan/build.h"

#define POOL4_PREFIX 18
#define POOL6_PREFIX 64

/* The pools' first addresses: INS_NETWORK_POOL4, INS_NETWORK_POOL6. */
static const uint8_t pool4[4] = { 10, 209 };
static const uint8_t pool6[16] = { 0xfd, 0x69, 0x6e, 0x73, 0x75, 0x6c, 0x00, 0x61 };

/* An address of a person's choice. */
struct choice {
	int family;
	unsigned int prefix;
	uint8_t bytes[16];
};

static bool is_in_pool(const struct choice *choice)
{
	if (choice->family == AF_INET6)
		return memcmp(choice->bytes, pool6, POOL6_PREFIX / 8) == 0;
	return memcmp(choice->bytes, pool4, POOL4_PREFIX / 8) == 0 &&
	       choice->bytes[2] >> (24 - POOL4_PREFIX) == 0;
}

static int parse_choice(const char *text, const char *kind, bool is_routed, struct choice *ret,
	struct ins_error *err)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	uint64_t prefix;

	*ret = (struct choice){ .family = strchr(text, ':') ? AF_INET6 : AF_INET };
	prefix = ret->family == AF_INET6 ? 128 : 32;
	snprintf(address, sizeof(address), "%.*s", (int)n, text);
	if (n >= sizeof(address) || inet_pton(ret->family, address, ret->bytes) != 1 ||
		(text[n] && ins_number_u64(text + n + 1, 1, prefix, &prefix) < 0))
		return ins_error_key(
			err, EINVAL, "address", "\"%s\" is no ADDRESS or ADDRESS/PREFIX", text);
	if (is_routed == !!text[n])
		return ins_error_key(err, EINVAL, "address",
			is_routed
				? "\"%s\": with net %s it has no prefix, what it reaches is routed"
				: "\"%s\": with net %s it has the prefix of the network behind it, "
				  "as /24",
			text, kind);
	if (ins_net_is_special(ret->family, ret->bytes))
		return ins_error_key(err, EINVAL, "address",
			"\"%s\" is loopback, link-local, multicast or reserved: no guest can have "
			"it",
			text);
	if (is_routed && is_in_pool(ret))
		return ins_error_key(err, EINVAL, "address",
			"\"%s\" is of the pool " INS_NETWORK_POOL4 " or " INS_NETWORK_POOL6
			", whose addresses follow from the partitions' numbers",
			text);
	ret->prefix = (unsigned int)prefix;
	return 0;
}

/* The first number has the first address but one. */
static void addresses_of_number(uint32_t number, struct ins_network_addresses *ret)
{
	uint8_t ipv4[sizeof(pool4)], ipv6[sizeof(pool6)];

	number++;
	memcpy(ipv4, pool4, sizeof(ipv4));
	memcpy(ipv6, pool6, sizeof(ipv6));
	ipv4[2] = ipv6[14] = (uint8_t)(number >> 8);
	ipv4[3] = ipv6[15] = (uint8_t)number;
	(void)inet_ntop(AF_INET, ipv4, ret->ipv4, sizeof(ret->ipv4));
	(void)inet_ntop(AF_INET6, ipv6, ret->ipv6, sizeof(ret->ipv6));
}

static int check(const struct ins_network *network, struct ins_error *err)
{
	const char *kind = network->kind;
	bool is_routed = !strcmp(kind, "routed"), is_bridge = !strcmp(kind, "bridge");

	if (!is_routed && !is_bridge && strcmp(kind, "macvlan") != 0)
		return ins_error_key(
			err, EINVAL, "net", "\"%s\" is not routed, bridge or macvlan", kind);
	if (network->number >= INS_NETWORK_NUMBERS)
		return ins_error_key(
			err, EINVAL, "net", "there is no partition number %u", network->number);
	if (!is_routed && !network->device)
		return ins_error_key(err, EINVAL, is_bridge ? "bridge" : "parent",
			"is needed with net %s: the name of an interface of the host", kind);
	if (!is_routed && network->publish.n > 0)
		return ins_error_key(err, EINVAL, "publish", "needs net routed, not %s", kind);
	if (!is_routed && network->groups.n > 0)
		return ins_error_key(err, EINVAL, "group", "needs net routed, not %s", kind);
	if (network->groups.n > INS_NETWORK_GROUPS)
		return ins_error_key(err, EINVAL, "group", "at most %d groups", INS_NETWORK_GROUPS);
	if (network->publish.n > INS_NETWORK_PUBLISH)
		return ins_error_key(
			err, EINVAL, "publish", "at most %d ports", INS_NETWORK_PUBLISH);
	return 0;
}

int ins_network_address(
	const struct ins_network *network, struct ins_network_addresses *ret, struct ins_error *err)
{
	struct ins_network_addresses addresses = { .interface = "" };
	bool is_routed = !strcmp(network->kind, "routed");
	struct choice choice;
	int r = check(network, err);

	if (r == 0 && network->address)
		r = parse_choice(network->address, network->kind, is_routed, &choice, err);
	if (r < 0)
		return r;
	if (is_routed)
		addresses_of_number(network->number, &addresses);
	if (strcmp(network->kind, "macvlan") != 0)
		snprintf(addresses.interface, sizeof(addresses.interface), "%s%u",
			is_routed ? "isl" : "isb", network->number);
	if (network->address)
		snprintf(choice.family == AF_INET6 ? addresses.ipv6 : addresses.ipv4,
			INS_NETWORK_ADDRESS_SIZE, "%s", network->address);
	*ret = addresses;
	return 0;
}

/* "ADDRESS" or "ADDRESS/PREFIX", as they were checked. */
static void take_address(const char *text, int family, uint8_t *ret_bytes, uint8_t *ret_prefix)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');

	snprintf(address, sizeof(address), "%.*s", (int)strcspn(text, "/"), text);
	(void)inet_pton(family, address, ret_bytes);
	*ret_prefix = slash ? (uint8_t)strtoul(slash + 1, NULL, 10) : family == AF_INET6 ? 128 : 32;
}

int ins_network_interface(
	const struct ins_network *network, struct ins_interface *ret, struct ins_error *err)
{
	struct ins_network_addresses addresses;
	int r = ins_network_address(network, &addresses, err);

	if (r < 0)
		return r;
	*ret = (struct ins_interface){ .number = network->number,
		.device = network->device,
		.has_ipv4 = addresses.ipv4[0],
		.has_ipv6 = addresses.ipv6[0],
		.is_chosen = network->address != NULL,
		.publishes = network->publish.n > 0 };
	ret->kind = !strcmp(network->kind, "routed")   ? INS_INTERFACE_ROUTED
		    : !strcmp(network->kind, "bridge") ? INS_INTERFACE_BRIDGE
						       : INS_INTERFACE_MACVLAN;
	if (ret->has_ipv4)
		take_address(addresses.ipv4, AF_INET, ret->ipv4, &ret->prefix4);
	if (ret->has_ipv6)
		take_address(addresses.ipv6, AF_INET6, ret->ipv6, &ret->prefix6);
	return 0;
}

int ins_network_request(
	const char *verb, const struct ins_network *network, char **ret_text, struct ins_error *err)
{
	struct ins_network_addresses addresses;
	cleanup_free char *text = NULL;
	size_t size;
	FILE *file;
	int r = ins_network_address(network, &addresses, err);

	if (r < 0)
		return r;
	file = open_memstream(&text, &size);
	if (!file)
		return ins_error_set(err, ENOMEM, "make a request to insula-net");
	fprintf(file, "%s %s %u", verb, network->kind, network->number);
	if (network->device)
		fprintf(file, " device=%s", network->device);
	if (addresses.ipv4[0])
		fprintf(file, " address=%s", addresses.ipv4);
	if (addresses.ipv6[0])
		fprintf(file, " address=%s", addresses.ipv6);
	for (size_t i = 0; i < network->publish.n; i++)
		fprintf(file, " publish=%s", network->publish.v[i]);
	for (size_t i = 0; i < network->groups.n; i++)
		fprintf(file, " group=%s", network->groups.v[i]);
	if (fclose(file) != 0)
		return ins_error_set(err, ENOMEM, "make a request to insula-net");
	*ret_text = TAKE_PTR(text);
	return 0;
}

int ins_network_release(uint32_t number, struct ins_error *err)
{
	enum ins_net_table table;
	char request[32];
	int r = ins_net_table_look(number, &table, err);

	if (r < 0 || table != INS_NET_TABLE_WITH)
		return r;
	snprintf(request, sizeof(request), "detach %u", number);
	return ins_net_ask_once(request, NULL, 0, err);
}

static int change_interface(const struct ins_network *network, struct ins_error *err)
{
	cleanup_netlink struct ins_netlink host = INS_NETLINK_CLOSED;
	struct ins_interface interface;
	int r = ins_network_interface(network, &interface, err);

	if (r < 0)
		return r;
	r = ins_netlink_open(&host, NETLINK_ROUTE);
	return r < 0 ? ins_error_set(err, -r, "open rtnetlink")
		     : ins_interface_set_host(&host, &interface, err);
}

int ins_network_change(const struct ins_network *network, struct ins_error *err)
{
	cleanup_free char *request = NULL;
	int r = ins_network_request("change", network, &request, err);

	if (r == 0)
		r = ins_net_ask_once(request, NULL, 0, err);
	return r < 0 || strcmp(network->kind, "routed") != 0 ? r : change_interface(network, err);
}

int ins_network_sweep(
	const uint32_t *live, size_t n, unsigned int *ret_removed, struct ins_error *err)
{
	char request[sizeof("sweep ") + INS_NETWORK_NUMBERS / 4] = "sweep ", words[16];
	uint8_t digits[INS_NETWORK_NUMBERS / 4] = { 0 };
	size_t at = strlen(request);
	int r;

	for (size_t i = 0; i < n; i++) {
		if (live[i] < INS_NETWORK_NUMBERS)
			digits[live[i] / 4] |= (uint8_t)(1 << live[i] % 4);
	}
	for (size_t i = 0; i < sizeof(digits); i++)
		request[at++] = "0123456789abcdef"[digits[i]];
	r = ins_net_ask_once(request, words, sizeof(words), err);
	if (r == 0 && ret_removed)
		*ret_removed = (unsigned int)strtoul(words, NULL, 10);
	return r;
}
