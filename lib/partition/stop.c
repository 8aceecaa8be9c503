/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a partition's running, wanted or not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "guest/guest.h"
#include "partition/bundle.h"
#include "partition/bundle_directory.h"
#include "partition/groups.h"
#include "partition/network.h"
#include "partition/stop.h"
#include "partition/supervisor.h"
#include "sys/bare.h"

#define STATUS_SIZE_MAX ((size_t)64 << 10)

/* Return: 1 if the process has ended, 0, −errno. */
static int await_end(int pidfd, uint64_t timeout, struct ins_error *err)
{
	uint64_t start = ins_clock_now();
	struct pollfd end = { pidfd, POLLIN, 0 };

	for (;;) {
		uint64_t spent = ins_clock_now() - start;
		uint64_t left = spent < timeout ? (timeout - spent + 999999) / 1000000 : 0;
		int n = poll(&end, 1, left > INT_MAX ? INT_MAX : (int)left);

		if (n > 0)
			return 1;
		if (n < 0 && errno != EINTR)
			return ins_error_set(err, errno, "wait for the partition's end");
		if (n == 0 && left <= INT_MAX)
			return 0;
	}
}

/* Each init has its own way to be asked, which its program tells. SIGTERM would be no request to end to most:
 * systemd executes itself again, busybox reboots, sysvinit does not care. */
static int init_signal(pid_t pid)
{
	static const struct {
		const char *program, *signal;
	} inits[] = {
		{ "systemd", "RTMIN+3" },
		{ "busybox", "USR2" },
		/* sysvinit: as if Ctrl, Alt and Del were pressed, which reboots, but nobody starts it again. For a
		 * power failure, SIGPWR, Debian's has no script. */
		{ "init", "INT" },
		{ "openrc-init", "TERM" },
	};
	char path[40], program[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	n = readlink(path, program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	name = strrchr(program, '/');
	for (size_t i = 0; name && i < ARRAY_LENGTH(inits); i++) {
		if (!strcmp(name + 1, inits[i].program))
			return ins_signal_parse(inits[i].signal);
	}
	return SIGPWR;
}

/* One of the masks in /proc/PID/status, as "SigCgt:\t0000000000004a03". */
static uint64_t signals(const char *status, const char *mask)
{
	const char *line = strstr(status, mask);

	return line ? strtoull(line + strlen(mask), NULL, 16) : 0;
}

static bool catches(pid_t pid, int signal)
{
	struct ins_error ignored = { 0 };
	cleanup_free char *text = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	if (ins_file_read(AT_FDCWD, path, STATUS_SIZE_MAX, &text, NULL, &ignored) < 0)
		return true;
	return (signals(text, "\nSigCgt:") | signals(text, "\nSigBlk:")) >> (signal - 1) & 1;
}

/* In sigwait() and its like: while it sleeps there the kernel does not count the signals that it waits for among
 * those that it blocks, and nothing tells which they are. */
static bool waits_for_signals(pid_t pid)
{
	struct ins_error ignored = { 0 };
	cleanup_free char *text = NULL;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	return ins_file_read(AT_FDCWD, path, STATUS_SIZE_MAX, &text, NULL, &ignored) == 0 &&
	       text[0] >= '0' && text[0] <= '9' && strtol(text, NULL, 10) == SYS_rt_sigtimedwait;
}

/* The first process of a pid namespace gets no signal that it has no handler for: it would be waited for in
 * vain. One that it blocks does reach it: systemd and busybox's init read theirs from there. */
static bool would_hear(pid_t pid, int signal)
{
	/* The second look at the masks is for who has returned from there between the first two. */
	return catches(pid, signal) || waits_for_signals(pid) || catches(pid, signal);
}

static int stop_signal(const struct ins_partition *partition, const struct ins_record *record)
{
	const char *asked = ins_definition_get(&partition->definition, INS_SETTING_STOP_SIGNAL);
	int signal;

	for (size_t i = 0; !asked && i < record->annotations.n; i++) {
		if (!strcmp(record->annotations.v[i].key, INS_ANNOTATION_STOP_SIGNAL))
			asked = record->annotations.v[i].value;
	}
	if (asked)
		return ins_signal_parse(asked);
	if (!ins_definition_get(&partition->definition, INS_SETTING_BOOT))
		return SIGTERM;
	signal = init_signal(record->pid);
	/* What nobody knows as an init may be a small one, as tini, that hands SIGTERM on. */
	return signal == SIGPWR && !would_hear(record->pid, signal) ? SIGTERM : signal;
}

static int ask_to_end(
	const struct ins_partition *partition, uint64_t timeout, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	cleanup_fd int pidfd = -1;
	bool hears = false;
	int signal = SIGTERM;
	long r;

	if (ins_store_open(
		    partition->context, partition->name, INS_LOCK_NONE, true, &store, &ignored) < 0)
		return 0;
	pidfd = store.record.id && store.record.pid ? ins_record_pidfd(&store.record) : -ESRCH;
	if (pidfd >= 0) {
		signal = stop_signal(partition, &store.record);
		hears = would_hear(store.record.pid, signal);
	}
	ins_store_close(&store);
	if (!hears || timeout == 0)
		return 0;
	/* What is frozen does not hear. */
	(void)ins_resume(partition->context, partition->name, &ignored);
	r = ins_sys(pidfd_send_signal, pidfd, signal, NULL, 0);
	if (r < 0)
		return r == -ESRCH ? 0
				   : ins_error_set(err, (int)-r, "ask partition %s to end",
					     partition->name);
	return await_end(pidfd, timeout, err);
}

int ins_partition_end(struct ins_partition *partition, uint64_t timeout, struct ins_error *err)
{
	enum ins_status status;
	int r = ins_partition_status(partition, &status, NULL, err);

	if (r < 0)
		return r;
	/* First: who supervises is not to start it again. */
	r = ins_bundle_forbid(partition->context, partition->name, err);
	if (r == 0)
		r = ask_to_end(partition, timeout, err);
	return r < 0 ? r : ins_partition_clear(partition, err);
}

static bool has_container(const struct ins_partition *partition)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	int r = ins_store_open(
		partition->context, partition->name, INS_LOCK_NONE, true, &store, &ignored);

	ins_store_close(&store);
	return r != -ENOENT;
}

int ins_partition_clear(struct ins_partition *partition, struct ins_error *err)
{
	int r = ins_groups_leave(partition->context, partition->name, err);

	if (r == 0 && has_container(partition)) {
		r = ins_delete(partition->context, partition->name, true, err);
		if (r == 0)
			r = ins_partition_network_release(partition, err);
	}
	/* Last: a container without its bundle would be nobody's. */
	return r < 0 ? r : ins_bundle_directory_remove(partition->context, partition->name, err);
}

int ins_partition_stop(
	struct ins_context *context, const char *name, uint64_t timeout, struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	int r = ins_partition_open(context, name, INS_PARTITION_MEND, &partition, err);

	if (r == 0)
		r = ins_partition_end(&partition, timeout, err);
	/* Who supervises it settles what is left, and wants the lock for that. */
	ins_partition_close(&partition);
	return r < 0 ? r : ins_supervisor_stop(context, name, err);
}

/* Does its definition want it back? An init that calls reboot(2) is ended by the kernel, with SIGHUP if it is to
 * come back, and with SIGINT if it is to stay down, which then is no failure. */
static bool wants_again(const struct ins_partition *partition)
{
	const char *when = ins_definition_get(&partition->definition, INS_SETTING_RESTART);
	bool boots = ins_definition_get(&partition->definition, INS_SETTING_BOOT);
	int status = partition->state.exit_status;
	int signal = boots && WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (signal == SIGHUP)
		return true;
	if (!when || !strcmp(when, "no"))
		return false;
	/* An unknown status, −1, is no failure that anybody has seen. */
	return !strcmp(when, "always") || (status > 0 && signal != SIGINT);
}

/* Nobody knows of its container: it was stopped on request, or its start came to nothing. */
static bool is_forgotten(const struct ins_partition *partition)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_error ignored = { 0 };
	int r = ins_store_open(
		partition->context, partition->name, INS_LOCK_NONE, true, &store, &ignored);

	ins_store_close(&store);
	return r == -ENOENT;
}

int ins_partition_settle(struct ins_context *context, const char *name, int status, bool *ret_again,
	struct ins_error *err)
{
	cleanup_partition struct ins_partition partition = INS_PARTITION_CLOSED;
	enum ins_status now_is;
	bool wanted, never_ran;
	int r = ins_partition_open(context, name, INS_PARTITION_MEND, &partition, err);

	if (r == 0)
		r = ins_partition_status(&partition, &now_is, NULL, err);
	if (r < 0)
		return r;
	/* Somebody has started it again meanwhile: that is another process. */
	if (now_is == INS_STATUS_RUNNING || now_is == INS_STATUS_PAUSED) {
		*ret_again = false;
		return 0;
	}
	wanted = ins_bundle_wants(context, name);
	never_ran = wanted && is_forgotten(&partition);
	if (!never_ran)
		partition.state.exit_status = status;
	r = ins_partition_clear(&partition, err);
	if (r == 0) {
		/* What is lost must not be replaced by what is not known. */
		if (!partition.has_no_state)
			r = ins_partition_state_save(partition.dir, &partition.state, err);
		if (r == 0)
			*ret_again = wanted && !never_ran && wants_again(&partition);
	}
	return r;
}

int ins_partition_settle_unit(struct ins_context *context, const char *name, int status,
	bool failed, bool *ret_fail, struct ins_error *err)
{
	bool again = false;
	int r = ins_partition_settle(context, name, status, &again, err);

	if (r < 0 && r != -ENOENT)
		return r;
	if (failed && !again) {
		r = ins_supervisor_forbid(name, err);
		if (r < 0)
			return r;
	}
	*ret_fail = again && !failed;
	return 0;
}
