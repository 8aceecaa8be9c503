/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/notify.h"

bool ins_notify_is_wanted(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && path[0];
}

const char *ins_notify_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (pid && strtol(pid, NULL, 10) != getpid())
		return NULL;
	return usec && usec[0] && !usec[strspn(usec, "0123456789")] ? usec : NULL;
}

/* An "@" in front stands for the zero byte of an abstract address. */
static int make_address(const char *path, struct sockaddr_un *address, socklen_t *size)
{
	size_t n = strlen(path);

	if (n >= sizeof(address->sun_path) || (path[0] != '/' && path[0] != '@'))
		return -EINVAL;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, path, n);
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (path[0] == '/'));
	return 0;
}

int ins_notify(const char *text, int fd, struct ins_error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	struct sockaddr_un address;
	struct iovec data = { (char *)text, strlen(text) };
	struct msghdr message = { .msg_name = &address, .msg_iov = &data, .msg_iovlen = 1 };
	cleanup_fd int socket_fd = -1;

	if (!ins_notify_is_wanted())
		return 0;
	if (make_address(getenv("NOTIFY_SOCKET"), &address, &message.msg_namelen) < 0)
		return ins_error_text(err, EINVAL, "NOTIFY_SOCKET is no address of a socket");
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0 || sendmsg(socket_fd, &message, MSG_NOSIGNAL) < 0)
		return ins_error_set(err, errno, "tell who has started us (NOTIFY_SOCKET)");
	return 0;
}
