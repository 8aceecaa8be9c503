/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of seccomp: who answers them, and who waits for an answer. */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "probe.h"
#include "sys/rights.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

static int accept_listener(const char *path, char *text, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer, fd = -1;
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(server, 1) < 0)
		return -1;
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	n = ins_rights_receive(peer, text, size - 1, &fd);
	if (n <= 0 || fd < 0)
		return -1;
	for (size_t used = 0; n > 0; n = read(peer, text + used, size - 1 - used)) {
		used += (size_t)n;
		text[used] = '\0';
	}
	close(peer);
	close(server);
	return fd;
}

/* listen PATH CALL: take one notify descriptor, print the state that comes along; let every call
 * continue but CALL, which returns 4711. Ends with the last process under the filter. */
int probe_listen(char **argv)
{
	static char text[65536];
	int fd = accept_listener(argv[0], text, sizeof(text));
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	long number = probe_call_number(argv[1]);

	if (fd < 0)
		return probe_fail("listen");
	printf("%s\n", text);
	fflush(stdout);
	while (poll(&wait, 1, 20000) > 0 && !(wait.revents & POLLHUP)) {
		struct seccomp_notif ask = { 0 };
		struct seccomp_notif_resp answer = { 0 };

		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0)
			continue;
		answer.id = ask.id;
		if (ask.data.nr == number)
			answer.val = 4711;
		else
			answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	return 0;
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, text, strlen(text));

	close(fd);
	return n < 0 ? -1 : 0;
}

/* unfreezable PROCS FREEZE: go into the cgroup with the first file, and wait there for the answer to a
 * seccomp notification, which stops for nothing but SIGKILL. Then another process, that has stayed
 * outside, writes to the second. */
int probe_unfreezable(char **argv)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct seccomp_notif ask = { 0 };
	int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
		SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &filter);

	if (listener < 0)
		return probe_fail("seccomp");
	if (fork() != 0) {
		if (write_text(argv[0], "0") < 0)
			return probe_fail("enter");
		return (int)syscall(SYS_getppid);
	}
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0 || write_text(argv[1], "1") < 0)
		return probe_fail("freeze");
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
