/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An interface has no name or number that lasts: who has CAP_NET_ADMIN in the namespace may delete it and
 * give its index to another one, which does not belong on the host. So the kernel is asked which
 * indexes have become free meanwhile.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "move.h"

/* An interface that was moved. */
struct moved {
	struct link before, after;
	struct address *addresses;
	unsigned int departures; /* how often what had its index in the container has left that */
	struct moved *next;
};

static int start(struct mover *mover)
{
	int r;

	if (mover->watch.socket)
		return 0;
	r = helper_enter(mover->helper, false);
	if (r == 0)
		r = watch_open(&mover->watch);
	if (r < 0)
		return helper_fail(
			mover->helper, -r, "watch the container's interfaces: %s", strerror(-r));
	return helper_enter(mover->helper, true);
}

/* Addresses, then up: who waits for the interface to come up finds it complete. config-linux.md: the
 * container gets the permanent addresses of global scope. */
static int set_up(struct mover *mover, const struct moved *moved)
{
	int r = 0;

	for (const struct address *a = moved->addresses; a && r == 0; a = a->next) {
		if (a->scope == RT_SCOPE_UNIVERSE)
			r = address_add(&mover->helper->guest, moved->after.index, a);
	}
	return r < 0 ? r : link_set_up(&mover->helper->guest, moved->after.index);
}

static void note_departure(void *data, int index)
{
	struct mover *mover = data;

	for (struct moved *moved = mover->moved; moved; moved = moved->next)
		moved->departures += moved->after.index == index;
}

static void read_departures(struct mover *mover)
{
	if (departures_read(&mover->watch, note_departure, mover) == 0)
		return;
	/* Any may be among those that were missed. */
	for (struct moved *moved = mover->moved; moved; moved = moved->next)
		moved->departures++;
}

static int fail_gone(struct mover *mover, const struct link *before)
{
	return helper_fail(mover->helper, ENODEV,
		"the interface \"%s\" has left the container's namespace: it cannot be given back",
		before->name);
}

/* Back to the host. What else cannot be restored is lost, as routes are. */
static int give_back(struct mover *mover, struct moved *moved)
{
	const struct link *before = &moved->before;
	int r;

	read_departures(mover);
	if (moved->departures > 0)
		return fail_gone(mover, before);
	r = link_move(&mover->helper->guest, moved->after.index, mover->helper->host_namespace,
		before->name, before->index);
	if (r < 0)
		return helper_fail(mover->helper, -r, "give the interface \"%s\" back: %s",
			before->name, strerror(-r));
	/* It has left now; if something had before, in between, then this is another one. */
	read_departures(mover);
	if (moved->departures > 1) {
		(void)link_delete(&mover->helper->host, before->index);
		return fail_gone(mover, before);
	}
	if (before->master)
		(void)link_set_master(&mover->helper->host, before->index, before->master);
	for (const struct address *a = moved->addresses; a; a = a->next)
		(void)address_add(&mover->helper->host, before->index, a);
	if (before->is_up)
		(void)link_set_up(&mover->helper->host, before->index);
	return 0;
}

void move_back(struct mover *mover, void (*tell)(const char *words))
{
	for (struct moved *moved = mover->moved; moved; moved = moved->next) {
		if (give_back(mover, moved) < 0)
			tell(mover->helper->words);
	}
}

/* The kernel makes a name of a template only after it has moved the interface, so a name that is
 * taken has to be looked for before. */
static int check_name(struct mover *mover, const char *name)
{
	struct link taken;
	int r = strchr(name, '%') ? -ENODEV : link_find(&mover->helper->guest, name, &taken);

	if (r == 0)
		return helper_fail(mover->helper, EEXIST,
			"an interface \"%s\" is in the container already", name);
	return r == -ENODEV
		       ? 0
		       : helper_fail(mover->helper, -r, "look for \"%s\": %s", name, strerror(-r));
}

static int move_one(
	struct mover *mover, struct moved *moved, const char *host_name, const char *name)
{
	int r = link_find(&mover->helper->host, host_name, &moved->before);

	if (r < 0)
		return helper_fail(mover->helper, -r, "find the interface: %s", strerror(-r));
	r = check_name(mover, name);
	if (r < 0)
		return r;
	r = addresses_read(&mover->helper->host, moved->before.index, &moved->addresses);
	if (r == 0)
		r = link_free_index(
			&mover->helper->guest, moved->before.index, &moved->after.index);
	if (r < 0)
		return helper_fail(mover->helper, -r, "read its addresses: %s", strerror(-r));
	read_departures(mover);
	moved->departures = 0;
	r = link_move(
		&mover->helper->host, moved->before.index, NAMESPACE, name, moved->after.index);
	/* The name is given last: if that fails, it has been moved. */
	if (r < 0 && !link_is_there(&mover->helper->host, moved->before.index))
		(void)give_back(mover, moved);
	if (r < 0)
		return helper_fail(mover->helper, -r, "move it into the container as \"%s\": %s",
			name, strerror(-r));
	r = set_up(mover, moved);
	if (r < 0) {
		(void)give_back(mover, moved);
		return helper_fail(
			mover->helper, -r, "set it up in the container: %s", strerror(-r));
	}
	return 0;
}

/* Forget the last one. */
static void drop(struct mover *mover)
{
	struct moved *moved = mover->moved;

	mover->moved = moved->next;
	addresses_free(moved->addresses);
	free(moved);
}

int move(struct mover *mover, const char *host_name, const char *name)
{
	struct moved *moved;
	int r = start(mover);

	if (r < 0)
		return r;
	moved = calloc(1, sizeof(*moved));
	if (!moved)
		return helper_fail(mover->helper, ENOMEM, "out of memory");
	moved->next = mover->moved;
	mover->moved = moved;
	r = move_one(mover, moved, host_name, name);
	if (r < 0)
		drop(mover);
	return r;
}

void move_release(struct mover *mover)
{
	while (mover->moved)
		drop(mover);
	peer_close(&mover->watch);
}
