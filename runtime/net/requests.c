/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "batch.h"
#include "elements.h"
#include "own_address.h"
#include "ports.h"
#include "requests.h"
#include "table.h"

/* A port of a bridge is no business of the table's. */
#define BRIDGE_PREFIX "isb"

/* All requests of a process are made in here, one batch after the other. */
static struct batch batch;

static int open_tables(struct helper *helper)
{
	int r = helper->tables.socket ? 0 : peer_open(&helper->tables, NETLINK_NETFILTER);

	return r < 0 ? helper_fail(helper, -r, "open nfnetlink: %s", strerror(-r)) : 0;
}

/* With words of its own, or the errno's. */
static int set_elements(struct helper *helper, const struct guest *guest)
{
	char why[sizeof(helper->words)] = "";
	int r = elements_set(&helper->tables, &batch, guest, why, sizeof(why));

	if (r == 0)
		return 0;
	return why[0] ? helper_fail(helper, -r, "%s", why)
		      : helper_fail(helper, -r,
				"change the nftables table \"inet " TABLE_NAME "\": %s",
				strerror(-r));
}

int detach(struct helper *helper, uint32_t number)
{
	struct guest nothing = { .number = number };
	int r = open_tables(helper);

	return r < 0 ? r : set_elements(helper, &nothing);
}

int change(struct helper *helper, const struct guest *guest)
{
	const struct publish *taken = ports_taken(guest);
	char why[sizeof(helper->words)] = "";
	int r;

	if (taken)
		return helper_fail(helper, EADDRINUSE,
			"publish: a program of the host listens at port %u (%s)",
			ntohs(taken->outside), taken->protocol == IPPROTO_TCP ? "tcp" : "udp");
	r = open_tables(helper);
	if (r == 0)
		r = table_ensure(&helper->tables, &batch, why, sizeof(why));
	if (r > 0)
		own_address_ensure(&helper->host, &batch);
	if (r < 0)
		return why[0] ? helper_fail(helper, -r, "%s", why) : r;
	return set_elements(helper, guest);
}

/* --- sweep ---------------------------------------------------------------------------------------------- */

/* Interfaces that are put into this group are deleted in one go: the kernel waits once for them all. */
#define DEAD_GROUP 0x69736c00

/* So many requests fit into a batch. */
#define SWEEP_AT_ONCE 1000

struct sweeping {
	const char *live;
	size_t digits;
	uint8_t dead[GUEST_NUMBERS / 8], dead_links[GUEST_NUMBERS / 8];
	unsigned int n_dead;
	bool is_any_live;
};

static bool has_bit(const uint8_t *bits, uint32_t number)
{
	return bits[number / 8] >> number % 8 & 1;
}

static void set_bit(uint8_t *bits, uint32_t number)
{
	bits[number / 8] |= (uint8_t)(1 << number % 8);
}

static bool is_live(const struct sweeping *sweeping, uint32_t number)
{
	const char *digits = "0123456789abcdef", *at;
	char digit = number / 4 < sweeping->digits ? sweeping->live[number / 4] : '0';

	at = strchr(digits, digit);
	return at && (at - digits) >> (number % 4) & 1;
}

static void note_number(void *data, uint32_t number)
{
	struct sweeping *sweeping = data;

	if (is_live(sweeping, number)) {
		sweeping->is_any_live = true;
	} else if (!has_bit(sweeping->dead, number)) {
		set_bit(sweeping->dead, number);
		sweeping->n_dead++;
	}
}

static void note_interface(void *data, int index, const char *name)
{
	struct sweeping *sweeping = data;
	int number = index - guest_index(0);

	if (number < 0 || number >= GUEST_NUMBERS ||
		(strncmp(name, GUEST_PREFIX, strlen(GUEST_PREFIX)) != 0 &&
			strncmp(name, BRIDGE_PREFIX, strlen(BRIDGE_PREFIX)) != 0))
		return;
	note_number(data, (uint32_t)number);
	if (has_bit(sweeping->dead, (uint32_t)number))
		set_bit(sweeping->dead_links, (uint32_t)number);
}

/* A request about this interface and the group, or about the group alone. */
static void add_to_dead(uint16_t type, int index)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = index };

	mnl_attr_put_u32(batch_add(&batch, type, 0, &info, sizeof(info)), IFLA_GROUP, DEAD_GROUP);
}

static int delete_links(struct helper *helper, const struct sweeping *sweeping)
{
	unsigned int n = 0;
	int r = 0;

	batch_start(&batch, &helper->host);
	for (uint32_t number = 0; r == 0 && number < GUEST_NUMBERS; number++) {
		if (!has_bit(sweeping->dead_links, number))
			continue;
		add_to_dead(RTM_SETLINK, guest_index(number));
		if (++n % SWEEP_AT_ONCE == 0) {
			r = batch_send(&batch, NULL);
			batch_start(&batch, &helper->host);
		}
	}
	if (r == 0 && n > 0)
		add_to_dead(RTM_DELLINK, 0);
	if (r == 0)
		r = batch_send(&batch, NULL);
	/* One has gone meanwhile by itself. The others are in the group. */
	return r == -ENODEV ? 0 : r;
}

int sweep(struct helper *helper, const char *live, unsigned int *ret_removed)
{
	struct sweeping sweeping = { .live = live, .digits = strlen(live) };
	int r = open_tables(helper);

	if (r < 0)
		return r;
	r = links_read(&helper->host, note_interface, &sweeping);
	if (r == 0)
		r = elements_numbers(&helper->tables, note_number, &sweeping);
	if (r < 0)
		return helper_fail(helper, -r, "look for what is left of guests: %s", strerror(-r));
	r = delete_links(helper, &sweeping);
	if (r < 0)
		return helper_fail(helper, -r, "delete interfaces of guests: %s", strerror(-r));
	for (uint32_t number = 0; r == 0 && number < GUEST_NUMBERS; number++) {
		if (has_bit(sweeping.dead, number))
			r = detach(helper, number);
	}
	if (r == 0 && !sweeping.is_any_live && strspn(live, "0") == sweeping.digits) {
		own_address_remove(&helper->host, &batch);
		r = table_delete(&helper->tables, &batch);
	}
	*ret_removed = sweeping.n_dead;
	return r;
}
