/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a console socket: takes one terminal after the other, and copies what comes out
 * of it to a file until it has no more users.
 *
 *     receiver SOCKET FILE
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/rights.h"

static int receive_fd(int connection)
{
	char name[256];
	int fd = -1;

	(void)ins_rights_receive(connection, name, sizeof(name), &fd);
	return fd;
}

/* EIO is the end: nobody has the other side open. As a created container's program is not there
 * yet, but its init is, that comes when all is over. */
static void copy(int terminal, int output)
{
	char buffer[4096];
	ssize_t n;

	while ((n = read(terminal, buffer, sizeof(buffer))) > 0) {
		if (write(output, buffer, (size_t)n) < 0)
			return;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	strcpy(address.sun_path, argv[1]);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, 8) < 0) {
		perror("receiver");
		return 1;
	}
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		int terminal, output;

		if (connection < 0)
			return 1;
		/* A container that is not made after all sends nothing. */
		terminal = receive_fd(connection);
		close(connection);
		if (terminal < 0)
			continue;
		/* Appended: the test empties it between two containers. */
		output = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
		copy(terminal, output);
		close(output);
		close(terminal);
	}
}
