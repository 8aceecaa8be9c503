/* SPDX-License-Identifier: Apache-2.0 */
/* The notify descriptor, from the container process to the one that listens. See seccomp.h. */
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "plan/message.h"
#include "seccomp/seccomp.h"
#include "sys/bare.h"
#include "sys/rights.h"

/* How long the child may take to load its filter; a loaded machine needs milliseconds. */
#define LOAD_SECONDS 10

/* How long the listening process may keep us from connecting and writing. */
#define SEND_SECONDS 10

/* Only a notify descriptor knows this request; it has no notification of this id. */
static bool is_notify_descriptor(int fd)
{
	uint64_t id = 0;

	return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0 || errno == ENOENT;
}

static int take_descriptor(struct ins_run *run, int number, struct ins_error *err)
{
	cleanup_fd int fd = (int)ins_sys(pidfd_getfd, run->pidfd, number, 0); /* Linux 5.6 */

	if (fd < 0)
		return ins_error_set(
			err, -fd, "take the seccomp notify descriptor from the container process");
	if (!is_notify_descriptor(fd))
		return ins_error_text(err, EPROTO,
			"the container process has no seccomp notify descriptor at %d", number);
	run->listener = TAKE_FD(fd);
	return 0;
}

int ins_seccomp_listener_fetch(struct ins_run *run, struct ins_error *err)
{
	/* The child makes no system call, so there is nothing to sleep on but its death. */
	const struct timespec pause = { .tv_nsec = 50000 };
	uint64_t end = ins_clock_now() + LOAD_SECONDS * INS_SECOND;
	bool dead = false;

	for (;;) {
		struct ins_exec_page page;
		struct pollfd process = { .fd = run->pidfd, .events = POLLIN };

		if (pread(run->page, &page, sizeof(page), 0) != (ssize_t)sizeof(page))
			return ins_error_set(err, EIO, "read the page of the container process");
		if (page.failed)
			return 0;
		if (dead)
			return ins_error_text(err, ESRCH,
				"the container process was killed as it loaded its seccomp filter");
		if (page.listener)
			return take_descriptor(run, (int)page.listener - 1, err);
		/* Look once more after the death: the reason may have been written meanwhile. */
		dead = ppoll(&process, 1, &pause, NULL) > 0;
		if (ins_clock_left(end) == 0)
			return ins_error_set(
				err, ETIMEDOUT, "wait for the seccomp notify descriptor");
	}
}

int ins_seccomp_listener_release(struct ins_run *run, struct ins_error *err)
{
	const uint32_t taken = 1;

	if (pwrite(run->page, &taken, sizeof(taken),
		    offsetof(struct ins_exec_page, listener_taken)) != (ssize_t)sizeof(taken))
		return ins_error_set(err, errno, "let the container process go on");
	return 0;
}

static int connect_to(const char *path, int *ret_fd, struct ins_error *err)
{
	/* Also bounds connect(2) of an AF_UNIX socket, which waits while the backlog is full. */
	const struct timeval patience = { .tv_sec = SEND_SECONDS };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	cleanup_fd int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return ins_error_set(err, ENAMETOOLONG, "connect to the seccomp listener %s", path);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return ins_error_set(err, errno, "make a socket for the seccomp listener");
	while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno != EINTR)
			return ins_error_set(
				err, errno, "connect to the seccomp listener %s", path);
	}
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int ins_seccomp_listener_send(
	const char *path, const char *state, int listener, struct ins_error *err)
{
	size_t size = strlen(state), n_fds = 1;
	cleanup_fd int fd = -1;
	int r = connect_to(path, &fd, err);

	if (r < 0)
		return r;
	/* A state larger than the socket's buffer goes in pieces, the descriptor with the first. */
	while (size > 0) {
		ssize_t n = ins_rights_send(fd, state, size, &listener, n_fds, 0);

		if (n < 0)
			return ins_error_set(err, (int)-n, "send to the seccomp listener %s", path);
		state += n;
		size -= (size_t)n;
		n_fds = 0;
	}
	return 0;
}
