/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elements.h"
#include "helper.h"
#include "table.h"

/* A part of a key takes a multiple of 4 bytes: an address, a protocol, a port. */
#define KEY_SIZE 24

/* libnftnl's mark of a comment in an element's user data, which nft(8) shows. */
#define UDATA_COMMENT 0

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* An element that is there. */
struct element {
	char set[NFT_SET_MAXNAMELEN];
	uint8_t key[KEY_SIZE];
	uint16_t key_size;
	char comment[IFNAMSIZ]; /* "": it has none like ours */
	struct element *next;
};

/* What an answer is read for. */
struct reading {
	const char *set;
	const char *owner;      /* only elements with this comment; NULL: all */
	struct element **found; /* NULL: they are told to: */
	void (*note)(void *data, uint32_t number);
	void *data;
};

static const char *const publish_maps[] = { "publish4", "publish6", "publish4at", "publish6at" };
static const char *const group_maps[] = { "groups1", "groups2", "groups3", "groups4" };

/* --- reading --------------------------------------------------------------------------------- */

/* The attributes of an element that are asked for. */
struct parts {
	const struct nlattr *key, *data, *comment;
};

static const struct nlattr *inner(const struct nlattr *outer, uint16_t type)
{
	const struct nlattr *attribute;

	if (!outer)
		return NULL;
	mnl_attr_for_each_nested(attribute, outer)
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

/* The comment of an element, "" if it has none. */
static void read_comment(const struct nlattr *attribute, char ret[IFNAMSIZ])
{
	const uint8_t *data = attribute ? mnl_attr_get_payload(attribute) : NULL;
	uint16_t size = attribute ? mnl_attr_get_payload_len(attribute) : 0;

	memset(ret, 0, IFNAMSIZ);
	if (size > 2 && data[0] == UDATA_COMMENT && data[1] == size - 2 && data[1] < IFNAMSIZ)
		memcpy(ret, data + 2, data[1]);
}

static bool keep(const struct reading *reading, const char *set, const struct nlattr *key,
	const char comment[IFNAMSIZ])
{
	struct element *element = calloc(1, sizeof(*element));
	uint16_t size = mnl_attr_get_payload_len(key);

	if (!element || size > sizeof(element->key)) {
		free(element);
		return false;
	}
	snprintf(element->set, sizeof(element->set), "%s", set);
	memcpy(element->key, mnl_attr_get_payload(key), size);
	memcpy(element->comment, comment, sizeof(element->comment));
	element->key_size = size;
	element->next = *reading->found;
	*reading->found = element;
	return true;
}

static bool note_element(const struct reading *reading, const struct nlattr *element)
{
	const struct nlattr *key = inner(inner(element, NFTA_SET_ELEM_KEY), NFTA_DATA_VALUE);
	const struct nlattr *chain = inner(
		inner(inner(element, NFTA_SET_ELEM_DATA), NFTA_DATA_VERDICT), NFTA_VERDICT_CHAIN);
	char comment[IFNAMSIZ], name[IFNAMSIZ] = "";
	uint32_t number;
	uint16_t size;

	read_comment(inner(element, NFTA_SET_ELEM_USERDATA), comment);
	if (!key || (reading->owner && strcmp(comment, reading->owner) != 0))
		return true;
	if (reading->found)
		return keep(reading, reading->set, key, comment) &&
		       (!chain || keep(reading, mnl_attr_get_str(chain), key, comment));
	size = mnl_attr_get_payload_len(key);
	memcpy(name, mnl_attr_get_payload(key), size < sizeof(name) ? size : sizeof(name) - 1);
	if (guest_number(name, &number))
		reading->note(reading->data, number);
	return true;
}

static int note_elements(const struct nlmsghdr *header, void *data)
{
	const struct nlattr *attribute = NULL, *element;

	mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attribute) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(element, attribute)
		{
			if (!note_element(data, element))
				return MNL_CB_ERROR;
		}
	}
	return MNL_CB_OK;
}

static void put_set(struct nlmsghdr *header, const char *set)
{
	mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_TABLE, TABLE_NAME);
	mnl_attr_put_strz(header, NFTA_SET_ELEM_LIST_SET, set);
}

/* What is open while an element is written. */
struct open_element {
	struct nlattr *list, *element;
};

static struct open_element begin_element(
	struct nlmsghdr *header, const char *set, const void *key, size_t size)
{
	struct open_element open;
	struct nlattr *part;

	put_set(header, set);
	open.list = mnl_attr_nest_start(header, NFTA_SET_ELEM_LIST_ELEMENTS);
	open.element = mnl_attr_nest_start(header, NFTA_LIST_ELEM);
	part = mnl_attr_nest_start(header, NFTA_SET_ELEM_KEY);
	mnl_attr_put(header, NFTA_DATA_VALUE, size, key);
	mnl_attr_nest_end(header, part);
	return open;
}

static void end_element(struct nlmsghdr *header, struct open_element open)
{
	mnl_attr_nest_end(header, open.element);
	mnl_attr_nest_end(header, open.list);
}

/* With the key alone the element is complete: for one that is read or deleted, or is in a set. */
static void put_element(struct nlmsghdr *header, const char *set, const void *key, size_t size)
{
	end_element(header, begin_element(header, set, key, size));
}

/* One element, or with @key NULL all of the set. */
static int read_set(struct peer *peer, const void *key, size_t size, struct reading *reading)
{
	char buffer[BATCH_ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nfgenmsg inet = { .nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0 };
	struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

	header->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM;
	header->nlmsg_flags = NLM_F_REQUEST | (key ? NLM_F_ACK : NLM_F_DUMP);
	memcpy(mnl_nlmsg_put_extra_header(header, sizeof(inet)), &inet, sizeof(inet));
	if (key)
		put_element(header, reading->set, key, size);
	else
		put_set(header, reading->set);
	return peer_ask(peer, header, note_elements, reading);
}

/* All that the guest has. Nearly always it is nothing, which one request tells. */
static int read_own(struct peer *peer, const char name[IFNAMSIZ], struct element **found)
{
	struct reading reading = { .set = "guests", .found = found };
	int r = read_set(peer, name, IFNAMSIZ, &reading);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < GUEST_GROUPS && r == 0; i++) {
		reading.set = group_maps[i];
		r = read_set(peer, name, IFNAMSIZ, &reading);
	}
	reading.owner = name;
	for (size_t i = 0; i < ARRAY_LENGTH(publish_maps) && (r == 0 || r == -ENOENT); i++) {
		reading.set = publish_maps[i];
		r = read_set(peer, NULL, 0, &reading);
	}
	return r;
}

int elements_numbers(struct peer *peer, void (*note)(void *data, uint32_t number), void *data)
{
	struct reading reading = { .set = "guests", .note = note, .data = data };
	int r = read_set(peer, NULL, 0, &reading);

	return r == -ENOENT ? 0 : r;
}

static void forget(struct element *elements)
{
	while (elements) {
		struct element *next = elements->next;

		free(elements);
		elements = next;
	}
}

/* --- writing --------------------------------------------------------------------------------- */

/* A transaction. */
struct writing {
	struct batch *batch;
	const struct guest *guest;
	char name[IFNAMSIZ];                 /* of the guest's interface */
	unsigned int requests;               /* so far, with the border of the transaction */
	unsigned int publish[GUEST_PUBLISH]; /* the first request of each */
};

static void write_delete(struct writing *writing, const struct element *element)
{
	put_element(table_request(writing->batch, NFT_MSG_DELSETELEM, 0), element->set,
		element->key, element->key_size);
	writing->requests++;
}

static void write_member(struct writing *writing, const char *set)
{
	put_element(table_request(writing->batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL),
		set, writing->name, sizeof(writing->name));
	writing->requests++;
}

/* An element of a map. @chain: what it leads to, or @data does. */
static void write_map(struct writing *writing, const char *map, const void *key, size_t key_size,
	const char *chain, const void *data, size_t data_size)
{
	uint8_t comment[2 + IFNAMSIZ] = { UDATA_COMMENT, (uint8_t)(strlen(writing->name) + 1) };
	struct nlmsghdr *header =
		table_request(writing->batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
	struct open_element element = begin_element(header, map, key, key_size);
	struct nlattr *part, *verdict;

	part = mnl_attr_nest_start(header, NFTA_SET_ELEM_DATA);
	if (chain) {
		verdict = mnl_attr_nest_start(header, NFTA_DATA_VERDICT);
		mnl_attr_put_u32(header, NFTA_VERDICT_CODE, htonl((uint32_t)NFT_JUMP));
		mnl_attr_put_strz(header, NFTA_VERDICT_CHAIN, chain);
		mnl_attr_nest_end(header, verdict);
	} else {
		mnl_attr_put(header, NFTA_DATA_VALUE, data_size, data);
	}
	mnl_attr_nest_end(header, part);
	memcpy(comment + 2, writing->name, comment[1]);
	mnl_attr_put(header, NFTA_SET_ELEM_USERDATA, 2U + comment[1], comment);
	end_element(header, element);
	writing->requests++;
}

static void write_group(struct writing *writing, size_t index)
{
	char chain[NFT_CHAIN_MAXNAMELEN];

	snprintf(chain, sizeof(chain), TABLE_GROUP "%s", writing->guest->groups[index]);
	write_map(writing, group_maps[index], writing->name, sizeof(writing->name), chain, NULL, 0);
	write_member(writing, chain);
}

/* Return: the map that it belongs to. */
static const char *publish_key(
	const struct publish *publish, bool is_ipv6, uint8_t key[KEY_SIZE], size_t *ret_size)
{
	size_t n = publish->family == AF_UNSPEC ? 0 : is_ipv6 ? 16 : 4;

	memset(key, 0, KEY_SIZE);
	memcpy(key, publish->at, n);
	key[n] = publish->protocol;
	memcpy(key + n + 4, &publish->outside, sizeof(publish->outside));
	*ret_size = n + 8;
	return publish_maps[is_ipv6 + 2 * (n > 0)];
}

static void write_publish_at(struct writing *writing, const struct publish *publish, bool is_ipv6)
{
	size_t size = is_ipv6 ? 16 : 4, key_size;
	uint8_t key[KEY_SIZE], data[KEY_SIZE] = { 0 };
	const char *map = publish_key(publish, is_ipv6, key, &key_size);

	memcpy(data, is_ipv6 ? writing->guest->ipv6 : writing->guest->ipv4, size);
	memcpy(data + size, &publish->inside, sizeof(publish->inside));
	write_map(writing, map, key, key_size, NULL, data, size + 4);
}

static void write_publish(struct writing *writing, size_t index)
{
	const struct publish *publish = &writing->guest->publish[index];

	writing->publish[index] = writing->requests;
	if (publish->family != AF_INET6 && writing->guest->has_ipv4)
		write_publish_at(writing, publish, false);
	if (publish->family != AF_INET && writing->guest->has_ipv6)
		write_publish_at(writing, publish, true);
}

/* Who has the port: the name of an interface, "" if that is nobody. */
static void find_owner(struct peer *peer, const struct publish *publish, char ret[IFNAMSIZ])
{
	struct element *found = NULL;
	uint8_t key[KEY_SIZE];
	size_t size;

	ret[0] = '\0';
	for (int is_ipv6 = 0; is_ipv6 < 2 && !ret[0]; is_ipv6++) {
		struct reading reading = { .set = publish_key(publish, is_ipv6, key, &size),
			.found = &found };

		if (read_set(peer, key, size, &reading) == 0 && found)
			memcpy(ret, found->comment, IFNAMSIZ);
	}
	forget(found);
}

/* What the request with this index was refused for. */
static int blame(const struct writing *writing, unsigned int failed, int r, char *why, size_t size)
{
	const struct guest *guest = writing->guest;
	char owner[IFNAMSIZ];
	size_t i = guest->n_publish;

	while (i > 0 && failed < writing->publish[i - 1])
		i--;
	if ((r != -EEXIST && r != -EBUSY) || i == 0)
		return r;
	find_owner(writing->batch->peer, &guest->publish[i - 1], owner);
	snprintf(why, size, "publish: the host's port %u/%s is published already%s%s",
		ntohs(guest->publish[i - 1].outside),
		guest->publish[i - 1].protocol == IPPROTO_UDP ? "udp" : "tcp",
		owner[0] && strcmp(owner, writing->name) != 0 ? ", by the partition behind " : "",
		owner[0] && strcmp(owner, writing->name) != 0 ? owner : "");
	return -EADDRINUSE;
}

static int write_all(struct peer *peer, struct batch *batch, const struct guest *guest,
	const char name[IFNAMSIZ], const struct element *before, char *why, size_t size)
{
	struct writing writing = { .batch = batch, .guest = guest, .requests = 1 };
	unsigned int failed = 0;
	int r;

	memcpy(writing.name, name, sizeof(writing.name));
	batch_start(batch, peer);
	table_border(batch, NFNL_MSG_BATCH_BEGIN);
	for (; before; before = before->next)
		write_delete(&writing, before);
	if (guest->n_groups + guest->n_publish > 0)
		write_member(&writing, "guests");
	for (size_t i = 0; i < guest->n_groups; i++)
		write_group(&writing, i);
	for (size_t i = 0; i < guest->n_publish; i++)
		write_publish(&writing, i);
	table_border(batch, NFNL_MSG_BATCH_END);
	/* Who has asked was killed: the next command takes it from there, and must not be overtaken. */
	if (helper_is_alone())
		return -ECANCELED;
	r = batch_send(batch, &failed);
	return r < 0 ? blame(&writing, failed, r, why, size) : 0;
}

static bool is_group_of(const struct guest *guest, const char *set)
{
	for (size_t i = 0; i < guest->n_groups; i++) {
		if (strcmp(guest->groups[i], set + strlen(TABLE_GROUP)) == 0)
			return true;
	}
	return false;
}

static void drop_if_empty(struct peer *peer, struct batch *batch, const char *group)
{
	struct element *members = NULL;
	struct reading reading = { .set = group, .found = &members };

	/* A transaction that fails, because there are members, keeps the kernel waiting for 10 ms. */
	if (read_set(peer, NULL, 0, &reading) == 0 && !members)
		table_drop_group(batch, peer, group);
	forget(members);
}

/* Groups that a change has left empty, or that were made for one that has failed. */
static void drop_groups(struct peer *peer, struct batch *batch, const struct guest *guest,
	const struct element *before, bool is_changed)
{
	char chain[NFT_CHAIN_MAXNAMELEN];

	for (; is_changed && before; before = before->next) {
		if (strncmp(before->set, TABLE_GROUP, strlen(TABLE_GROUP)) == 0 &&
			!is_group_of(guest, before->set))
			drop_if_empty(peer, batch, before->set);
	}
	for (size_t i = 0; !is_changed && i < guest->n_groups; i++) {
		snprintf(chain, sizeof(chain), TABLE_GROUP "%s", guest->groups[i]);
		drop_if_empty(peer, batch, chain);
	}
}

int elements_set(
	struct peer *peer, struct batch *batch, const struct guest *guest, char *why, size_t size)
{
	struct element *before = NULL;
	char name[IFNAMSIZ] = "";
	int r;

	guest_name(guest->number, name);
	r = read_own(peer, name, &before);
	if (r == 0 && (before || guest->n_groups + guest->n_publish > 0)) {
		r = write_all(peer, batch, guest, name, before, why, size);
		/* The group may be a new one. */
		if (r == -ENOENT && guest->n_groups > 0) {
			r = table_make_groups(guest, why, size);
			if (r == 0)
				r = write_all(peer, batch, guest, name, before, why, size);
		}
	}
	drop_groups(peer, batch, guest, before, r == 0);
	forget(before);
	return r;
}
