/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest.h"

/* Far above what the kernel gives out by itself. */
#define FIRST_INDEX 0x69000000

/* Return: what is behind the number, NULL: there is none that is allowed. */
static const char *take_number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return errno || *ret > max ? NULL : end;
}

static int parse_address(const char *text, struct guest *guest)
{
	if (strchr(text, ':')) {
		guest->has_ipv6 = inet_pton(AF_INET6, text, guest->ipv6) == 1;
		return guest->has_ipv6 ? 0 : -EINVAL;
	}
	guest->has_ipv4 = inet_pton(AF_INET, text, guest->ipv4) == 1;
	return guest->has_ipv4 ? 0 : -EINVAL;
}

/* "ADDRESS:", an IPv6 one in brackets, is cut off. Return: what is behind it, NULL: it is none. */
static const char *take_address(char *text, struct publish *publish)
{
	char *end = text[0] == '[' ? strstr(text, "]:") : strchr(text, ':');

	if (!end)
		return NULL;
	if (text[0] == '[') {
		*end++ = '\0';
		publish->family = AF_INET6;
		return inet_pton(AF_INET6, text + 1, publish->at) == 1 ? end + 1 : NULL;
	}
	if (!strchr(end + 1, ':'))
		return text;
	*end = '\0';
	publish->family = AF_INET;
	return inet_pton(AF_INET, text, publish->at) == 1 ? end + 1 : NULL;
}

static int parse_publish(char *text, struct publish *ret)
{
	struct publish publish = { .family = AF_UNSPEC, .protocol = IPPROTO_TCP };
	unsigned long outside, inside;
	const char *rest = take_address(text, &publish);

	rest = rest ? take_number(rest, UINT16_MAX, &outside) : NULL;
	rest = rest && *rest == ':' ? take_number(rest + 1, UINT16_MAX, &inside) : NULL;
	if (!rest || outside == 0 || inside == 0)
		return -EINVAL;
	if (strcmp(rest, "/udp") == 0)
		publish.protocol = IPPROTO_UDP;
	else if (*rest && strcmp(rest, "/tcp") != 0)
		return -EINVAL;
	publish.outside = htons((uint16_t)outside);
	publish.inside = htons((uint16_t)inside);
	*ret = publish;
	return 0;
}

static bool is_name(const char *text)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t n = strspn(text, allowed);

	return n > 0 && n < 64 && !text[n];
}

static int parse_word(char *word, struct guest *guest)
{
	char *value = strchr(word, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(word, "address") == 0)
		return parse_address(value, guest);
	if (strcmp(word, "publish") == 0)
		return guest->n_publish == GUEST_PUBLISH
			       ? -E2BIG
			       : parse_publish(value, &guest->publish[guest->n_publish++]);
	/* It becomes part of a text for nft. */
	if (strcmp(word, "group") != 0 || !is_name(value))
		return -EINVAL;
	if (guest->n_groups == GUEST_GROUPS)
		return -E2BIG;
	guest->groups[guest->n_groups++] = value;
	return 0;
}

int guest_parse(char *words, struct guest *ret)
{
	char *rest;
	const char *kind = strtok_r(words, " ", &rest);
	const char *number = strtok_r(NULL, " ", &rest);
	unsigned long value;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	number = number ? take_number(number, GUEST_NUMBERS - 1, &value) : NULL;
	if (!number || *number || strcmp(kind, "routed") != 0)
		return -EINVAL;
	ret->number = (uint32_t)value;
	for (char *word; r == 0 && (word = strtok_r(NULL, " ", &rest));)
		r = parse_word(word, ret);
	return r;
}

bool guest_number(const char *name, uint32_t *ret)
{
	size_t prefix = strlen(GUEST_PREFIX);
	unsigned long value;
	const char *end = strncmp(name, GUEST_PREFIX, prefix) == 0
				  ? take_number(name + prefix, GUEST_NUMBERS - 1, &value)
				  : NULL;

	if (!end || *end)
		return false;
	*ret = (uint32_t)value;
	return true;
}

void guest_name(uint32_t number, char name[IFNAMSIZ])
{
	snprintf(name, IFNAMSIZ, GUEST_PREFIX "%u", number);
}

int guest_index(uint32_t number)
{
	return FIRST_INDEX + (int)number;
}
