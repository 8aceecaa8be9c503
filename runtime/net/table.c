/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chains are made by libnftables, out of text, elements by netlink. The library takes 2 ms to be loaded and
 * reads all that it finds there: nothing for each guest. So it is only loaded when a chain has to be made.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules.h"
#include "table.h"

#define LIBRARY "libnftables.so.1"

/* The longest of GUEST_GROUPS times RULES_GROUP. */
#define TEXT_SIZE 4096

/* --- text ------------------------------------------------------------------------------------ */

struct nft_ctx;

/* The part of libnftables that is used. */
struct nftables {
	struct nft_ctx *(*ctx_new)(uint32_t flags);
	void (*ctx_free)(struct nft_ctx *context);
	int (*buffer_error)(struct nft_ctx *context);
	const char *(*error_buffer)(struct nft_ctx *context);
	int (*run)(struct nft_ctx *context, const char *text);
};

static bool load(struct nftables *nftables)
{
	const struct {
		const char *name;
		size_t at;
	} symbols[] = {
		{ "nft_ctx_new", offsetof(struct nftables, ctx_new) },
		{ "nft_ctx_free", offsetof(struct nftables, ctx_free) },
		{ "nft_ctx_buffer_error", offsetof(struct nftables, buffer_error) },
		{ "nft_ctx_get_error_buffer", offsetof(struct nftables, error_buffer) },
		{ "nft_run_cmd_from_buffer", offsetof(struct nftables, run) },
	};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; library && i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		if (!symbol)
			return false;
		memcpy((char *)nftables + symbols[i].at, &symbol, sizeof(symbol));
	}
	return library;
}

/* In one transaction. Return: 0, −ELIBACC, −EPROTO with the library's first line in @why. */
static int run_text(const char *text, char *why, size_t size)
{
	struct nftables nftables;
	struct nft_ctx *context;
	int r;

	if (!load(&nftables)) {
		snprintf(why, size,
			"%s cannot be loaded: it makes the table \"inet " TABLE_NAME
			"\" (package libnftables1)",
			LIBRARY);
		return -ELIBACC;
	}
	context = nftables.ctx_new(0);
	if (!context)
		return -ENOMEM;
	(void)nftables.buffer_error(context);
	r = nftables.run(context, text);
	if (r != 0) {
		const char *told = nftables.error_buffer(context);

		snprintf(
			why, size, "make the nftables rules: %.*s", (int)strcspn(told, "\n"), told);
	}
	nftables.ctx_free(context);
	return r == 0 ? 0 : -EPROTO;
}

int table_make_groups(const struct guest *guest, char *why, size_t size)
{
	char text[TEXT_SIZE];
	size_t n = 0;

	for (size_t i = 0; i < guest->n_groups; i++) {
		const char *name = guest->groups[i];

		n += (size_t)snprintf(
			text + n, sizeof(text) - n, RULES_GROUP, name, name, name, name, name);
		if (n >= sizeof(text))
			return -ENAMETOOLONG;
	}
	return run_text(text, why, size);
}

/* --- requests -------------------------------------------------------------------------------- */

struct nlmsghdr *table_request(struct batch *batch, int type, uint16_t flags)
{
	const struct nfgenmsg inet = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };

	return batch_add(
		batch, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &inet, sizeof(inet));
}

void table_border(struct batch *batch, uint16_t type)
{
	const struct nfgenmsg nfnetlink = { .version = NFNETLINK_V0,
		.res_id = htons(NFNL_SUBSYS_NFTABLES) };

	(void)batch_add(batch, type, 0, &nfnetlink, sizeof(nfnetlink));
}

static bool is_there(struct peer *peer, struct batch *batch)
{
	struct nlmsghdr *header;

	batch_start(batch, peer);
	header = table_request(batch, NFT_MSG_GETTABLE, NLM_F_ACK);
	mnl_attr_put_strz(header, NFTA_TABLE_NAME, TABLE_NAME);
	return batch_send(batch, NULL) == 0;
}

int table_ensure(struct peer *peer, struct batch *batch, char *why, size_t size)
{
	int r;

	if (is_there(peer, batch))
		return 0;
	r = run_text(rules, why, size);
	if (r == 0)
		return 1;
	/* Somebody else may have been quicker. */
	return is_there(peer, batch) ? 0 : r;
}

int table_delete(struct peer *peer, struct batch *batch)
{
	struct nlmsghdr *header;
	int r;

	batch_start(batch, peer);
	table_border(batch, NFNL_MSG_BATCH_BEGIN);
	header = table_request(batch, NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(header, NFTA_TABLE_NAME, TABLE_NAME);
	table_border(batch, NFNL_MSG_BATCH_END);
	r = batch_send(batch, NULL);
	return r == -ENOENT ? 0 : r;
}

void table_drop_group(struct batch *batch, struct peer *peer, const char *name)
{
	struct nlmsghdr *header;

	batch_start(batch, peer);
	table_border(batch, NFNL_MSG_BATCH_BEGIN);
	/* A rule without a handle: all of the chain. */
	header = table_request(batch, NFT_MSG_DELRULE, 0);
	mnl_attr_put_strz(header, NFTA_RULE_TABLE, TABLE_NAME);
	mnl_attr_put_strz(header, NFTA_RULE_CHAIN, name);
	header = table_request(batch, NFT_MSG_DELCHAIN, 0);
	mnl_attr_put_strz(header, NFTA_CHAIN_TABLE, TABLE_NAME);
	mnl_attr_put_strz(header, NFTA_CHAIN_NAME, name);
	header = table_request(batch, NFT_MSG_DELSET, 0);
	mnl_attr_put_strz(header, NFTA_SET_TABLE, TABLE_NAME);
	mnl_attr_put_strz(header, NFTA_SET_NAME, name);
	table_border(batch, NFNL_MSG_BATCH_END);
	(void)batch_send(batch, NULL);
}
