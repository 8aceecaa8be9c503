/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to the kernel by netlink, several in one system call. What each of them answers is only whether
 * it has failed. For what each start needs: insula-net, a program of its own, has libmnl for the rest.
 */
#ifndef INSULA_NET_NETLINK_H
#define INSULA_NET_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INS_NETLINK_SIZE 4096

struct ins_netlink {
	int socket;            /* −1: not open */
	uint32_t sequence;     /* of the last request */
	uint32_t first;        /* of the first request that has not been sent */
	struct nlmsghdr *last; /* NULL: there is none */
	size_t used;
	bool is_full;
	char buffer[INS_NETLINK_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

#define INS_NETLINK_CLOSED ((struct ins_netlink){ .socket = -1 })

/* ins_netlink_open - a socket in the caller's network namespace, which it stays in.
 * @family: NETLINK_…. Return: 0, −errno. */
int ins_netlink_open(struct ins_netlink *netlink, int family);

/* ins_netlink_close - also one that was never opened, if it began as INS_NETLINK_CLOSED. */
void ins_netlink_close(struct ins_netlink *netlink);

static inline void ins_cleanup_netlink(struct ins_netlink *netlink)
{
	ins_netlink_close(netlink);
}

#define cleanup_netlink __attribute__((cleanup(ins_cleanup_netlink)))

/* ins_netlink_add - one more request, to which the attributes that follow belong. That there is no room
 * any more is told when they are sent. @flags: NLM_F_…, besides NLM_F_REQUEST. */
void ins_netlink_add(struct ins_netlink *netlink, int type, int flags, const void *header, size_t size);

/* ins_netlink_put, _u32, _text - an attribute of the request, or of the nest that is open. @size: bytes;
 * a text goes with its final zero. */
void ins_netlink_put(struct ins_netlink *netlink, int type, const void *data, size_t size);
void ins_netlink_put_u32(struct ins_netlink *netlink, int type, uint32_t value);
void ins_netlink_put_text(struct ins_netlink *netlink, int type, const char *text);

/* ins_netlink_put_header - what stands in a nest before its attributes. */
void ins_netlink_put_header(struct ins_netlink *netlink, const void *header, size_t size);

/* ins_netlink_nest - begin an attribute that consists of the next ones. Return: for ins_netlink_end(). */
size_t ins_netlink_nest(struct ins_netlink *netlink, int type);
void ins_netlink_end(struct ins_netlink *netlink, size_t nest);

/**
 * ins_netlink_send - rtnetlink does what it can of the requests, in their order
 * @ret_index: of the first one that has failed, from 0 on; may be NULL
 *
 * Return: 0, −errno of that one, −E2BIG (nothing was sent).
 */
int ins_netlink_send(struct ins_netlink *netlink, unsigned int *ret_index);

#endif
