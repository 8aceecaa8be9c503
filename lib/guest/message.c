/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/launch.h"

union control {
	char bytes[CMSG_SPACE(INS_MESSAGE_FDS * sizeof(int))];
	struct cmsghdr align;
};

int ins_message_send(int socket, const struct ins_message *message, const int *fds, size_t n,
	struct ins_error *err)
{
	union control control;
	struct iovec vector = { (void *)message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };

	if (n > 0) {
		struct cmsghdr *rights;

		memset(&control, 0, sizeof(control));
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(n * sizeof(int));
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(rights), fds, n * sizeof(int));
	}
	while (sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
		if (errno == EPIPE || errno == ECONNRESET)
			return -EPIPE;
		if (errno != EINTR)
			return ins_error_set(err, errno, "speak to the container process");
	}
	return 0;
}

/* Keep the first fd, close the rest: nobody sends more than one to the parent. */
static void take_fds(struct msghdr *header, int *ret_fd)
{
	struct cmsghdr *rights = CMSG_FIRSTHDR(header);
	size_t n;

	if (!rights || rights->cmsg_level != SOL_SOCKET || rights->cmsg_type != SCM_RIGHTS)
		return;
	n = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(rights) + i * sizeof(int), sizeof(fd));
		if (i == 0)
			*ret_fd = fd;
		else
			ins_close(fd);
	}
}

int ins_message_receive(int socket, struct ins_message *message, int *ret_fd, struct ins_error *err)
{
	union control control;
	struct iovec vector = { message, sizeof(*message) };
	struct msghdr header = { .msg_iov = &vector,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	do {
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	/* A peer that died with our words unread resets the connection: the same end. */
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return -EPIPE;
	if (n < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (n < 0)
		return ins_error_set(err, errno, "hear from the container process");
	*ret_fd = -1;
	take_fds(&header, ret_fd);
	if ((size_t)n != sizeof(*message) || message->type >= INS_MESSAGE_TYPES ||
		message->detail_size > sizeof(message->detail)) {
		*ret_fd = ins_close(*ret_fd);
		return ins_error_text(
			err, EPROTO, "the container process sent something that is no message");
	}
	return 0;
}
