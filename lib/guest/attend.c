/* SPDX-License-Identifier: Apache-2.0 */
/* The foreground of `run` and `exec`: what comes to us goes on to the container's process. */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"
#include "sys/bare.h"
#include "tty/tty.h"

/* Stop signals are for us (the caller's job control), and SIGCHLD tells of our own children. */
static void forwarded_signals(sigset_t *set)
{
	static const int ours[] = { SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD, SIGCONT,
		SIGWINCH, SIGPIPE, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS };

	sigfillset(set);
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		sigdelset(set, ours[i]);
}

int ins_run_hold_signals(struct ins_run *run, struct ins_error *err)
{
	sigset_t set;

	if (run->attendance != INS_ATTENDANCE_COMES)
		return 0;
	forwarded_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &run->signals_before) < 0)
		return ins_error_set(err, errno, "block signals");
	run->attendance = INS_ATTENDANCE_HOLDS;
	return 0;
}

bool ins_run_is_interrupted(void)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		if (sigismember(&pending, ends[i]))
			return true;
	}
	return false;
}

void ins_run_release_signals(struct ins_run *run)
{
	const struct timespec now = { 0 };
	sigset_t set;

	/* What came too late for the process is for nobody; what came too early is for us. */
	if (run->attendance == INS_ATTENDANCE_ENDED) {
		forwarded_signals(&set);
		while (sigtimedwait(&set, NULL, &now) >= 0 || errno == EINTR)
			continue;
	}
	if (run->attendance == INS_ATTENDANCE_HOLDS || run->attendance == INS_ATTENDANCE_ENDED)
		(void)sigprocmask(SIG_SETMASK, &run->signals_before, NULL);
	run->attendance = INS_ATTENDANCE_NONE;
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
	siginfo_t info = { 0 };
	sigset_t set;
	int r;

	forwarded_signals(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		r = ins_error_set(err, errno, "make a signalfd");
	else if (guest->run.console >= 0)
		r = ins_tty_relay(guest->run.console, guest->run.pidfd, signals, err);
	else
		r = wait_and_forward(guest, signals, err);
	if (r < 0)
		return r;
	while (waitid(P_PIDFD, (id_t)guest->run.pidfd, &info, WEXITED) < 0) {
		if (errno != EINTR)
			return ins_error_set(err, errno, "wait for the container process");
	}
	guest->run.attendance = INS_ATTENDANCE_ENDED;
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
