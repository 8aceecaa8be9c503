/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "net/netlink.h"
#include "net/table.h"

#define TABLE  "insula"
#define GUESTS "guests" /* the set of the interfaces that have anything in the table */

static void add(struct ins_netlink *netlink, int type)
{
	const struct nfgenmsg inet = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	ins_netlink_add(netlink, NFNL_SUBSYS_NFTABLES << 8 | type, 0, &inet, sizeof(inet));
}

static void add_get_element(struct ins_netlink *netlink, const char name[IFNAMSIZ])
{
	size_t list, element, key;

	add(netlink, NFT_MSG_GETSETELEM);
	ins_netlink_put_text(netlink, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	ins_netlink_put_text(netlink, NFTA_SET_ELEM_LIST_SET, GUESTS);
	list = ins_netlink_nest(netlink, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = ins_netlink_nest(netlink, NFTA_LIST_ELEM);
	key = ins_netlink_nest(netlink, NFTA_SET_ELEM_KEY);
	ins_netlink_put(netlink, NFTA_DATA_VALUE, name, IFNAMSIZ);
	ins_netlink_end(netlink, key);
	ins_netlink_end(netlink, element);
	ins_netlink_end(netlink, list);
}

int ins_net_table_look(uint32_t number, enum ins_net_table *ret, struct ins_error *err)
{
	cleanup_netlink struct ins_netlink netlink = INS_NETLINK_CLOSED;
	char name[IFNAMSIZ] = "";
	unsigned int failed = 0;
	int r = ins_netlink_open(&netlink, NETLINK_NETFILTER);

	if (r < 0)
		return ins_error_set(err, -r, "open nfnetlink");
	snprintf(name, sizeof(name), "isl%u", number);
	add(&netlink, NFT_MSG_GETTABLE);
	ins_netlink_put_text(&netlink, NFTA_TABLE_NAME, TABLE);
	add_get_element(&netlink, name);
	r = ins_netlink_send(&netlink, &failed);
	if (r < 0 && r != -ENOENT)
		return ins_error_set(err, -r, "look at the nftables table \"inet " TABLE "\"");
	*ret = r == 0        ? INS_NET_TABLE_WITH
	       : failed == 0 ? INS_NET_TABLE_MISSING
			     : INS_NET_TABLE_WITHOUT;
	return 0;
}
