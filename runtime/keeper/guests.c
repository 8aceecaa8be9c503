/* SPDX-License-Identifier: Apache-2.0 */
/* The guests: from a request to the end, and again. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper.h"
#include "text.h"

#define SECOND         1000000000ULL
#define DELAY_MAX      60 /* seconds */
#define RAN_WELL       (10 * SECOND)
#define EXIT_AGAIN     75 /* of `insula settle` */
#define ANSWER_SIZE    1024
#define ANSWER_RUNNING "is running already"

static struct guest *find(const struct keeper *keeper, const char *name)
{
	for (size_t i = 0; i < keeper->n; i++) {
		if (keeper->guests[i].state != STATE_FREE && !strcmp(keeper->guests[i].name, name))
			return &keeper->guests[i];
	}
	return NULL;
}

static struct guest *add(struct keeper *keeper, const char *name)
{
	size_t i = 0;

	while (i < keeper->n && keeper->guests[i].state != STATE_FREE)
		i++;
	if (i == GUESTS_MAX)
		return NULL;
	if (i == keeper->n)
		keeper->n++;
	keeper->guests[i] =
		(struct guest){ .pidfd = -1, .fifo = -1, .terminal = -1, .client = -1, .delay = 1 };
	memcpy(keeper->guests[i].name, name, strlen(name));
	return &keeper->guests[i];
}

/* A client that does not read is not waited for. */
static void answer(int client, int code, const char *name, const char *words)
{
	char text[ANSWER_SIZE], number[NUMBER_SIZE];
	size_t n = text_join(text, sizeof(text), text_number(number, (uint64_t)code),
		name ? " partition \"" : " ", name ? name : "", name ? "\" " : "", words);

	(void)send(client, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(client);
}

static void answer_guest(struct guest *guest, int code, const char *words)
{
	if (guest->client < 0)
		return;
	answer(guest->client, code, NULL, words);
	guest->client = -1;
}

static void forget(struct keeper *keeper, struct guest *guest)
{
	console_end(keeper, guest);
	/* What it has said last. Whoever else has been given its output may say more for ever. */
	if (guest->fifo >= 0) {
		for (int i = 0; i < TAKES_AT_END && output_take(keeper, guest); i++)
			;
		close(guest->fifo);
	}
	record_remove(keeper, guest);
	guest->state = STATE_FREE;
}

static void start(struct keeper *keeper, struct guest *guest)
{
	int r = output_open(keeper, guest);

	if (r == 0)
		r = guest->helper = helper_start(keeper, guest);
	if (r > 0) {
		guest->state = STATE_STARTING;
		return;
	}
	answer_guest(guest, -r, "insula-keeper could not execute insula");
	forget(keeper, guest);
}

static void wait_and_start(struct guest *guest)
{
	guest->state = STATE_WAITING;
	guest->due = keeper_now() + guest->delay * SECOND;
	guest->delay = guest->delay * 2 < DELAY_MAX ? guest->delay * 2 : DELAY_MAX;
}

static void settle(struct keeper *keeper, struct guest *guest)
{
	pid_t helper = helper_settle(keeper, guest);

	console_end(keeper, guest);
	guest->pid = 0;
	guest->state = STATE_SETTLING;
	if (helper > 0) {
		guest->helper = helper;
		return;
	}
	/* The next start of it clears up what is left. */
	answer_guest(guest, (int)-helper, "insula-keeper could not execute insula");
	forget(keeper, guest);
}

static void has_ended(struct keeper *keeper, struct guest *guest)
{
	if (keeper_now() - guest->since >= RAN_WELL)
		guest->delay = 1;
	settle(keeper, guest);
}

static void is_settled(struct keeper *keeper, struct guest *guest, bool again)
{
	guest->helper = 0;
	if (guest->client >= 0 && guest->is_start) {
		start(keeper, guest);
		return;
	}
	if (again && guest->client < 0) {
		wait_and_start(guest);
		return;
	}
	answer_guest(guest, 0, "");
	forget(keeper, guest);
}

/* The value of a line NAME=VALUE of a message; it ends with the line, in place. NULL: there is none. */
static char *take_value(char *message, const char *name)
{
	size_t n = strlen(name);
	char *line = message;

	while (line && strncmp(line, name, n)) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return line ? line + n : NULL;
}

/* @terminal: what came along, or −1; it is taken. */
static void is_told(struct keeper *keeper, struct guest *guest, char *message, int terminal)
{
	char *pid = take_value(message, "MAINPID="), *code = take_value(message, "ERRNO=");
	char *words = take_value(message, "STATUS=");

	if (pid && atoi(pid) > 0) {
		guest->pid = (pid_t)atoi(pid);
		guest->since = keeper_now();
	}
	if (terminal >= 0)
		console_begin(keeper, guest, terminal);
	if (guest->pid > 0)
		record_write(keeper, guest);
	if (take_value(message, "READY=1"))
		answer_guest(guest, 0, "");
	if (code && words) {
		int number = atoi(code);

		words[strcspn(words, "\n")] = '\0';
		answer_guest(guest, number > 0 ? number : EIO, words);
	}
}

/* What came with a message. Who tells is known by the kernel's word, and not by their own. */
static void read_control(struct msghdr *message, pid_t *ret_sender, int *ret_fd)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
		header = CMSG_NXTHDR(message, header)) {
		struct ucred sender;
		int fds[2]; /* alignment leaves room for a second one */
		size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(fds[0]);

		if (header->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&sender, CMSG_DATA(header), sizeof(sender));
			*ret_sender = sender.pid;
		} else if (header->cmsg_type == SCM_RIGHTS && n > 0 && n <= 2) {
			memcpy(fds, CMSG_DATA(header), n * sizeof(fds[0]));
			*ret_fd = fds[0];
			if (n == 2)
				close(fds[1]);
		}
	}
}

static struct guest *find_starting(const struct keeper *keeper, pid_t helper)
{
	for (size_t i = 0; i < keeper->n; i++) {
		if (keeper->guests[i].state == STATE_STARTING && keeper->guests[i].helper == helper)
			return &keeper->guests[i];
	}
	return NULL;
}

static void hear(struct keeper *keeper)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} control;
	char text[ANSWER_SIZE];
	struct iovec data = { text, sizeof(text) - 1 };

	for (;;) {
		struct msghdr message = { .msg_iov = &data,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(keeper->notify, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		struct guest *guest;
		pid_t sender = 0;
		int terminal = -1;

		if (n < 0)
			return;
		text[n] = '\0';
		read_control(&message, &sender, &terminal);
		guest = sender > 0 ? find_starting(keeper, sender) : NULL;
		if (guest)
			is_told(keeper, guest, text, terminal);
		else if (terminal >= 0)
			close(terminal);
	}
}

static void helper_has_ended(struct keeper *keeper, struct guest *guest, int status)
{
	if (guest->state == STATE_SETTLING) {
		is_settled(keeper, guest, WIFEXITED(status) && WEXITSTATUS(status) == EXIT_AGAIN);
		return;
	}
	guest->helper = 0;
	if (status == 0 && guest->pid > 0) {
		guest->state = STATE_RUNNING;
		return;
	}
	answer_guest(guest, EIO, "insula start has ended without a reason");
	guest->has_status = false;
	settle(keeper, guest);
}

static bool is_known(const struct keeper *keeper, pid_t pid)
{
	for (size_t i = 0; i < keeper->n; i++) {
		if (keeper->guests[i].pid == pid || keeper->guests[i].helper == pid)
			return true;
	}
	return false;
}

static bool is_starting(const struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->n; i++) {
		if (keeper->guests[i].state == STATE_STARTING)
			return true;
	}
	return false;
}

/* A guest whose start failed half-way is our child, too; as long as one is starting it may be its own, of which we
 * have not heard yet. */
static void reap_unknown(const struct keeper *keeper)
{
	siginfo_t info = { 0 };

	if (is_starting(keeper))
		return;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
		!is_known(keeper, info.si_pid)) {
		(void)waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

/* One by one: of a guest whose helper has not told us its pid yet nobody is to take the status away. */
void guests_notice(struct keeper *keeper)
{
	int status;

	hear(keeper);
	for (size_t i = 0; i < keeper->n; i++) {
		struct guest *guest = &keeper->guests[i];

		if (guest->helper > 0 && waitpid(guest->helper, &status, WNOHANG) > 0) {
			/* What it has said comes before its end. */
			hear(keeper);
			helper_has_ended(keeper, guest, status);
		}
		if (guest->state == STATE_RUNNING && guest->pidfd < 0 &&
			waitpid(guest->pid, &status, WNOHANG) > 0) {
			guest->status = status;
			guest->has_status = true;
			has_ended(keeper, guest);
		}
	}
	reap_unknown(keeper);
}

/* The first version of struct pidfd_info, for headers that are older than the kernel. */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t exit_code;
};

#define INFO_EXIT (1U << 3)
#define GET_INFO  _IOWR(0xFF, 11, struct exit_info)

/* Its new parent has reaped it (Linux 6.15), or has not yet: one of the two knows. */
void guests_end(struct keeper *keeper, struct guest *guest)
{
	struct exit_info info = { .mask = INFO_EXIT };

	guest->has_status = record_status(guest->pid, &guest->status);
	if (!guest->has_status && ioctl(guest->pidfd, GET_INFO, &info) == 0) {
		guest->has_status = info.mask & INFO_EXIT;
		guest->status = info.exit_code;
	}
	close(guest->pidfd);
	guest->pidfd = -1;
	has_ended(keeper, guest);
}

static void adopt(struct keeper *keeper, const char *name)
{
	struct guest *guest = strlen(name) < NAME_SIZE ? add(keeper, name) : NULL;
	int terminal = -1;

	if (!guest)
		return;
	guest->pidfd = record_read(keeper, name, &guest->pid, &terminal);
	terminal = guard_claim(terminal);
	if (terminal >= 0)
		console_begin(keeper, guest, terminal);
	guest->since = keeper_now();
	guest->state = STATE_RUNNING;
	(void)output_open(keeper, guest);
	if (guest->pidfd >= 0 && keeper_watch(keeper, guest->pidfd, SOURCE_END,
					 (size_t)(guest - keeper->guests)) == 0)
		return;
	settle(keeper, guest);
}

void guests_adopt(struct keeper *keeper)
{
	struct directory guests = {
		.fd = openat(keeper->dir, "guests", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	};
	const char *name;

	while (guests.fd >= 0 && (name = directory_next(&guests))) {
		if (name[0] != '.')
			adopt(keeper, name);
	}
	if (guests.fd >= 0)
		close(guests.fd);
	guard_close_unclaimed();
}

int guests_serve(struct keeper *keeper, const char *name, int master, int pidfd)
{
	struct guest *guest = add(keeper, name);

	guest->state = STATE_RUNNING;
	guest->pidfd = pidfd;
	console_begin(keeper, guest, master);
	if (guest->terminal < 0)
		return -EIO;
	return keeper_watch(keeper, pidfd, SOURCE_END, (size_t)(guest - keeper->guests));
}

static void request_start(struct keeper *keeper, int client, const char *name)
{
	struct guest *guest = find(keeper, name);

	if (!guest)
		guest = add(keeper, name);
	if (!guest) {
		answer(client, ENOSPC, name, "is one more than insula-keeper can keep");
		return;
	}
	if (guest->state == STATE_RUNNING) {
		answer(client, EALREADY, name, ANSWER_RUNNING);
		return;
	}
	if (guest->state == STATE_STARTING || guest->client >= 0) {
		answer(client, EAGAIN, name, "is being started");
		return;
	}
	guest->client = client;
	guest->is_start = true;
	if (guest->state != STATE_SETTLING)
		start(keeper, guest);
}

/* Has its process ended, though nobody has noticed yet? Of a child guests_notice() would have. */
static bool is_at_end(const struct guest *guest)
{
	struct pollfd end = { guest->pidfd, POLLIN, 0 };

	return guest->pidfd >= 0 && poll(&end, 1, 0) > 0;
}

static void request_stop(struct keeper *keeper, int client, const char *name)
{
	struct guest *guest = find(keeper, name);

	if (guest && guest->state == STATE_WAITING) {
		forget(keeper, guest);
		guest = NULL;
	}
	if (!guest) {
		answer(client, 0, NULL, "");
	} else if (guest->state == STATE_STARTING || guest->client >= 0) {
		answer(client, EAGAIN, name, "is being started");
	} else if (guest->state == STATE_RUNNING && !is_at_end(guest)) {
		/* Who asks has ended the run before this one; somebody else has started it again meanwhile. */
		answer(client, 0, NULL, "");
	} else {
		guest->client = client;
		guest->is_start = false;
	}
}

static void request_attach(struct keeper *keeper, int client, const char *name)
{
	const struct guest *guest = find(keeper, name);
	int r;

	if (guest && guest->state == STATE_STARTING) {
		answer(client, EAGAIN, name, "is being started");
		return;
	}
	if (!guest || guest->terminal < 0) {
		answer(client, ENOTTY, name,
			"has no terminal now: it gets one when it is started (`insula restart`)");
		return;
	}
	r = console_attach(keeper, guest, client);
	if (r < 0)
		answer(client, -r, name, "has a terminal that insula-keeper cannot lead to");
}

/* It becomes a part of paths. */
static bool is_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < NAME_SIZE;
}

void guests_request(struct keeper *keeper, int client, const char *request)
{
	const char *name = strchr(request, ' ');

	guests_notice(keeper);
	if (name && is_name(name + 1) && !strncmp(request, "start ", 6))
		request_start(keeper, client, name + 1);
	else if (name && is_name(name + 1) && !strncmp(request, "stop ", 5))
		request_stop(keeper, client, name + 1);
	else if (name && is_name(name + 1) && !strncmp(request, "attach ", 7))
		request_attach(keeper, client, name + 1);
	else
		answer(client, EINVAL, NULL, "insula-keeper does not know this request");
}

int64_t guests_wake(struct keeper *keeper)
{
	uint64_t now = keeper_now();
	int64_t next = -1;

	for (size_t i = 0; i < keeper->n; i++) {
		struct guest *guest = &keeper->guests[i];

		if (guest->state != STATE_WAITING)
			continue;
		if (guest->due <= now)
			start(keeper, guest);
		else if (next < 0 || (int64_t)(guest->due - now) < next)
			next = (int64_t)(guest->due - now);
	}
	return next;
}

bool guests_any(const struct keeper *keeper)
{
	for (size_t i = 0; i < keeper->n; i++) {
		if (keeper->guests[i].state != STATE_FREE)
			return true;
	}
	return false;
}
