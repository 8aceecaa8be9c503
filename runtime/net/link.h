/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces and addresses by rtnetlink, each function one request and its answer. All return 0 or
 * −errno. */
#ifndef RUNTIME_NET_LINK_H
#define RUNTIME_NET_LINK_H

#include <libmnl/libmnl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* A socket in one network namespace. */
struct peer {
	struct mnl_socket *socket;
	uint32_t sequence;
};

struct link {
	int index;
	char name[IFNAMSIZ];
	bool is_up;
	int master; /* the index of the bridge or bond that it belongs to, 0: none */
};

/* An address that has no end. */
struct address {
	uint8_t family, prefix, scope; /* RT_SCOPE_… */
	uint32_t flags;
	uint8_t size; /* 4 or 16 */
	bool has_local, has_peer, has_broadcast;
	uint8_t local[16], peer[16], broadcast[16];
	struct address *next;
};

/* peer_open - a socket in the caller's network namespace, which it stays in; @family: NETLINK_…. */
int peer_open(struct peer *peer, int family);

/* peer_ask - send one request, whose answer ends with an acknowledgement or is a dump's, and call @each
 * for every message of it. */
int peer_ask(struct peer *peer, struct nlmsghdr *header, mnl_cb_t each, void *data);

/* watch_open - the same, for departures_read() alone: it hears of each interface that leaves the
 * namespace from now on, because it is deleted or moved. */
int watch_open(struct peer *watch);

/* peer_close - also for one that peer_open() or watch_open() has failed for. */
void peer_close(struct peer *peer);

/* link_find - the interface with a name; −ENODEV. */
int link_find(struct peer *peer, const char *name, struct link *ret);

/* links_read - call @note for each interface. */
int links_read(
	struct peer *peer, void (*note)(void *data, int index, const char *name), void *data);

/* link_is_there - an interface has this index. */
bool link_is_there(struct peer *peer, int index);

/* link_free_index - @wanted if no interface has it, else one that is free. */
int link_free_index(struct peer *peer, int wanted, int *ret_index);

/**
 * link_move - into another network namespace
 * @netns: its fd
 * @name: there; "%d" in it becomes the first free number
 * @new_index: there; has to be free (−EBUSY)
 */
int link_move(struct peer *peer, int index, int netns, const char *name, int new_index);

/* link_delete - only for what software has made; −EOPNOTSUPP. */
int link_delete(struct peer *peer, int index);

/* link_set_up - bring it up; what has to be there before is the caller's matter. */
int link_set_up(struct peer *peer, int index);

/* link_set_master - make it a port of the bridge or bond with the index @master. */
int link_set_master(struct peer *peer, int index, int master);

/* departures_read - call @note with the index of each interface that has left since the last time.
 * −ENOBUFS: they were too many, some may have been missed. */
int departures_read(struct peer *watch, void (*note)(void *data, int index), void *data);

/* addresses_read - the permanent ones, which a move loses; to be freed with addresses_free(). */
int addresses_read(struct peer *peer, int index, struct address **ret);
void addresses_free(struct address *addresses);

/* address_add - give an interface an address; that it has it already is no error. */
int address_add(struct peer *peer, int index, const struct address *address);

#endif
