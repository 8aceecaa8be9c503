/* SPDX-License-Identifier: Apache-2.0 */
/* What a service does: it tells its supervisor that it is ready, and is handed a socket. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"
#include "sys/rights.h"

/* Until all that was sent before has been read: systemd asks whose a message is only then, and of one who has ended
 * it gets no answer (sd_notify_barrier(3)). */
static int wait_for_reader(int socket)
{
	struct pollfd closed = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return probe_fail("pipe");
	if (ins_rights_send(socket, "BARRIER=1", strlen("BARRIER=1"), &ends[1], 1, 0) < 0)
		return probe_fail("barrier");
	close(ends[1]);
	closed.fd = ends[0];
	return poll(&closed, 1, 60000) == 1 ? 0 : probe_fail("barrier");
}

/* notify TEXT: to NOTIFY_SOCKET, which is a path. */
int probe_notify(char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || strlen(path) >= sizeof(address.sun_path)) {
		printf("notify: no path\n");
		return 1;
	}
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		send(fd, argv[0], strlen(argv[0]), 0) < 0)
		return probe_fail("notify");
	return wait_for_reader(fd);
}

/* door TEXT: who connects to the listening socket that is fd 3 is told this. */
int probe_door(char **argv)
{
	for (;;) {
		int fd = accept(3, NULL, NULL);

		if (fd < 0 || write(fd, argv[0], strlen(argv[0])) < 0)
			return probe_fail("door");
		close(fd);
	}
}
