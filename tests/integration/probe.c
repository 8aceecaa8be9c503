/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the integration tests do inside containers, or beside them, and busybox cannot: raw system
 * calls, attacks that need a tight loop, a listener for seccomp notifications. Linked statically,
 * so that it runs in any root file system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

static int fail(const char *what)
{
	printf("%s: %s\n", what, strerrorname_np(errno));
	return 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* fds: all numbers that are open, in one line. */
static int list_fds(char **argv)
{
	(void)argv;
	for (int fd = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%s%d", fd ? " " : "", fd);
	}
	printf("\n");
	return 0;
}

static const struct {
	const char *name;
	long number;
} calls[] = {
#define CALL(name)                \
	{                         \
#name, SYS_##name \
	}
	CALL(add_key),
	CALL(chroot),
	CALL(clone),
	CALL(close),
	CALL(connect),
	CALL(dup),
	CALL(getegid),
	CALL(getgid),
	CALL(getpgid),
	CALL(getppid),
	CALL(getpriority),
	CALL(getsid),
	CALL(getuid),
	CALL(ioprio_get),
	CALL(keyctl),
	CALL(kill),
	CALL(mkdirat),
	CALL(mount),
	CALL(personality),
	CALL(prctl),
	CALL(ptrace),
	CALL(sched_getscheduler),
	CALL(setgroups),
	CALL(sethostname),
	CALL(setns),
	CALL(setuid),
	CALL(socket),
	CALL(sync),
	CALL(umask),
	CALL(umount2),
	CALL(unshare),
#undef CALL
};

/* call NAME ARGS…: a system call with numbers, or texts by address; prints its result. */
static int call(char **argv)
{
	long number = -1, values[6] = { 0 }, result;

	for (size_t i = 0; argv[0] && i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, argv[0]) == 0)
			number = calls[i].number;
	}
	if (number < 0) {
		printf("no such call\n");
		return 2;
	}
	for (int i = 0; i < 6 && argv[i + 1]; i++) {
		char *end;

		values[i] = strtol(argv[i + 1], &end, 0);
		if (*end)
			values[i] = (long)argv[i + 1];
	}
	result = syscall(number, values[0], values[1], values[2], values[3], values[4], values[5]);
	if (result < 0)
		return fail(argv[0]);
	printf("%s: %ld\n", argv[0], result);
	return 0;
}

/* call32 NUMBER: by the 32-bit entry, with its numbers. */
static int call32(char **argv)
{
#if defined(__x86_64__)
	long result = strtol(argv[0], NULL, 0);

	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0), "c"(0), "d"(0) : "memory");
	if (result < 0) {
		errno = (int)-result;
		return fail("call32");
	}
	printf("call32: %ld\n", result);
	return 0;
#else
	(void)argv;
	printf("there is no such entry on this machine\n");
	return 2;
#endif
}

/* tiocsti: put a character into the terminal's input, as if typed. */
static int type_character(char **argv)
{
	(void)argv;
	if (ioctl(0, TIOCSTI, "x") < 0)
		return fail("tiocsti");
	printf("tiocsti: done\n");
	return 0;
}

/* exchange SECONDS A B: swap two names all the time. */
static int exchange(char **argv)
{
	double end = now() + atof(argv[0]);

	while (now() < end) {
		if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) < 0)
			return fail("exchange");
	}
	return 0;
}

static bool is_init(const char *pid)
{
	char path[64], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return strstr(target, "insula") != NULL;
}

/* Whether a process can be traced that still is insula's. Whoever is stopped by us stays what it
 * is, so that it can be looked at in peace. */
static bool try_trace(pid_t pid, const char *name)
{
	int status;
	bool found;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0) < 0)
		return false;
	ptrace(PTRACE_INTERRUPT, pid, 0, 0);
	waitpid(pid, &status, __WALL);
	found = is_init(name);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return found;
}

static bool try_files(const char *name)
{
	char path[64], target[256];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", name);
	dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		ssize_t n;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/fd/%.16s", name, e->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = found || strstr(target, "insula");
	}
	if (dir)
		closedir(dir);
	return found;
}

/* hunt SECONDS: try to trace, and to look into, processes of insula's that come in here. Prints
 * once what has been possible, and last how many processes were met. */
static int hunt(char **argv)
{
	double end = now() + atof(argv[0]);
	bool traced = false, looked = false, seen = false;
	pid_t self = getpid(), last = 0;
	long met = 0;

	printf("ready\n");
	fflush(stdout);
	while (now() < end) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			pid_t pid = atoi(e->d_name);

			if (pid <= 1 || pid == self)
				continue;
			met += pid != last;
			last = pid;
			seen = seen || is_init(e->d_name);
			looked = looked || try_files(e->d_name);
			traced = traced || try_trace(pid, e->d_name);
		}
		if (dir)
			closedir(dir);
	}
	if (seen)
		printf("saw the executable\n");
	if (looked)
		printf("saw the open files\n");
	if (traced)
		printf("traced\n");
	printf("met %s\n", met > 3 ? "many" : "few");
	return 0;
}

/* A descriptor for reading is no harm, but through it the file can be opened for writing as soon
 * as nobody executes it any more (CVE-2019-5736). */
static void overwrite(int fd, double end)
{
	char path[64], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	while (now() < end) {
		int writable = open(path, O_WRONLY | O_CLOEXEC);

		if (writable >= 0 && write(writable, "#!", 2) == 2) {
			printf("wrote to %s\n", target);
			exit(1);
		}
		if (writable < 0 && errno != ETXTBSY)
			break;
		close(writable);
	}
	printf("did not write to %s\n", target);
}

/* grab SECONDS: open /proc/PID/exe of whoever comes in, and write to it. */
static int grab(char **argv)
{
	double end = now() + atof(argv[0]);
	pid_t self = getpid();
	int taken = 0;

	printf("ready\n");
	fflush(stdout);
	while (now() < end && taken < 8) {
		DIR *dir = opendir("/proc");

		for (struct dirent *e; dir && (e = readdir(dir));) {
			char path[64];
			int fd;

			if (atoi(e->d_name) <= 1 || atoi(e->d_name) == self)
				continue;
			snprintf(path, sizeof(path), "/proc/%.16s/exe", e->d_name);
			fd = is_init(e->d_name) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
			if (fd < 0)
				continue;
			taken++;
			overwrite(fd, now() + 0.2);
			close(fd);
		}
		if (dir)
			closedir(dir);
	}
	printf("grabbed %s\n", taken ? "some" : "none");
	return 0;
}

/* keyring NAME: keep a session keyring of that name, which everybody may find and use. */
static int lay_keyring(char **argv)
{
	long id = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, argv[0]);

	if (id < 0 || syscall(SYS_keyctl, KEYCTL_SETPERM, id, 0x3f3f3f3f) < 0)
		return fail("keyring");
	printf("keyctl: %ld\n", id);
	fflush(stdout);
	pause();
	return 0;
}

static int accept_listener(const char *path, char *text, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec rest = { text, size - 1 };
	struct msghdr header = { .msg_iov = &rest,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), peer, fd = -1;
	ssize_t n;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(server, 1) < 0)
		return -1;
	peer = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	n = recvmsg(peer, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0 || !CMSG_FIRSTHDR(&header))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
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
static int serve(char **argv)
{
	static char text[65536];
	int fd = accept_listener(argv[0], text, sizeof(text));
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	long number = -1;

	if (fd < 0)
		return fail("listen");
	printf("%s\n", text);
	fflush(stdout);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, argv[1]) == 0)
			number = calls[i].number;
	}
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

static int stay(void *data)
{
	(void)data;
	printf("ready\n");
	fflush(stdout);
	while (pause() < 0)
		continue;
	return 0;
}

/* headless: the first thread ends, another lives on. */
static int lose_head(char **argv)
{
	static char stack[65536] __attribute__((aligned(16)));

	(void)argv;
	if (clone(stay, stack + sizeof(stack),
		    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			    CLONE_SYSVSEM,
		    NULL) < 0)
		return fail("clone");
	(void)syscall(SYS_exit, 0);
	return 1;
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
static int wait_killable(char **argv)
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
		return fail("seccomp");
	if (fork() != 0) {
		if (write_text(argv[0], "0") < 0)
			return fail("enter");
		return (int)syscall(SYS_getppid);
	}
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &ask) < 0 || write_text(argv[1], "1") < 0)
		return fail("freeze");
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}

/* Until all that was sent before has been read: systemd asks whose a message is only then, and of one who has ended
 * it gets no answer (sd_notify_barrier(3)). */
static int wait_for_reader(int fd, struct sockaddr_un *address)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
			      .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS } };
	struct iovec text = { (char *)"BARRIER=1", strlen("BARRIER=1") };
	struct msghdr message = { .msg_name = address,
		.msg_namelen = sizeof(*address),
		.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct pollfd closed = { 0 };
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail("pipe");
	memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
	if (sendmsg(fd, &message, 0) < 0)
		return fail("barrier");
	close(ends[1]);
	closed.fd = ends[0];
	return poll(&closed, 1, 60000) == 1 ? 0 : fail("barrier");
}

/* notify TEXT: to NOTIFY_SOCKET, which is a path. */
static int tell(char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (!path || strlen(path) >= sizeof(address.sun_path)) {
		printf("notify: no path\n");
		return 1;
	}
	strcpy(address.sun_path, path);
	if (sendto(fd, argv[0], strlen(argv[0]), 0, (struct sockaddr *)&address, sizeof(address)) <
		0)
		return fail("notify");
	return wait_for_reader(fd, &address);
}

/* door TEXT: who connects to the listening socket that is fd 3 is told this. */
static int keep_door(char **argv)
{
	for (;;) {
		int fd = accept(3, NULL, NULL);

		if (fd < 0 || write(fd, argv[0], strlen(argv[0])) < 0)
			return fail("door");
		close(fd);
	}
}

/* queue: signals to itself, as many as it may have; tells how many, and keeps them. */
static int queue_signals(char **argv)
{
	const union sigval value = { 0 };
	sigset_t set;
	int n = 0;

	(void)argv;
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	while (n < 1 << 20 && sigqueue(getpid(), SIGRTMIN, value) == 0)
		n++;
	printf("%d\n", n);
	fflush(stdout);
	pause();
	return 0;
}

static const struct {
	const char *name;
	int n_arguments;
	int (*function)(char **argv);
} verbs[] = {
	{ "fds", 0, list_fds },
	{ "call", 1, call },
	{ "call32", 1, call32 },
	{ "tiocsti", 0, type_character },
	{ "exchange", 3, exchange },
	{ "hunt", 1, hunt },
	{ "grab", 1, grab },
	{ "keyring", 1, lay_keyring },
	{ "listen", 2, serve },
	{ "headless", 0, lose_head },
	{ "unfreezable", 2, wait_killable },
	{ "notify", 1, tell },
	{ "door", 1, keep_door },
	{ "queue", 0, queue_signals },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, argv[1]) == 0 && argc - 2 >= verbs[i].n_arguments)
			return verbs[i].function(argv + 2);
	}
	fprintf(stderr, "probe: wrong arguments\n");
	return 2;
}
