/* SPDX-License-Identifier: Apache-2.0 */
/* Handing the pty's master to whoever will serve it. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/rights.h"
#include "tty/tty.h"

/* A path that sun_path has no room for is reached through an fd of its directory. */
static int socket_address(
	const char *path, struct sockaddr_un *address, int *ret_dir, struct ins_error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *directory = NULL;
	int n;

	address->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(address->sun_path)) {
		strcpy(address->sun_path, path);
		return 0;
	}
	directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!directory)
		return ins_error_set(err, ENOMEM, "connect to %s", path);
	*ret_dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return ins_error_set(err, errno, "open %s", directory);
	n = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", *ret_dir,
		slash ? slash + 1 : path);
	if ((size_t)n >= sizeof(address->sun_path))
		return ins_error_set(err, ENAMETOOLONG, "connect to %s", path);
	return 0;
}

int ins_tty_connect(const char *path, struct ins_error *err)
{
	struct sockaddr_un address = { 0 };
	cleanup_fd int directory = -1;
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "make a socket");
	r = socket_address(path, &address, &directory, err);
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return ins_error_set(err, errno, "connect to %s", path);
	return TAKE_FD(fd);
}

int ins_tty_send(int socket, int fd, struct ins_error *err)
{
	char link[64], name[256];
	ssize_t n, r;

	/* Receivers take the text for the terminal's name; one without any would be no message. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, name, sizeof(name));
	if (n <= 0)
		return ins_error_set(err, n < 0 ? errno : EIO, "name an fd to be sent");
	r = ins_rights_send(socket, name, (size_t)n, &fd, 1, 0);
	if (r < 0)
		return ins_error_set(err, (int)-r, "send %.*s over a socket", (int)n, name);
	return 0;
}
