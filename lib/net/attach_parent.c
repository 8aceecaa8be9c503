/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network of a partition, made when its namespace is there. What all have is made here, because a program that
 * is executed for it would double the costs; ports and groups are elements of a table, which is insula-net's.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "net/forwarding.h"
#include "net/helper.h"
#include "net/interface.h"
#include "net/net.h"
#include "net/table.h"
#include "plan/run.h"

static int open_namespaces(pid_t pid, int *ret_own, int *ret_guest, struct ins_error *err)
{
	cleanup_fd int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), guest = -1;
	struct stat ours, theirs;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	guest = open(path, O_RDONLY | O_CLOEXEC);
	if (own < 0 || guest < 0 || fstat(own, &ours) < 0 || fstat(guest, &theirs) < 0)
		return ins_error_set(err, errno, "look at the network namespaces");
	if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		return ins_error_text(
			err, EINVAL, "the container has the network namespace of the host");
	*ret_own = TAKE_FD(own);
	*ret_guest = TAKE_FD(guest);
	return 0;
}

/* A socket stays in the namespace in which it was made. */
static int open_guest(int own, int guest, struct ins_netlink *netlink, struct ins_error *err)
{
	int r;

	if (setns(guest, CLONE_NEWNET) < 0)
		return ins_error_set(err, errno, "enter the container's network namespace");
	r = ins_netlink_open(netlink, NETLINK_ROUTE);
	if (setns(own, CLONE_NEWNET) < 0)
		return ins_error_set(err, errno, "return to the host's network namespace");
	return r < 0 ? ins_error_set(err, -r, "open rtnetlink in the container") : 0;
}

/* Why it is done at all counts, not how this goes. */
static void take_back(void *data, long number)
{
	cleanup_netlink struct ins_netlink host = INS_NETLINK_CLOSED;
	struct ins_error why = { 0 };

	if (ins_netlink_open(&host, NETLINK_ROUTE) == 0)
		ins_interface_delete(&host, (uint32_t)number);
	if (ins_network_release((uint32_t)number, &why) < 0)
		ins_run_warn(data, why.text);
}

/* The rules are there before the interface is up. */
static int fill_table(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	enum ins_net_table table;
	char words[256] = "";
	int r = ins_net_table_look(op->net.interface->number, &table, err);

	if (r < 0 || (table == INS_NET_TABLE_WITHOUT && !op->net.has_elements))
		return r;
	r = ins_net_ask_once(op->net.request, words, sizeof(words), err);
	if (r == 0 && words[0])
		ins_run_warn(run, words);
	return r;
}

static int set_up_routed(struct ins_run *run, const struct ins_op *op, struct ins_netlink *host,
	struct ins_error *err)
{
	const struct ins_interface *interface = op->net.interface;
	int r = fill_table(run, op, err);

	if (r == 0)
		r = ins_interface_set_up_host(host, interface, err);
	return r < 0 ? r : ins_net_forward(run, interface->has_ipv4, interface->has_ipv6, err);
}

int ins_net_attach_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_netlink struct ins_netlink host = INS_NETLINK_CLOSED, guest = INS_NETLINK_CLOSED;
	const struct ins_interface *interface = op->net.interface;
	cleanup_fd int own = -1, namespace = -1;
	int r = open_namespaces(run->pid, &own, &namespace, err);

	if (r == 0)
		r = open_guest(own, namespace, &guest, err);
	if (r < 0)
		return r;
	r = ins_netlink_open(&host, NETLINK_ROUTE);
	if (r < 0)
		return ins_error_set(err, -r, "open rtnetlink");
	ins_undo_push(&run->undo, take_back, run, interface->number);
	r = ins_interface_make(&host, interface, namespace, err);
	if (r == 0 && interface->kind == INS_INTERFACE_ROUTED)
		r = set_up_routed(run, op, &host, err);
	return r < 0 ? r : ins_interface_set_up_guest(&guest, interface, err);
}
