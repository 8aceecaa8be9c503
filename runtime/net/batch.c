/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "batch.h"

void batch_start(struct batch *batch, struct peer *peer)
{
	batch->peer = peer;
	batch->last = NULL;
	batch->used = 0;
	batch->first = peer->sequence + 1;
	batch->is_full = false;
}

static void close_last(struct batch *batch)
{
	if (batch->last)
		batch->used += NLMSG_ALIGN(batch->last->nlmsg_len);
}

struct nlmsghdr *batch_add(
	struct batch *batch, uint16_t type, uint16_t flags, const void *header, size_t size)
{
	close_last(batch);
	if (batch->used + BATCH_ROOM > BATCH_SIZE) {
		batch->is_full = true;
		batch->used = 0;
	}
	batch->last = mnl_nlmsg_put_header(batch->buffer + batch->used);
	batch->last->nlmsg_type = type;
	batch->last->nlmsg_flags = NLM_F_REQUEST | flags;
	batch->last->nlmsg_seq = ++batch->peer->sequence;
	memcpy(mnl_nlmsg_put_extra_header(batch->last, size), header, size);
	return batch->last;
}

/* One datagram of answers. The first failure in the order of the requests counts. */
static void note_answers(
	const struct batch *batch, const char *answer, size_t size, int *error, uint32_t *failed)
{
	const struct nlmsghdr *header = (const void *)answer;
	int left = (int)size;

	for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
		const struct nlmsgerr *told = mnl_nlmsg_get_payload(header);

		if (header->nlmsg_type != NLMSG_ERROR || told->error == 0)
			continue;
		if (*error == 0 || header->nlmsg_seq - batch->first < *failed) {
			*error = told->error;
			*failed = header->nlmsg_seq - batch->first;
		}
	}
}

int batch_send(struct batch *batch, unsigned int *ret_index)
{
	char answer[MNL_SOCKET_BUFFER_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	int socket = mnl_socket_get_fd(batch->peer->socket);
	uint32_t failed = 0;
	int error = 0;

	close_last(batch);
	batch->last = NULL;
	if (batch->is_full)
		return -E2BIG;
	if (batch->used == 0)
		return 0;
	if (mnl_socket_sendto(batch->peer->socket, batch->buffer, batch->used) < 0)
		return -errno;
	/* The kernel has done the requests when that returns, and only failures are answered. */
	for (;;) {
		ssize_t n = recv(socket, answer, sizeof(answer), MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		note_answers(batch, answer, (size_t)n, &error, &failed);
	}
	if (errno != EAGAIN && error == 0)
		return -errno;
	if (error != 0 && ret_index)
		*ret_index = failed;
	return error;
}
