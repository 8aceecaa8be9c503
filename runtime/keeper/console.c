/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: what guests say on them goes to their logs and to who is attached. What is typed does not come by
 * here: who is attached writes to the master, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "keeper.h"
#include "sys/rights.h"

#define ATTACHED_MAX 128

/* After so much it is another's turn. */
#define READS_AT_ONCE 8

struct attached {
	int client;
	const struct guest *guest; /* NULL: this place is free */
};

static struct attached attached[ATTACHED_MAX];

static void leave(struct keeper *keeper, struct attached *one)
{
	keeper_unwatch(keeper, one->client);
	close(one->client);
	one->guest = NULL;
}

void console_leave(struct keeper *keeper, int client)
{
	for (size_t i = 0; i < ATTACHED_MAX; i++) {
		if (attached[i].guest && attached[i].client == client)
			leave(keeper, &attached[i]);
	}
}

/* Edges: a terminal that nobody inside has open would be an event without an end. */
static int watch(struct keeper *keeper, const struct guest *guest)
{
	return keeper_watch_edges(
		keeper, guest->terminal, SOURCE_TERMINAL, (size_t)(guest - keeper->guests));
}

void console_begin(struct keeper *keeper, struct guest *guest, int master)
{
	int flags = fcntl(master, F_GETFL);

	console_end(keeper, guest);
	guest->terminal = master;
	keeper->terminals++;
	guard_begin(keeper);
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0 || watch(keeper, guest) < 0)
		console_end(keeper, guest);
}

/* A log's lines end as all others do, also if the guest has set its terminal to begin them at the left margin.
 * Return: what is left of @n. */
static size_t strip_returns(char *text, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\r' || i + 1 == n || text[i + 1] != '\n')
			text[left++] = text[i];
	}
	return left;
}

/* Who does not read loses what was said: nobody waits for them. Return: there may be more. */
static bool take(struct keeper *keeper, const struct guest *guest)
{
	char *buffer = keeper->buffer;
	ssize_t n = read(guest->terminal, buffer, sizeof(keeper->buffer));

	/* EIO: nobody inside has it open now. */
	if (n <= 0)
		return false;
	for (size_t i = 0; i < ATTACHED_MAX; i++) {
		if (attached[i].guest == guest)
			(void)send(
				attached[i].client, buffer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	output_log(keeper, guest, buffer, strip_returns(buffer, (size_t)n));
	return true;
}

void console_take(struct keeper *keeper, struct guest *guest)
{
	for (int i = 0; i < READS_AT_ONCE; i++) {
		if (!take(keeper, guest))
			return;
	}
	(void)watch(keeper, guest);
}

/* Who is attached may have the master open for longer: so epoll is told. The record is first: the number may be
 * another's soon. */
void console_end(struct keeper *keeper, struct guest *guest)
{
	int master = guest->terminal;

	if (master < 0)
		return;
	/* Whoever else has the terminal may say more for ever. */
	for (int i = 0; i < TAKES_AT_END && take(keeper, guest); i++)
		;
	guest->terminal = -1;
	if (guest->pid > 0)
		record_write(keeper, guest);
	keeper_unwatch(keeper, master);
	close(master);
	if (--keeper->terminals == 0)
		guard_end(keeper);
	for (size_t i = 0; i < ATTACHED_MAX; i++) {
		if (attached[i].guest == guest)
			leave(keeper, &attached[i]);
	}
}

int console_attach(struct keeper *keeper, const struct guest *guest, int client)
{
	size_t i = 0;
	ssize_t sent;
	int r;

	while (i < ATTACHED_MAX && attached[i].guest)
		i++;
	if (i == ATTACHED_MAX)
		return -EUSERS;
	r = keeper_watch(keeper, client, SOURCE_ATTACHED, (size_t)client);
	if (r < 0)
		return r;
	sent = ins_rights_send(client, "0 ", 2, &guest->terminal, 1, MSG_DONTWAIT);
	if (sent < 0) {
		keeper_unwatch(keeper, client);
		return (int)sent;
	}
	attached[i] = (struct attached){ client, guest };
	return 0;
}
