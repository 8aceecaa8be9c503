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
#include "sys/rights.h"

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
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t size;
	ssize_t r;
	cleanup_fd int socket_fd = -1;

	if (!path || !path[0])
		return 0;
	if (make_address(path, &address, &size) < 0)
		return ins_error_text(err, EINVAL, "NOTIFY_SOCKET is no address of a socket");
	socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (socket_fd < 0 || connect(socket_fd, (const struct sockaddr *)&address, size) < 0)
		return ins_error_set(err, errno, "tell who has started us (NOTIFY_SOCKET)");
	r = ins_rights_send(socket_fd, text, strlen(text), &fd, fd >= 0, 0);
	if (r < 0)
		return ins_error_set(err, (int)-r, "tell who has started us (NOTIFY_SOCKET)");
	return 0;
}
