/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "link.h"

/* What the kernel may put into one answer: its own tools read so much at once. */
#define ANSWER_SIZE 32768

/* What an address may be told to be; the other flags say what it is. */
#define KEPT_FLAGS (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_NOPREFIXROUTE | IFA_F_MANAGETEMPADDR)

/* A request being made. */
struct request {
	char buffer[512];
	struct nlmsghdr *header;
	union {
		struct ifinfomsg *link;
		struct ifaddrmsg *address;
	};
};

static int open_socket(struct peer *peer, int family, int flags)
{
	peer->socket = mnl_socket_open2(family, SOCK_CLOEXEC | flags);
	if (!peer->socket || mnl_socket_bind(peer->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

int peer_open(struct peer *peer, int family)
{
	return open_socket(peer, family, 0);
}

int watch_open(struct peer *watch)
{
	/* What happens to interfaces otherwise shall not fill the socket. A bridge that lets a port go
	 * sends the same message, of another family. */
	struct sock_filter departures[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
			NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_family)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNSPEC, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = { .len = sizeof(departures) / sizeof(departures[0]),
		.filter = departures };
	int group = RTNLGRP_LINK;
	int r = open_socket(watch, NETLINK_ROUTE, SOCK_NONBLOCK);

	if (r == 0 && (setsockopt(mnl_socket_get_fd(watch->socket), SOL_SOCKET, SO_ATTACH_FILTER,
			       &filter, sizeof(filter)) < 0 ||
			      mnl_socket_setsockopt(watch->socket, NETLINK_ADD_MEMBERSHIP, &group,
				      sizeof(group)) < 0))
		return -errno;
	return r;
}

void peer_close(struct peer *peer)
{
	if (peer->socket)
		(void)mnl_socket_close(peer->socket);
}

static void begin(struct request *request, uint16_t type, uint16_t flags, size_t extra)
{
	request->header = mnl_nlmsg_put_header(request->buffer);
	request->header->nlmsg_type = type;
	request->header->nlmsg_flags = NLM_F_REQUEST | flags;
	request->link = mnl_nlmsg_put_extra_header(request->header, extra);
}

/* So often a list is asked for that changes while it is told. */
#define ASK_TRIES 50

static void begin_link(struct request *request, uint16_t type, uint16_t flags, int index)
{
	begin(request, type, flags, sizeof(*request->link));
	request->link->ifi_family = AF_UNSPEC;
	request->link->ifi_index = index;
}

static ssize_t receive(struct peer *peer, char *answer)
{
	ssize_t n;

	do {
		n = mnl_socket_recvfrom(peer->socket, answer, ANSWER_SIZE);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

static bool has_end(const char *answer, ssize_t n)
{
	int rest = (int)n;

	for (const struct nlmsghdr *header = (const void *)answer; mnl_nlmsg_ok(header, rest);
		header = mnl_nlmsg_next(header, &rest)) {
		if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
			return true;
	}
	return false;
}

/* Return: as peer_ask(), and −EINTR: the kernel's list has changed while it was told, and all of it has been read. */
static int ask_once(struct peer *peer, struct nlmsghdr *header, mnl_cb_t each, void *data)
{
	char answer[ANSWER_SIZE];
	unsigned int port = mnl_socket_get_portid(peer->socket);
	int r = MNL_CB_OK;
	ssize_t n = 0;

	header->nlmsg_seq = ++peer->sequence;
	if (mnl_socket_sendto(peer->socket, header, header->nlmsg_len) < 0)
		return -errno;
	while (r > MNL_CB_STOP) {
		n = receive(peer, answer);
		if (n < 0)
			return (int)n;
		r = mnl_cb_run(answer, (size_t)n, peer->sequence, port, each, data);
	}
	if (r == 0)
		return 0;
	r = -errno;
	while (r == -EINTR && !has_end(answer, n)) {
		n = receive(peer, answer);
		if (n < 0)
			return (int)n;
	}
	return r;
}

int peer_ask(struct peer *peer, struct nlmsghdr *header, mnl_cb_t each, void *data)
{
	int r = -EINTR;

	for (int i = 0; r == -EINTR && i < ASK_TRIES; i++)
		r = ask_once(peer, header, each, data);
	return r;
}

static int ask(struct peer *peer, struct request *request, mnl_cb_t each, void *data)
{
	return peer_ask(peer, request->header, each, data);
}

/* --- links ----------------------------------------------------------------------------------- */

static int note_link(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct link *link = data;
	const struct nlattr *attribute;

	*link = (struct link){ .index = info->ifi_index, .is_up = info->ifi_flags & IFF_UP };
	mnl_attr_for_each(attribute, header, sizeof(*info)) {
		if (mnl_attr_get_type(attribute) == IFLA_IFNAME &&
			mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			strncpy(link->name, mnl_attr_get_str(attribute), IFNAMSIZ - 1);
		if (mnl_attr_get_type(attribute) == IFLA_MASTER &&
			mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			link->master = (int)mnl_attr_get_u32(attribute);
	}
	return MNL_CB_OK;
}

int link_find(struct peer *peer, const char *name, struct link *ret)
{
	struct request request;

	begin_link(&request, RTM_GETLINK, NLM_F_ACK, 0);
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	return ask(peer, &request, note_link, ret);
}

struct links {
	void (*note)(void *data, int index, const char *name);
	void *data;
};

static int note_each(const struct nlmsghdr *header, void *data)
{
	const struct links *links = data;
	struct link link;

	(void)note_link(header, &link);
	links->note(links->data, link.index, link.name);
	return MNL_CB_OK;
}

int links_read(struct peer *peer, void (*note)(void *data, int index, const char *name), void *data)
{
	struct links links = { .note = note, .data = data };
	struct request request;

	begin_link(&request, RTM_GETLINK, NLM_F_DUMP, 0);
	return ask(peer, &request, note_each, &links);
}

bool link_is_there(struct peer *peer, int index)
{
	struct request request;
	struct link link;

	begin_link(&request, RTM_GETLINK, NLM_F_ACK, index);
	return ask(peer, &request, note_link, &link) == 0;
}

struct indexes {
	int wanted, highest;
	bool is_taken;
};

static int note_index(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	struct indexes *indexes = data;

	indexes->is_taken |= info->ifi_index == indexes->wanted;
	if (info->ifi_index > indexes->highest)
		indexes->highest = info->ifi_index;
	return MNL_CB_OK;
}

int link_free_index(struct peer *peer, int wanted, int *ret_index)
{
	struct indexes indexes = { .wanted = wanted };
	struct request request;
	int r;

	begin_link(&request, RTM_GETLINK, NLM_F_DUMP, 0);
	r = ask(peer, &request, note_index, &indexes);
	if (r == 0)
		*ret_index = indexes.is_taken ? indexes.highest + 1 : wanted;
	return r;
}

int link_move(struct peer *peer, int index, int netns, const char *name, int new_index)
{
	struct request request;

	begin_link(&request, RTM_SETLINK, NLM_F_ACK, index);
	mnl_attr_put_u32(request.header, IFLA_NET_NS_FD, (uint32_t)netns);
	mnl_attr_put_u32(request.header, IFLA_NEW_IFINDEX, (uint32_t)new_index); /* Linux 5.13 */
	mnl_attr_put_strz(request.header, IFLA_IFNAME, name);
	return ask(peer, &request, NULL, NULL);
}

int link_delete(struct peer *peer, int index)
{
	struct request request;

	begin_link(&request, RTM_DELLINK, NLM_F_ACK, index);
	return ask(peer, &request, NULL, NULL);
}

int link_set_up(struct peer *peer, int index)
{
	struct request request;

	begin_link(&request, RTM_SETLINK, NLM_F_ACK, index);
	request.link->ifi_flags = IFF_UP;
	request.link->ifi_change = IFF_UP;
	return ask(peer, &request, NULL, NULL);
}

int link_set_master(struct peer *peer, int index, int master)
{
	struct request request;

	begin_link(&request, RTM_SETLINK, NLM_F_ACK, index);
	mnl_attr_put_u32(request.header, IFLA_MASTER, (uint32_t)master);
	return ask(peer, &request, NULL, NULL);
}

struct departures {
	void (*note)(void *data, int index);
	void *data;
};

static int note_departure(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(header);
	const struct departures *departures = data;

	departures->note(departures->data, info->ifi_index);
	return MNL_CB_OK;
}

int departures_read(struct peer *watch, void (*note)(void *data, int index), void *data)
{
	struct departures departures = { .note = note, .data = data };
	char message[ANSWER_SIZE];
	int r = 0;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(watch->socket, message, sizeof(message));

		if (n >= 0)
			(void)mnl_cb_run(message, (size_t)n, 0, 0, note_departure, &departures);
		else if (errno == EAGAIN)
			return r;
		else if (errno == ENOBUFS)
			r = -ENOBUFS;
		else if (errno != EINTR)
			return -errno;
	}
}

/* --- addresses ------------------------------------------------------------------------------- */

struct search {
	int index;
	struct address *found;
};

/* Copy an address of the right length. Return: was it one? */
static bool copy(const struct nlattr *attribute, uint8_t size, uint8_t *target)
{
	if (mnl_attr_get_payload_len(attribute) != size)
		return false;
	memcpy(target, mnl_attr_get_payload(attribute), size);
	return true;
}

static void note_attribute(struct address *address, const struct nlattr *attribute)
{
	switch (mnl_attr_get_type(attribute)) {
	case IFA_LOCAL:
		address->has_local = copy(attribute, address->size, address->local);
		break;
	case IFA_ADDRESS:
		address->has_peer = copy(attribute, address->size, address->peer);
		break;
	case IFA_BROADCAST:
		address->has_broadcast = copy(attribute, address->size, address->broadcast);
		break;
	case IFA_FLAGS:
		if (mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
			address->flags = mnl_attr_get_u32(attribute);
		break;
	default: /* The rest says how old it is, or is a name for people. */
		break;
	}
}

static int note_address(const struct nlmsghdr *header, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(header);
	struct search *search = data;
	struct address *address;
	const struct nlattr *attribute;

	if ((int)info->ifa_index != search->index ||
		(info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return MNL_CB_OK;
	address = calloc(1, sizeof(*address));
	if (!address)
		return MNL_CB_ERROR;
	address->family = info->ifa_family;
	address->prefix = info->ifa_prefixlen;
	address->scope = info->ifa_scope;
	address->flags = info->ifa_flags;
	address->size = info->ifa_family == AF_INET ? 4 : 16;
	mnl_attr_for_each(attribute, header, sizeof(*info))
		note_attribute(address, attribute);
	if (!(address->flags & IFA_F_PERMANENT) || (!address->has_local && !address->has_peer)) {
		free(address);
		return MNL_CB_OK;
	}
	address->next = search->found;
	search->found = address;
	return MNL_CB_OK;
}

/* The first one is the one that others are secondary to. */
static struct address *reverse(struct address *addresses)
{
	struct address *reversed = NULL;

	while (addresses) {
		struct address *next = addresses->next;

		addresses->next = reversed;
		reversed = addresses;
		addresses = next;
	}
	return reversed;
}

int addresses_read(struct peer *peer, int index, struct address **ret)
{
	struct search search = { .index = index };
	struct request request;
	int r;

	begin(&request, RTM_GETADDR, NLM_F_DUMP, sizeof(*request.address));
	request.address->ifa_family = AF_UNSPEC;
	r = ask(peer, &request, note_address, &search);
	if (r < 0)
		addresses_free(search.found);
	else
		*ret = reverse(search.found);
	return r;
}

void addresses_free(struct address *addresses)
{
	while (addresses) {
		struct address *next = addresses->next;

		free(addresses);
		addresses = next;
	}
}

int address_add(struct peer *peer, int index, const struct address *address)
{
	struct request request;

	begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK,
		sizeof(*request.address));
	request.address->ifa_family = address->family;
	request.address->ifa_prefixlen = address->prefix;
	request.address->ifa_scope = address->scope;
	request.address->ifa_index = (uint32_t)index;
	if (address->has_local)
		mnl_attr_put(request.header, IFA_LOCAL, address->size, address->local);
	if (address->has_peer)
		mnl_attr_put(request.header, IFA_ADDRESS, address->size, address->peer);
	if (address->has_broadcast)
		mnl_attr_put(request.header, IFA_BROADCAST, address->size, address->broadcast);
	mnl_attr_put_u32(request.header, IFA_FLAGS, address->flags & KEPT_FLAGS);
	return ask(peer, &request, NULL, NULL);
}
