/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper.h"
#include "text.h"

/* Without a guest it stays so long: for one that follows. */
#define GRACE_MS 3000

#define REQUEST_SIZE 256

/* Of one with --terminal: which descriptor the guest is. */
#define PIDFD 3

uint64_t keeper_now(void)
{
	struct timespec t;

	/* To call it in the vDSO would take a page of it, and what looks for it there. */
	(void)syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int watch(struct keeper *keeper, int fd, uint32_t events, enum source source, size_t number)
{
	struct epoll_event event = { .events = events,
		.data.u64 = (uint64_t)source << 32 | number };

	if (epoll_ctl(keeper->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return 0;
	return errno == EEXIST && epoll_ctl(keeper->epoll, EPOLL_CTL_MOD, fd, &event) == 0 ? 0
											   : -errno;
}

int keeper_watch(struct keeper *keeper, int fd, enum source source, size_t number)
{
	return watch(keeper, fd, EPOLLIN, source, number);
}

int keeper_watch_edges(struct keeper *keeper, int fd, enum source source, size_t number)
{
	return watch(keeper, fd, EPOLLIN | EPOLLET, source, number);
}

void keeper_unwatch(struct keeper *keeper, int fd)
{
	(void)epoll_ctl(keeper->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* By the directory's fd: sun_path is too short for a path. Return: a socket at that name in .keeper, −errno. */
static int make_socket(const struct keeper *keeper, const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char dir[NUMBER_SIZE];

	text_join(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/",
		text_number(dir, (uint64_t)keeper->dir), "/", name);
	(void)unlinkat(keeper->dir, name, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd;
}

static int open_directory(struct keeper *keeper)
{
	char *path = keeper->buffer;

	text_join(path, sizeof(keeper->buffer), keeper->root, "/.keeper");
	if ((mkdir(keeper->root, 0700) < 0 && errno != EEXIST) ||
		(mkdir(path, 0700) < 0 && errno != EEXIST))
		return -errno;
	keeper->dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return keeper->dir < 0 ? -errno : 0;
}

/* Return: 0; −EWOULDBLOCK: another one runs; −errno. */
static int take_directory(struct keeper *keeper)
{
	int r = open_directory(keeper);

	if (r < 0)
		return r;
	if ((mkdirat(keeper->dir, "guests", 0700) < 0 && errno != EEXIST) ||
		(mkdirat(keeper->dir, "output", 0700) < 0 && errno != EEXIST))
		return -errno;
	if (keeper->lock >= 0)
		return fcntl(keeper->lock, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
	keeper->lock = openat(keeper->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (keeper->lock < 0 || flock(keeper->lock, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	return 0;
}

/* What requests come by, @name in .keeper, and signals. */
static int open_requests(struct keeper *keeper, const char *name)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	keeper->epoll = epoll_create1(EPOLL_CLOEXEC);
	keeper->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper->epoll < 0 || keeper->signals < 0)
		return -errno;
	keeper->listener = make_socket(keeper, name, SOCK_SEQPACKET);
	if (keeper->listener < 0)
		return keeper->listener;
	if (listen(keeper->listener, SOMAXCONN) < 0)
		return -errno;
	r = keeper_watch(keeper, keeper->signals, SOURCE_SIGNAL, 0);
	return r < 0 ? r : keeper_watch(keeper, keeper->listener, SOURCE_LISTENER, 0);
}

static int open_sources(struct keeper *keeper)
{
	const int one = 1;
	char pid[NUMBER_SIZE], dir[NUMBER_SIZE];
	int r;

	text_join(keeper->notify_path, sizeof(keeper->notify_path), "/proc/",
		text_number(pid, (uint64_t)getpid()), "/fd/",
		text_number(dir, (uint64_t)keeper->dir), "/notify");
	r = open_requests(keeper, "socket");
	if (r < 0)
		return r;
	keeper->notify = make_socket(keeper, "notify", SOCK_DGRAM);
	if (keeper->notify < 0)
		return keeper->notify;
	if (setsockopt(keeper->notify, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) < 0)
		return -errno;
	return keeper_watch(keeper, keeper->notify, SOURCE_NOTIFY, 0);
}

static int make_table(struct keeper *keeper)
{
	void *table = mmap(NULL, GUESTS_MAX * sizeof(*keeper->guests), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct rlimit files;

	if (table == MAP_FAILED)
		return -errno;
	keeper->guests = table;
	if (prlimit(0, RLIMIT_NOFILE, NULL, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)prlimit(0, RLIMIT_NOFILE, &files, NULL);
	}
	return 0;
}

static void accept_client(struct keeper *keeper)
{
	int client = accept4(keeper->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client >= 0 && keeper_watch(keeper, client, SOURCE_CLIENT, (size_t)client) < 0)
		close(client);
}

/* One packet is one request, and the only one of a connection. */
static void read_client(struct keeper *keeper, int client)
{
	char request[REQUEST_SIZE];
	ssize_t n = recv(client, request, sizeof(request) - 1, MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	keeper_unwatch(keeper, client);
	if (n <= 0) {
		close(client);
		return;
	}
	request[n] = '\0';
	guests_request(keeper, client, request);
}

/* Return: we are to end. The guests are left as they are. */
static bool read_signals(struct keeper *keeper)
{
	struct signalfd_siginfo info;
	bool is_over = false;

	while (read(keeper->signals, &info, sizeof(info)) == sizeof(info))
		is_over = is_over || info.ssi_signo == SIGTERM;
	guests_notice(keeper);
	/* It may have been the guard who has ended. */
	if (keeper->terminals > 0)
		guard_begin(keeper);
	return is_over;
}

static bool handle(struct keeper *keeper, uint64_t which)
{
	size_t number = (uint32_t)which;
	struct guest *guest = &keeper->guests[number];

	switch ((enum source)(which >> 32)) {
	case SOURCE_LISTENER:
		accept_client(keeper);
		break;
	case SOURCE_NOTIFY:
		guests_notice(keeper);
		break;
	case SOURCE_SIGNAL:
		return read_signals(keeper);
	case SOURCE_CLIENT:
		read_client(keeper, (int)number);
		break;
	case SOURCE_END:
		if (keeper->is_alone) {
			console_end(keeper, guest);
			return true;
		}
		if (guest->state == STATE_RUNNING && guest->pidfd >= 0)
			guests_end(keeper, guest);
		break;
	case SOURCE_OUTPUT:
		if (guest->state != STATE_FREE && guest->fifo >= 0)
			(void)output_take(keeper, guest);
		break;
	case SOURCE_TERMINAL:
		if (guest->state != STATE_FREE && guest->terminal >= 0)
			console_take(keeper, guest);
		break;
	case SOURCE_ATTACHED:
		console_leave(keeper, (int)number);
		break;
	}
	return false;
}

/* One event at a time: what it changes is what the next one is of. */
static void keep(struct keeper *keeper)
{
	for (;;) {
		struct epoll_event event;
		int64_t next = guests_wake(keeper);
		bool any = guests_any(keeper);
		int timeout = !any ? GRACE_MS : next < 0 ? -1 : (int)(next / 1000000 + 1);
		int n = epoll_wait(keeper->epoll, &event, 1, timeout);

		if (n > 0 && handle(keeper, event.data.u64))
			return;
		if ((n == 0 && !any) || (n < 0 && errno != EINTR))
			return;
	}
}

/* Who has started us waits until we can be asked. What watches a signalfd belongs to the process that has put it into
 * epoll: so the fork comes first. Return: in the child, where to tell that; −errno. */
static int leave(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	int ready[2], status;
	long pid;
	char byte;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	/* fork(2), without what the C library has to prepare for it. */
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		return -errno;
	if (pid > 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) == 1)
			_exit(0);
		_exit(waitpid((pid_t)pid, &status, 0) == pid && WIFEXITED(status)
				? WEXITSTATUS(status)
				: EIO);
	}
	close(ready[0]);
	setsid();
	return ready[1];
}

/* Nothing of the caller's is held but, for one that is alone, where its output goes. */
static void stay(const struct keeper *keeper, int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (chdir("/") < 0 || null < 0 || write(ready, "", 1) != 1)
		_exit(EIO);
	for (int fd = 0; fd <= (keeper->is_alone ? 0 : 2); fd++)
		dup2(null, fd);
	close(null);
	close(ready);
}

/* The master is one of ours, and not standard input, which all have. */
static int serve_terminal(struct keeper *keeper, const char *name)
{
	int master = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, PIDFD + 1), ready = -1;
	char path[sizeof("terminals/") + NAME_SIZE];
	int r = open_directory(keeper);

	if (master < 0 || strlen(name) >= NAME_SIZE)
		r = -EINVAL;
	text_join(path, sizeof(path), "terminals/", name);
	if (r == 0 && mkdirat(keeper->dir, "terminals", 0700) < 0 && errno != EEXIST)
		r = -errno;
	if (r == 0)
		r = ready = leave();
	if (r >= 0)
		r = make_table(keeper);
	if (r == 0)
		r = open_requests(keeper, path);
	if (r == 0)
		r = guests_serve(keeper, name, master, PIDFD);
	if (r < 0)
		return -r;
	/* A journal that has gone takes no terminal along. */
	(void)signal(SIGPIPE, SIG_IGN);
	stay(keeper, ready);
	keep(keeper);
	(void)unlinkat(keeper->dir, path, 0);
	return 0;
}

/* The exit status is an errno: insula has the words. */
int main(int argc, char **argv)
{
	static const char usage[] = "usage: insula-keeper STATE-DIRECTORY LIBRARY INSULA\n";
	struct keeper keeper = { .lock = -1, .guard = -1, .notify = -1 };
	bool is_heir = argc == 5;
	int r, ready = -1;

	umask(0077);
	if (argc == 4 && !strcmp(argv[1], "--terminal")) {
		keeper.is_alone = true;
		keeper.root = argv[2];
		return serve_terminal(&keeper, argv[3]);
	}
	if (argc != 4 && !is_heir) {
		(void)!write(STDERR_FILENO, usage, sizeof(usage) - 1);
		return EINVAL;
	}
	keeper.own = argv[0];
	keeper.root = argv[1];
	keeper.library = argv[2];
	keeper.program = argv[3];
	if (is_heir)
		keeper.lock = atoi(argv[4]);
	r = take_directory(&keeper);
	if (r == -EWOULDBLOCK)
		return 0;
	if (r == 0 && !is_heir)
		r = ready = leave();
	if (r >= 0)
		r = make_table(&keeper);
	if (r == 0)
		r = open_sources(&keeper);
	if (r < 0)
		return -r;
	if (!is_heir)
		stay(&keeper, ready);
	guests_adopt(&keeper);
	keep(&keeper);
	/* Before the lock is given back, which is at our end: the socket is not a next keeper's yet. */
	(void)unlinkat(keeper.dir, "socket", 0);
	return 0;
}
