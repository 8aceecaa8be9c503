/* SPDX-License-Identifier: Apache-2.0 */
/* A partition's terminal, and the caller's joined to it. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "guest/record.h"
#include "partition/console.h"
#include "partition/keeper.h"
#include "partition/partition.h"
#include "partition/supervisor.h"
#include "tty/tty.h"

/* As much as insula-keeper sends at once. */
#define BUFFER_SIZE 8192

/* What is no person's terminal leaves when nothing has been said for so long. */
#define QUIET_MS 1000

struct relay {
	const struct ins_console *console;
	int resized, ended; /* signalfds; what is in the second is never read */
	bool is_person;     /* the input is a terminal */
	bool input_ended;
	size_t used, sent; /* of input: read from the caller, written to the terminal */
	char input[BUFFER_SIZE];
	struct ins_escape escape;
	struct ins_tty_raw raw;
	sigset_t mask; /* the caller's */
};

bool ins_escape_take(struct ins_escape *escape, const char *typed, size_t n, uint64_t now)
{
	for (size_t i = 0; i < n; i++) {
		if (typed[i] != INS_ESCAPE_KEY) {
			escape->pressed = 0;
			continue;
		}
		if (escape->pressed == 0 || now - escape->first > INS_ESCAPE_NS) {
			escape->pressed = 0;
			escape->first = now;
		}
		if (++escape->pressed == INS_ESCAPE_TIMES)
			return true;
	}
	return false;
}

/* The one that runs now, whatever its definition has become meanwhile. */
static bool has_terminal(const struct ins_partition *partition)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	bool is_there = false;
	json_t *process;

	if (ins_store_open(partition->context, partition->name, INS_LOCK_NONE, false, &store,
		    &ignored) < 0)
		return false;
	process = store.record.process_json ? json_loads(store.record.process_json, 0, NULL) : NULL;
	is_there = json_is_true(json_object_get(process, "terminal"));
	json_decref(process);
	ins_store_close(&store);
	return is_there;
}

static int check(const struct ins_partition *partition, struct ins_error *err)
{
	const char *name = partition->name;
	enum ins_status status;
	int r = ins_partition_status(partition, &status, NULL, err);

	if (r < 0)
		return r;
	if (status == INS_STATUS_STOPPED)
		return ins_error_text(err, ESRCH,
			"partition \"%s\" does not run, and has a terminal only then: `insula "
			"start %s`",
			name, name);
	if (!has_terminal(partition))
		return ins_error_text(err, ENOTTY,
			"partition \"%s\" has no terminal: `insula set %s --terminal` and `insula "
			"restart %s` give it one; `insula enter %s` opens a shell in it without",
			name, name, name, name);
	return 0;
}

int ins_console_open(struct ins_context *context, const char *name, struct ins_console *ret_console,
	struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_LOOK, &partition, err);

	if (r == 0)
		r = check(&partition, err);
	return r < 0 ? r : ins_keeper_attach(context, name, ret_console, err);
}

void ins_console_close(struct ins_console *console)
{
	console->output = ins_close(console->output);
	console->terminal = ins_close(console->terminal);
}

static void copy_size(const struct relay *relay)
{
	struct winsize size;

	if (ins_tty_caller_size(&size))
		(void)ioctl(relay->console->terminal, TIOCSWINSZ, &size);
}

static int watch_signals(struct relay *relay, struct ins_error *err)
{
	static const int ends[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	sigset_t resized, ended, blocked;

	sigemptyset(&resized);
	sigaddset(&resized, SIGWINCH);
	sigemptyset(&ended);
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
		sigaddset(&ended, ends[i]);
	sigorset(&blocked, &resized, &ended);
	/* A reader of ours that has gone is an error of the write, and not our death with a raw terminal. */
	sigaddset(&blocked, SIGPIPE);
	sigprocmask(SIG_BLOCK, &blocked, &relay->mask);
	relay->resized = signalfd(-1, &resized, SFD_CLOEXEC | SFD_NONBLOCK);
	relay->ended = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);
	return relay->resized < 0 || relay->ended < 0 ? ins_error_set(err, errno, "make a signalfd")
						      : 0;
}

static void release(struct relay *relay)
{
	ins_tty_raw_undo(&relay->raw);
	ins_close(relay->resized);
	ins_close(relay->ended);
	/* What has ended us is delivered here. */
	sigprocmask(SIG_SETMASK, &relay->mask, NULL);
}

/* Return: 1 if it goes on, 0 at the end, −errno. */
static int copy_output(const struct relay *relay, struct ins_error *err)
{
	char buffer[BUFFER_SIZE];
	ssize_t n = recv(relay->console->output, buffer, sizeof(buffer), MSG_DONTWAIT);
	int r;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	if (n <= 0)
		return 0;
	r = ins_tty_write(buffer, (size_t)n, err);
	return r < 0 ? r : 1;
}

/* Return: a person wants to leave. */
static bool take_input(struct relay *relay)
{
	ssize_t n;

	/* What a person types is looked at also while the partition takes nothing: as with a line that is too long
	 * for a terminal, it is lost. */
	if (relay->used == sizeof(relay->input))
		relay->used = relay->sent = 0;
	n = read(STDIN_FILENO, relay->input + relay->used, sizeof(relay->input) - relay->used);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	/* An error is an end too: the caller's terminal has hung up. */
	if (n <= 0) {
		relay->input_ended = true;
		return false;
	}
	relay->used += (size_t)n;
	return relay->is_person && ins_escape_take(&relay->escape, relay->input + relay->used - n,
					   (size_t)n, ins_clock_now());
}

static void pass_input(struct relay *relay)
{
	ssize_t n = write(
		relay->console->terminal, relay->input + relay->sent, relay->used - relay->sent);

	if (n > 0)
		relay->sent += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		relay->sent = relay->used;
	if (relay->sent == relay->used)
		relay->sent = relay->used = 0;
}

static void pass_size(const struct relay *relay)
{
	struct signalfd_siginfo info;

	while (read(relay->resized, &info, sizeof(info)) == (ssize_t)sizeof(info))
		copy_size(relay);
}

static int run(struct relay *relay, bool *ret_detached, struct ins_error *err)
{
	enum { OUTPUT, TERMINAL, RESIZED, ENDED, INPUT, WAITS };

	for (;;) {
		bool pending = relay->used > 0;
		bool reads = !relay->input_ended && (relay->is_person || !pending);
		struct pollfd waits[WAITS] = {
			[OUTPUT] = { relay->console->output, POLLIN, 0 },
			[TERMINAL] = { pending ? relay->console->terminal : -1, POLLOUT, 0 },
			[RESIZED] = { relay->resized, POLLIN, 0 },
			[ENDED] = { relay->ended, POLLIN, 0 },
			[INPUT] = { reads ? STDIN_FILENO : -1, POLLIN, 0 },
		};
		int n = poll(waits, WAITS, relay->input_ended && !pending ? QUIET_MS : -1), r = 1;

		if (n < 0 && errno != EINTR)
			return ins_error_set(err, errno, "wait for the partition's terminal");
		if (n < 0)
			continue;
		if (waits[ENDED].revents)
			return ins_error_text(err, EINTR, "ended by a signal");
		if (waits[RESIZED].revents)
			pass_size(relay);
		if (waits[OUTPUT].revents)
			r = copy_output(relay, err);
		if (r <= 0) {
			*ret_detached = false;
			return r;
		}
		if (waits[TERMINAL].revents)
			pass_input(relay);
		if (n == 0 || (waits[INPUT].revents && take_input(relay))) {
			*ret_detached = true;
			return 0;
		}
	}
}

int ins_console_relay(const struct ins_console *console, bool *ret_detached, struct ins_error *err)
{
	struct relay relay = {
		.console = console, .resized = -1, .ended = -1, .is_person = isatty(STDIN_FILENO)
	};
	int r = watch_signals(&relay, err);

	if (r == 0)
		r = ins_tty_raw_set(&relay.raw, err);
	if (r == 0) {
		copy_size(&relay);
		r = run(&relay, ret_detached, err);
	}
	release(&relay);
	return r;
}
