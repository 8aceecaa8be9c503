/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/error.h"
#include "guest/launch.h"
#include "sys/rights.h"

_Static_assert(INS_MESSAGE_FDS <= INS_RIGHTS_MAX, "a packet of slots is one message");

int ins_message_send(int socket, const struct ins_message *message, const int *fds, size_t n,
	struct ins_error *err)
{
	ssize_t r = ins_rights_send(socket, message, sizeof(*message), fds, n, 0);

	if (r == -EPIPE || r == -ECONNRESET)
		return -EPIPE;
	return r < 0 ? ins_error_set(err, (int)-r, "speak to the container process") : 0;
}

int ins_message_receive(int socket, struct ins_message *message, int *ret_fd, struct ins_error *err)
{
	int fd = -1;
	ssize_t n = ins_rights_receive(socket, message, sizeof(*message), &fd);

	/* A peer that died with our words unread resets the connection: the same end. */
	if (n == 0 || n == -ECONNRESET)
		return -EPIPE;
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n < 0)
		return ins_error_set(err, (int)-n, "hear from the container process");
	if ((size_t)n != sizeof(*message) || message->type >= INS_MESSAGE_TYPES ||
		message->detail_size > sizeof(message->detail)) {
		ins_close(fd);
		return ins_error_text(
			err, EPROTO, "the container process sent something that is no message");
	}
	*ret_fd = fd;
	return 0;
}
