/* SPDX-License-Identifier: Apache-2.0 */
/* `run`: create and start in one walk, then wait in the foreground. */
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"
#include "sys/bare.h"
#include "tty/tty.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Stop signals are for us (the caller's job control), and SIGCHLD tells of our own children. */
static void forwarded_signals(sigset_t *set)
{
	static const int ours[] = { SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT,
		SIGWINCH, SIGPIPE, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		sigdelset(set, ours[i]);
}

static void forward(int signals, int pidfd)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		(void)ins_sys(pidfd_send_signal, pidfd, (int)info.ssi_signo, NULL, 0);
}

/* Until the process ends; signals go on to it. */
static int wait_and_forward(struct ins_guest *guest, int signals, struct ins_error *err)
{
	for (;;) {
		struct pollfd waits[] = { { guest->run.pidfd, POLLIN, 0 }, { signals, POLLIN, 0 } };

		if (poll(waits, 2, -1) < 0 && errno != EINTR)
			return ins_error_set(err, errno, "wait for the container process");
		if (waits[1].revents)
			forward(signals, guest->run.pidfd);
		if (waits[0].revents)
			return 0;
	}
}

static int attend(struct ins_guest *guest, int *ret_status, struct ins_error *err)
{
	cleanup_fd int signals = -1;
	sigset_t set, before;
	siginfo_t info = { 0 };
	int r;

	forwarded_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
		return ins_error_set(err, errno, "block signals");
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		r = ins_error_set(err, errno, "make a signalfd");
	else if (guest->run.console >= 0)
		r = ins_tty_relay(guest->run.console, guest->run.pidfd, signals, err);
	else
		r = wait_and_forward(guest, signals, err);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	while (waitid(P_PIDFD, (id_t)guest->run.pidfd, &info, WEXITED) < 0) {
		if (errno != EINTR)
			return ins_error_set(err, errno, "wait for the container process");
	}
	*ret_status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	return 0;
}

int ins_guest_attend(struct ins_guest *guest, int *ret_status, struct ins_error *err)
{
	int r = attend(guest, ret_status, err);

	/* What nobody waits for must not go on: the caller is told that it has failed. */
	if (r < 0) {
		ins_run_kill(&guest->run);
		ins_guest_remove_pid_file(guest);
	}
	return r;
}

/* The container is ours again, unless somebody has deleted it. */
static int destroy_after_run(struct ins_guest *guest, struct ins_error *err)
{
	const char *id = guest->create->id;
	struct ins_error why = { 0 };
	int r = ins_store_open(guest->context, id, INS_LOCK_WAIT, false, &guest->store, &why);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = ins_guest_destroy(guest->context, &guest->store, id, &why);
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : 0;
}

static int run_attached(struct ins_guest *guest, int *ret_status, struct ins_error *err)
{
	int status = 0, destroyed = 0, r;

	/* Other commands may work on the container while it runs. */
	ins_store_close(&guest->store);
	r = ins_guest_attend(guest, &status, err);
	if (!guest->create->keep)
		destroyed = destroy_after_run(guest, err);
	if (r == 0)
		r = destroyed;
	if (r == 0)
		*ret_status = status;
	return r;
}

int ins_run(struct ins_context *context, const struct ins_create_args *args, int *ret_status,
	struct ins_error *err)
{
	cleanup_guest struct ins_guest guest = { .store = { .root = -1, .dir = -1 },
		.console_socket = -1 };
	bool stays = !args->detach;
	int r = ins_id_check(args->id, err);

	if (r == 0)
		r = ins_guest_preserve_check(args->preserve_fds, err);
	if (r == 0)
		r = ins_guest_load(&guest, context, args, false, false, err);
	if (r == 0 && !guest.spec->process.present)
		r = ins_error_key(err, EINVAL, "process", "is needed to run a container");
	if (r == 0)
		r = ins_guest_console_check(&guest, args->console_socket, stays, err);
	/* What the container's process leaves behind in our pid namespace becomes our child. */
	if (r == 0 && stays && !args->no_subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		r = ins_error_set(err, errno, "become a subreaper");
	if (r == 0)
		r = ins_guest_make(&guest, false, err);
	if (r < 0 || args->detach)
		return r;
	return run_attached(&guest, ret_status, err);
}
