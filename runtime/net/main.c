/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insula-net: moves interfaces of the host into a container's network namespace (linux.netDevices).
 * A program of its own because libmnl is there as a shared library only, which insula, a static
 * program, cannot load, and because nearly nobody asks for it.
 *
 * fd 0 is a SOCK_SEQPACKET socket, fd 3 the container's network namespace. A request is the text
 * "HOST-NAME NAME", the answer "0" or "ERRNO WORDS". At the request "keep" it ends. If the socket
 * ends before that, whatever the reason, it gives back all that it has moved: under the old names,
 * with the old addresses. What it cannot give back it tells of, in a message of words each.
 *
 * An interface has no name or number that lasts: who has CAP_NET_ADMIN in the namespace may delete it and
 * give its index to another one, which does not belong on the host. So the kernel is asked which
 * indexes have become free meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "link.h"

#define REQUESTS  0
#define NAMESPACE 3

struct mover {
	struct peer host, guest; /* rtnetlink in both namespaces */
	struct peer watch;       /* of the container's namespace */
	int host_namespace;
	struct moved *moved; /* the last one first */
	char words[256];     /* why a request failed */
};

/* An interface that was moved. */
struct moved {
	struct link before, after;
	struct address *addresses;
	unsigned int departures; /* how often what had its index in the container has left that */
	struct moved *next;
};

static int fail(struct mover *mover, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct mover *mover, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(mover->words, sizeof(mover->words), fmt, ap);
	va_end(ap);
	return -code;
}

static int start(struct mover *mover)
{
	struct stat ours, theirs;
	int r;

	mover->host_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (mover->host_namespace < 0 || fstat(mover->host_namespace, &ours) < 0 ||
		fstat(NAMESPACE, &theirs) < 0)
		return fail(mover, errno, "look at the network namespaces: %m");
	if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		return fail(mover, EINVAL, "the container has the network namespace of the host");
	/* A socket stays in the namespace in which it was made. */
	r = peer_open(&mover->host);
	if (r == 0 && setns(NAMESPACE, CLONE_NEWNET) < 0)
		return fail(mover, errno, "enter the container's network namespace: %m");
	if (r == 0)
		r = peer_open(&mover->guest);
	if (r == 0)
		r = watch_open(&mover->watch);
	return r < 0 ? fail(mover, -r, "open rtnetlink: %s", strerror(-r)) : 0;
}

/* Addresses, then up: who waits for the interface to come up finds it complete. config-linux.md: the
 * container gets the permanent addresses of global scope. */
static int set_up(struct mover *mover, const struct moved *moved)
{
	int r = 0;

	for (const struct address *a = moved->addresses; a && r == 0; a = a->next) {
		if (a->scope == RT_SCOPE_UNIVERSE)
			r = address_add(&mover->guest, moved->after.index, a);
	}
	return r < 0 ? r : link_set_up(&mover->guest, moved->after.index);
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
	return fail(mover, ENODEV,
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
	r = link_move(&mover->guest, moved->after.index, mover->host_namespace, before->name,
		before->index);
	if (r < 0)
		return fail(mover, -r, "give the interface \"%s\" back: %s", before->name,
			strerror(-r));
	/* It has left now; if something had before, in between, then this is another one. */
	read_departures(mover);
	if (moved->departures > 1) {
		(void)link_delete(&mover->host, before->index);
		return fail_gone(mover, before);
	}
	if (before->master)
		(void)link_set_master(&mover->host, before->index, before->master);
	for (const struct address *a = moved->addresses; a; a = a->next)
		(void)address_add(&mover->host, before->index, a);
	if (before->is_up)
		(void)link_set_up(&mover->host, before->index);
	return 0;
}

static void give_all_back(struct mover *mover)
{
	for (struct moved *moved = mover->moved; moved; moved = moved->next) {
		if (give_back(mover, moved) < 0)
			(void)send(REQUESTS, mover->words, strlen(mover->words), MSG_NOSIGNAL);
	}
}

/* The kernel makes a name of a template only after it has moved the interface, so a name that is
 * taken has to be looked for before. */
static int check_name(struct mover *mover, const char *name)
{
	struct link taken;
	int r = strchr(name, '%') ? -ENODEV : link_find(&mover->guest, name, &taken);

	if (r == 0)
		return fail(mover, EEXIST, "an interface \"%s\" is in the container already", name);
	return r == -ENODEV ? 0 : fail(mover, -r, "look for \"%s\": %s", name, strerror(-r));
}

static int move(struct mover *mover, struct moved *moved, const char *host_name, const char *name)
{
	int r = link_find(&mover->host, host_name, &moved->before);

	if (r < 0)
		return fail(mover, -r, "find the interface: %s", strerror(-r));
	r = check_name(mover, name);
	if (r < 0)
		return r;
	r = addresses_read(&mover->host, moved->before.index, &moved->addresses);
	if (r == 0)
		r = link_free_index(&mover->guest, moved->before.index, &moved->after.index);
	if (r < 0)
		return fail(mover, -r, "read its addresses: %s", strerror(-r));
	read_departures(mover);
	moved->departures = 0;
	r = link_move(&mover->host, moved->before.index, NAMESPACE, name, moved->after.index);
	/* The name is given last: if that fails, it has been moved. */
	if (r < 0 && !link_is_there(&mover->host, moved->before.index))
		(void)give_back(mover, moved);
	if (r < 0)
		return fail(
			mover, -r, "move it into the container as \"%s\": %s", name, strerror(-r));
	r = set_up(mover, moved);
	if (r < 0) {
		(void)give_back(mover, moved);
		return fail(mover, -r, "set it up in the container: %s", strerror(-r));
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

static int handle(struct mover *mover, char *request)
{
	char *name = strchr(request, ' ');
	struct moved *moved;
	int r;

	if (!name)
		return fail(mover, EPROTO, "a request without a name");
	*name++ = '\0';
	moved = calloc(1, sizeof(*moved));
	if (!moved)
		return fail(mover, ENOMEM, "out of memory");
	moved->next = mover->moved;
	mover->moved = moved;
	r = move(mover, moved, request, name);
	if (r < 0)
		drop(mover);
	return r;
}

static bool answer(struct mover *mover, int r)
{
	char text[320];
	int n = r == 0 ? snprintf(text, sizeof(text), "0")
		       : snprintf(text, sizeof(text), "%d %s", -r, mover->words);

	return send(REQUESTS, text, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Until there is nobody to answer. Return: are the interfaces to stay where they are? */
static bool serve(struct mover *mover, int started)
{
	char request[64];
	ssize_t n;

	for (;;) {
		do {
			n = recv(REQUESTS, request, sizeof(request) - 1, 0);
		} while (n < 0 && errno == EINTR);
		if (n <= 0)
			break;
		request[n] = '\0';
		if (strcmp(request, "keep") == 0)
			return true;
		if (!answer(mover, started < 0 ? started : handle(mover, request)))
			break;
	}
	return false;
}

static void release(struct mover *mover)
{
	while (mover->moved)
		drop(mover);
	peer_close(&mover->watch);
	peer_close(&mover->guest);
	peer_close(&mover->host);
}

int main(void)
{
	struct mover mover = { .host_namespace = -1 };
	int started = start(&mover);

	if (!serve(&mover, started))
		give_all_back(&mover);
	release(&mover);
	return 0;
}
