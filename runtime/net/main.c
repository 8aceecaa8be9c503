/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insula-net: what partitions have in the nftables table, and the moving of interfaces of the host into a
 * container's network namespace (linux.netDevices). A program of its own because libmnl is there as a shared library only, which
 * insula, a static program, cannot load.
 *
 * fd 0 is a SOCK_SEQPACKET socket, fd 3 the container's network namespace, for requests about one. A
 * request is one of these texts, the answer "0" or "ERRNO WORDS"; words after 0 are a warning, or a number:
 *
 *	move HOST-NAME NAME
 *	change routed NUMBER WORD… guest.h says which words
 *	detach NUMBER
 *	sweep BITMAP                what is not in it is detached; the answer counts them
 *	keep                        without an answer, and the last one
 *
 * If the socket ends before "keep", whatever the reason, it takes back what it was asked to move.
 * What it cannot take back it tells of, in a message of words each.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "move.h"
#include "requests.h"

#define REQUESTS 0

/* The longest: GUEST_PUBLISH ports. */
#define REQUEST_SIZE 32768

struct server {
	struct helper helper;
	struct mover mover;
	struct guest guest; /* the one that was asked for */
};

int helper_fail(struct helper *helper, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(helper->words, sizeof(helper->words), fmt, ap);
	va_end(ap);
	return -code;
}

int helper_enter(struct helper *helper, bool host)
{
	if (setns(host ? helper->host_namespace : NAMESPACE, CLONE_NEWNET) < 0)
		return helper_fail(helper, errno, "enter the %s network namespace: %m",
			host ? "host's" : "container's");
	return 0;
}

bool helper_is_alone(void)
{
	struct pollfd asker = { REQUESTS, 0, 0 };

	return poll(&asker, 1, 0) > 0 && (asker.revents & POLLHUP);
}

/* For requests about a container. A socket stays in the namespace in which it was made. */
static int open_guest(struct helper *helper)
{
	struct stat ours, theirs;
	int r;

	if (helper->guest.socket)
		return 0;
	helper->host_namespace = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (helper->host_namespace < 0 || fstat(helper->host_namespace, &ours) < 0 ||
		fstat(NAMESPACE, &theirs) < 0)
		return helper_fail(helper, errno, "look at the network namespaces: %m");
	if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		return helper_fail(
			helper, EINVAL, "the container has the network namespace of the host");
	r = helper_enter(helper, false);
	if (r < 0)
		return r;
	r = peer_open(&helper->guest, NETLINK_ROUTE);
	if (r < 0)
		return helper_fail(helper, -r, "open rtnetlink: %s", strerror(-r));
	return helper_enter(helper, true);
}

static int open_host(struct helper *helper)
{
	int r = helper->host.socket ? 0 : peer_open(&helper->host, NETLINK_ROUTE);

	return r < 0 ? helper_fail(helper, -r, "open rtnetlink: %s", strerror(-r)) : 0;
}

/* --- requests --------------------------------------------------------------------------------- */

static int parse(struct server *server, char *words)
{
	int r = guest_parse(words, &server->guest);

	return r < 0 ? helper_fail(&server->helper, -r, "a request that cannot be understood") : 0;
}

static int do_move(struct server *server, char *words)
{
	char *name = strchr(words, ' ');

	if (!name)
		return helper_fail(&server->helper, EPROTO, "a request without a name");
	*name++ = '\0';
	return move(&server->mover, words, name);
}

static int do_change(struct server *server, char *words)
{
	int r = parse(server, words);

	return r < 0 ? r : change(&server->helper, &server->guest);
}

static int do_detach(struct server *server, char *words)
{
	char *end;
	unsigned long number = strtoul(words, &end, 10);

	if (end == words || *end || number >= GUEST_NUMBERS)
		return helper_fail(&server->helper, EINVAL, "no number: %s", words);
	return detach(&server->helper, (uint32_t)number);
}

static int do_sweep(struct server *server, char *words)
{
	unsigned int removed;
	int r = sweep(&server->helper, words, &removed);

	if (r == 0)
		snprintf(server->helper.words, sizeof(server->helper.words), "%u", removed);
	return r;
}

static const struct {
	const char *name;
	int (*handle)(struct server *server, char *words);
	bool is_inside; /* it is about a container's namespace */
} requests[] = {
	{ "move", do_move, true },
	{ "change", do_change, false },
	{ "detach", do_detach, false },
	{ "sweep", do_sweep, false },
};

static int handle(struct server *server, char *request)
{
	char *words = request + strcspn(request, " ");
	int r = open_host(&server->helper);

	if (*words)
		*words++ = '\0';
	for (size_t i = 0; r == 0 && i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(request, requests[i].name) != 0)
			continue;
		r = requests[i].is_inside ? open_guest(&server->helper) : 0;
		return r < 0 ? r : requests[i].handle(server, words);
	}
	return r < 0 ? r : helper_fail(&server->helper, EPROTO, "no request: %s", request);
}

static bool answer(struct helper *helper, int r)
{
	char text[320];
	int n = snprintf(
		text, sizeof(text), "%d%s%s", -r, helper->words[0] ? " " : "", helper->words);

	return send(REQUESTS, text, (size_t)n, MSG_NOSIGNAL) == n;
}

/* Until there is nobody to answer. Return: is all to stay as it is? */
static bool serve(struct server *server)
{
	static char request[REQUEST_SIZE];
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
		server->helper.words[0] = '\0';
		if (!answer(&server->helper, handle(server, request)))
			break;
	}
	return false;
}

static void tell(const char *words)
{
	(void)send(REQUESTS, words, strlen(words), MSG_NOSIGNAL);
}

static void tell_moved(const char *words)
{
	char text[320];

	snprintf(text, sizeof(text), "linux.netDevices: %s", words);
	tell(text);
}

static void take_back(struct server *server)
{
	move_back(&server->mover, tell_moved);
}

static void release(struct server *server)
{
	move_release(&server->mover);
	peer_close(&server->helper.tables);
	peer_close(&server->helper.guest);
	peer_close(&server->helper.host);
}

int main(void)
{
	static struct server server = { .helper = { .host_namespace = -1 } };

	server.mover.helper = &server.helper;
	if (!serve(&server))
		take_back(&server);
	release(&server);
	return 0;
}
