/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces, seen from outside. */
#ifndef INSULA_NET_NET_H
#define INSULA_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "insula.h"

struct ins_interface;
struct ins_network;
struct ins_run;

/* The most interfaces that are told of: a guest may make as many as it likes. */
#define INS_NET_COUNTERS_MAX 256

/* The kernel's IFNAMSIZ. */
#define INS_NET_NAME_SIZE 16

struct ins_net_way {
	uint64_t bytes, packets, errors, dropped;
};

/* What has gone through an interface. */
struct ins_net_counters {
	char name[INS_NET_NAME_SIZE];
	struct ins_net_way received, sent;
};

/**
 * ins_net_counters_read - the interfaces that a process sees
 * @pid: one in the network namespace
 * @ret_counters: to be freed with free()
 *
 * Return: 0, −ESRCH if the process is gone, −errno.
 */
int ins_net_counters_read(
	pid_t pid, struct ins_net_counters **ret_counters, size_t *ret_n, struct ins_error *err);

/* ins_net_keep - the container is made: its network, and the interfaces that were moved into it, stay. */
void ins_net_keep(struct ins_run *run);

/*
 * Networks of partitions (struct ins_network, plan/build.h). With kind "routed" a partition has an address out of
 * a pool, which follows from its number.
 */
#define INS_NETWORK_NUMBERS 12288
#define INS_NETWORK_POOL4   "10.209.0.0/18"
#define INS_NETWORK_POOL6   "fd69:6e73:756c:61::/64"

/* The most groups of one partition, and the most ports that it publishes. */
#define INS_NETWORK_GROUPS  4
#define INS_NETWORK_PUBLISH 256

/* Room for "ADDRESS/PREFIX". */
#define INS_NETWORK_ADDRESS_SIZE 52

struct ins_network_addresses {
	char interface[INS_NET_NAME_SIZE];     /* on the host; "" with macvlan */
	char ipv4[INS_NETWORK_ADDRESS_SIZE], ipv6[INS_NETWORK_ADDRESS_SIZE]; /* "": none that insula gives */
};

/**
 * ins_network_address - what a network's addresses are, without a look at the host
 *
 * Return: 0, −EINVAL (the address is none that this kind takes, or one of the pool's; also all else that cannot
 * be of this network, as a group with kind "bridge").
 */
int ins_network_address(
	const struct ins_network *network, struct ins_network_addresses *ret, struct ins_error *err);

/**
 * ins_network_interface - what is made for it
 * @ret: its device is the network's
 *
 * Return: as ins_network_address().
 */
int ins_network_interface(
	const struct ins_network *network, struct ins_interface *ret, struct ins_error *err);

/**
 * ins_network_request - "VERB KIND NUMBER WORD…", as insula-net is asked for a routed one, and people are told
 * @ret_text: to be freed with free()
 */
int ins_network_request(const char *verb, const struct ins_network *network, char **ret_text,
	struct ins_error *err);

/*
 * The rest are about the network namespace of the caller, and start insula-net for one request if it is needed.
 */

/* ins_network_release - a partition has stopped: its ports and groups are given back. The interface goes with the
 * network namespace, a moment later; an attach for the same number does not mind it. That there is nothing is no
 * error. */
int ins_network_release(uint32_t number, struct ins_error *err);

/* ins_network_wait - until the interfaces of all others than these have gone by themselves; if the last ones stay for
 * half a second they are no longer waited for. @is_live: by number; @n: so many numbers */
void ins_network_wait(const bool is_live[], size_t n);

/* ins_network_change - the running partition's ports and groups become those of @network, all or none. Return: 0,
 * −EADDRINUSE (a port is another one's), −errno. */
int ins_network_change(const struct ins_network *network, struct ins_error *err);

/**
 * ins_network_sweep - take away what others than these have on the host, interfaces included
 * @live: their numbers; with none the nftables table goes, too
 * @ret_removed: how many had something; may be NULL
 *
 * The caller keeps others from starting meanwhile.
 */
int ins_network_sweep(
	const uint32_t *live, size_t n, unsigned int *ret_removed, struct ins_error *err);

#endif
