/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/netlink.h"

#define ANSWER_SIZE 8192

int ins_netlink_open(struct ins_netlink *netlink, int family)
{
	const struct sockaddr_nl own = { .nl_family = AF_NETLINK };

	*netlink = INS_NETLINK_CLOSED;
	netlink->socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
	if (netlink->socket < 0)
		return -errno;
	netlink->first = 1;
	return bind(netlink->socket, (const struct sockaddr *)&own, sizeof(own)) < 0 ? -errno : 0;
}

void ins_netlink_close(struct ins_netlink *netlink)
{
	netlink->socket = ins_close(netlink->socket);
}

/* Return: zeroed, or NULL: there is no room. */
static void *take(struct ins_netlink *netlink, size_t size)
{
	size_t aligned = NLMSG_ALIGN(size);
	void *place = netlink->buffer + netlink->used;

	netlink->is_full |= aligned > sizeof(netlink->buffer) - netlink->used;
	if (netlink->is_full)
		return NULL;
	memset(place, 0, aligned);
	netlink->used += aligned;
	return place;
}

static void lengthen(struct ins_netlink *netlink)
{
	if (netlink->last)
		netlink->last->nlmsg_len =
			(uint32_t)(netlink->buffer + netlink->used - (char *)netlink->last);
}

void ins_netlink_add(
	struct ins_netlink *netlink, int type, int flags, const void *header, size_t size)
{
	struct nlmsghdr *message = take(netlink, NLMSG_HDRLEN);
	void *body = take(netlink, size);

	if (!message || !body)
		return;
	message->nlmsg_type = (uint16_t)type;
	message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	message->nlmsg_seq = ++netlink->sequence;
	memcpy(body, header, size);
	netlink->last = message;
	lengthen(netlink);
}

void ins_netlink_put(struct ins_netlink *netlink, int type, const void *data, size_t size)
{
	struct nlattr *attribute = take(netlink, NLA_HDRLEN + size);

	if (!attribute)
		return;
	attribute->nla_type = (uint16_t)type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	if (size > 0)
		memcpy((char *)attribute + NLA_HDRLEN, data, size);
	lengthen(netlink);
}

void ins_netlink_put_u32(struct ins_netlink *netlink, int type, uint32_t value)
{
	ins_netlink_put(netlink, type, &value, sizeof(value));
}

void ins_netlink_put_text(struct ins_netlink *netlink, int type, const char *text)
{
	ins_netlink_put(netlink, type, text, strlen(text) + 1);
}

void ins_netlink_put_header(struct ins_netlink *netlink, const void *header, size_t size)
{
	void *place = take(netlink, size);

	if (place)
		memcpy(place, header, size);
	lengthen(netlink);
}

size_t ins_netlink_nest(struct ins_netlink *netlink, int type)
{
	size_t start = netlink->used;

	ins_netlink_put(netlink, type | NLA_F_NESTED, NULL, 0);
	return start;
}

void ins_netlink_end(struct ins_netlink *netlink, size_t nest)
{
	if (!netlink->is_full)
		((struct nlattr *)(netlink->buffer + nest))->nla_len =
			(uint16_t)(netlink->used - nest);
}

/* One datagram of answers. The first failure in the order of the requests counts. */
static void note_answers(const struct ins_netlink *netlink, const char *answer, size_t size,
	int *error, uint32_t *failed)
{
	const struct nlmsghdr *header = (const void *)answer;

	for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
		const struct nlmsgerr *told = NLMSG_DATA(header);
		uint32_t index = header->nlmsg_seq - netlink->first;

		if (header->nlmsg_type != NLMSG_ERROR || told->error == 0)
			continue;
		if (*error == 0 || index < *failed) {
			*error = told->error;
			*failed = index;
		}
	}
}

int ins_netlink_send(struct ins_netlink *netlink, unsigned int *ret_index)
{
	char answer[ANSWER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool is_full = netlink->is_full;
	size_t size = netlink->used;
	uint32_t failed = 0;
	int error = 0;

	netlink->used = 0;
	netlink->last = NULL;
	netlink->is_full = false;
	if (is_full)
		return -E2BIG;
	if (send(netlink->socket, netlink->buffer, size, 0) < 0)
		return -errno;
	/* The kernel has done the requests when that returns, and only failures are answered. */
	for (;;) {
		ssize_t n = recv(netlink->socket, answer, sizeof(answer), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		note_answers(netlink, answer, (size_t)n, &error, &failed);
	}
	if (errno != EAGAIN && error == 0)
		return -errno;
	netlink->first = netlink->sequence + 1;
	if (error != 0 && ret_index)
		*ret_index = failed;
	return error;
}
