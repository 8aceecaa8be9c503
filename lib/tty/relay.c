/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal in the foreground: the caller's and the container's, copied to each other. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "sys/bare.h"
#include "tty/tty.h"

#define BUFFER_SIZE 8192

/* While nobody has the other side open, poll would come back at once: look again after this. */
#define HUNG_UP_PAUSE_MS 100

struct relay {
	int master, pidfd, signals;
	int resized; /* signalfd of SIGWINCH */
	bool input_ended;
	size_t used, sent; /* of input: read from the caller, written to the master */
	char input[BUFFER_SIZE];
	struct ins_tty_raw raw;
	sigset_t mask; /* the caller's */
};

static void copy_size(const struct relay *relay)
{
	struct winsize size;

	if (ins_tty_caller_size(&size))
		(void)ioctl(relay->master, TIOCSWINSZ, &size);
}

static int relay_begin(struct relay *relay, struct ins_error *err)
{
	int flags = fcntl(relay->master, F_GETFL);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, &relay->mask);
	relay->resized = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (relay->resized < 0)
		return ins_error_set(err, errno, "make a signalfd");
	if (flags < 0 || fcntl(relay->master, F_SETFL, flags | O_NONBLOCK) < 0)
		return ins_error_set(err, errno, "make the terminal non-blocking");
	copy_size(relay);
	return ins_tty_raw_set(&relay->raw, err);
}

static void relay_end(struct relay *relay)
{
	ins_tty_raw_undo(&relay->raw);
	ins_close(relay->resized);
	sigprocmask(SIG_SETMASK, &relay->mask, NULL);
}

/* Return: 1 if there may be more, 0 if there is none now, or −errno. */
static int copy_output(struct relay *relay, struct ins_error *err)
{
	char buffer[BUFFER_SIZE];
	ssize_t n = read(relay->master, buffer, sizeof(buffer));
	int r;

	if (n < 0 && errno == EINTR)
		return 1;
	/* EIO: nobody has the other side open (any more, or yet). */
	if (n == 0 || (n < 0 && (errno == EAGAIN || errno == EIO)))
		return 0;
	if (n < 0)
		return ins_error_set(err, errno, "read from the container's terminal");
	r = ins_tty_write(buffer, (size_t)n, err);
	return r < 0 ? r : 1;
}

static void take_input(struct relay *relay)
{
	ssize_t n = read(STDIN_FILENO, relay->input, sizeof(relay->input));

	relay->sent = 0;
	relay->used = n > 0 ? (size_t)n : 0;
	/* An error is an end too: the caller's terminal has hung up. */
	relay->input_ended = n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
}

static void pass_input(struct relay *relay)
{
	ssize_t n = write(relay->master, relay->input + relay->sent, relay->used - relay->sent);

	if (n > 0)
		relay->sent += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		relay->sent = relay->used;
}

static void pass_signals(const struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(relay->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		(void)ins_sys(pidfd_send_signal, relay->pidfd, (int)info.ssi_signo, NULL, 0);
	while (read(relay->resized, &info, sizeof(info)) == (ssize_t)sizeof(info))
		copy_size(relay);
}

/* Until the process has ended and the pty is empty. */
static int relay_run(struct relay *relay, struct ins_error *err)
{
	enum { MASTER, PROCESS, SIGNALS, RESIZED, INPUT, WAITS };
	bool hung_up = false;

	for (;;) {
		bool pending = relay->sent < relay->used;
		struct pollfd waits[WAITS] = {
			[MASTER] = { hung_up && !pending ? -1 : relay->master,
				(short)((hung_up ? 0 : POLLIN) | (pending ? POLLOUT : 0)), 0 },
			[PROCESS] = { relay->pidfd, POLLIN, 0 },
			[SIGNALS] = { relay->signals, POLLIN, 0 },
			[RESIZED] = { relay->resized, POLLIN, 0 },
			[INPUT] = { relay->input_ended || pending ? -1 : STDIN_FILENO, POLLIN, 0 },
		};
		int r = 0;

		if (poll(waits, WAITS, hung_up ? HUNG_UP_PAUSE_MS : -1) < 0) {
			if (errno == EINTR)
				continue;
			return ins_error_set(err, errno, "wait for the container's terminal");
		}
		if (waits[SIGNALS].revents || waits[RESIZED].revents)
			pass_signals(relay);
		if (waits[INPUT].revents)
			take_input(relay);
		if (waits[MASTER].revents & POLLOUT)
			pass_input(relay);
		if (waits[MASTER].revents & (POLLIN | POLLHUP | POLLERR))
			r = copy_output(relay, err);
		if (r < 0)
			return r;
		hung_up = waits[MASTER].revents & (POLLHUP | POLLERR) && r == 0;
		if (hung_up)
			relay->sent = relay->used;
		if (waits[PROCESS].revents) {
			do {
				r = copy_output(relay, err);
			} while (r > 0);
			return r;
		}
	}
}

int ins_tty_relay(int master, int pidfd, int signals, struct ins_error *err)
{
	struct relay relay = {
		.master = master, .pidfd = pidfd, .signals = signals, .resized = -1
	};
	int r = relay_begin(&relay, err);

	if (r == 0)
		r = relay_run(&relay, err);
	relay_end(&relay);
	return r;
}
