/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/errno.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* The kernel's struct msghdr and cmsghdr of 64-bit machines; <sys/socket.h> belongs to the C library. */
struct vector {
	void *base;
	size_t size;
};

struct header {
	void *name;
	int name_size;
	struct vector *vectors;
	size_t n_vectors;
	void *control;
	size_t control_size;
	unsigned int flags;
};

struct rights {
	size_t size;
	int level, type;
	int fds[INS_MESSAGE_FDS];
};

#define RIGHTS_SIZE(n)   (offsetof(struct rights, fds) + (n) * sizeof(int))
#define SOL_SOCKET_LEVEL 1
#define SCM_RIGHTS_TYPE  1
#define MSG_NOSIGNAL     0x4000
#define MSG_CMSG_CLOEXEC 0x40000000

int ins_child_detail(struct ins_child *child, const char *text, int code)
{
	size_t n = ins_text_length(text);

	if (n > sizeof(child->detail))
		n = sizeof(child->detail);
	memcpy(child->detail, text, n);
	child->detail_size = (uint32_t)n;
	child->detail_kind = INS_DETAIL_TEXT;
	return code;
}

int ins_child_send(struct ins_child *child, struct ins_message *message, int fd)
{
	struct rights rights = { .size = RIGHTS_SIZE(1),
		.level = SOL_SOCKET_LEVEL,
		.type = SCM_RIGHTS_TYPE,
		.fds = { fd } };
	struct vector vector = { message, sizeof(*message) };
	struct header header = { .vectors = &vector, .n_vectors = 1 };
	long result;

	if (fd >= 0) {
		header.control = &rights;
		header.control_size = RIGHTS_SIZE(1);
	}
	do {
		result = ins_sys(sendmsg, child->socket, &header, MSG_NOSIGNAL);
	} while (result == -EINTR);
	return result < 0 ? (int)result : 0;
}

int ins_child_receive(
	struct ins_child *child, struct ins_message *message, int *fds, unsigned int max_fds)
{
	struct rights rights;
	struct vector vector = { message, sizeof(*message) };
	struct header header = { .vectors = &vector,
		.n_vectors = 1,
		.control = &rights,
		.control_size = sizeof(rights) };
	unsigned int n = 0;
	long result;

	do {
		result = ins_sys(recvmsg, child->socket, &header, MSG_CMSG_CLOEXEC);
	} while (result == -EINTR);
	if (result < 0)
		return (int)result;
	if (header.control_size >= RIGHTS_SIZE(1) && rights.type == SCM_RIGHTS_TYPE)
		n = (unsigned int)((rights.size - RIGHTS_SIZE(0)) / sizeof(int));
	for (unsigned int i = 0; i < n; i++) {
		if (i < max_fds)
			fds[i] = rights.fds[i];
		else
			(void)ins_sys(close, rights.fds[i]);
	}
	if (result == 0)
		return -EPIPE;
	if (result != sizeof(*message))
		return -EPROTO;
	return (int)(n < max_fds ? n : max_fds);
}
