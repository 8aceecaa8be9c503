/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table "inet insula" and its chains, which are the same for any number of guests. All functions return
 * 0 or −errno; @why has room for words, if there is more to say than an errno.
 */
#ifndef RUNTIME_NET_TABLE_H
#define RUNTIME_NET_TABLE_H

#include "batch.h"
#include "guest.h"

#define TABLE_NAME "insula"

/* The chain of a group, and the set of its members. */
#define TABLE_GROUP "group-"

/* table_ensure - make the table, if it is not there: then 1 is returned. @peer: nfnetlink, of the namespace that the
 * caller is in. */
int table_ensure(struct peer *peer, struct batch *batch, char *why, size_t size);

/* table_make_groups - the chains and sets of the guest's groups, some of which may be there. */
int table_make_groups(const struct guest *guest, char *why, size_t size);

/* table_drop_group - unless it has members; @name: with TABLE_GROUP. */
void table_drop_group(struct batch *batch, struct peer *peer, const char *name);

/* table_delete - with all that is in it; that there is none is no error. */
int table_delete(struct peer *peer, struct batch *batch);

/* table_request - add one about the table: NFT_MSG_…. */
struct nlmsghdr *table_request(struct batch *batch, int type, uint16_t flags);

/* table_border - NFNL_MSG_BATCH_BEGIN or NFNL_MSG_BATCH_END: what is between them is one transaction. */
void table_border(struct batch *batch, uint16_t type);

#endif
