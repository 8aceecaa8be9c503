/* SPDX-License-Identifier: Apache-2.0 */
/* `events`: statistics now and then, and word of the out-of-memory killer, until the container ends. */
#include <poll.h>
#include <sched.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "guest/guest.h"
#include "guest/stats.h"

struct watch {
	const struct ins_record *record;
	int cgroup;
	int pidfd; /* readable when the container process has ended */
	int ooms;  /* memory.events, −1: no memory controller */
	uint64_t killed;
	uint64_t interval, next; /* nanoseconds; when statistics are due, of the monotonic clock */
	ins_event_fn *visit;
	void *data;
};

static void close_watch(struct watch *watch)
{
	ins_close(watch->cgroup);
	ins_close(watch->pidfd);
	ins_close(watch->ooms);
}

#define cleanup_watch cleanup_with(close_watch)

static int has_ended(const struct watch *watch)
{
	struct pollfd process = { .fd = watch->pidfd, .events = POLLIN };

	return poll(&process, 1, 0) > 0;
}

/* Whatever cannot be read because the container has ended meanwhile is no error: there is no such
 * event then. */
static int tell_stats(const struct watch *watch, struct ins_error *err)
{
	const struct ins_record *record = watch->record;
	cleanup_cgroup_stats struct ins_cgroup_stats stats = { .n_huge = 0 };
	cleanup_free struct ins_net_counters *interfaces = NULL;
	cleanup_free char *text = NULL;
	struct ins_error why = { 0 };
	size_t n = 0;
	int r = ins_cgroup_stats_read(watch->cgroup, &stats, &why);

	/* Another namespace's interfaces are not the container's. */
	if (r == 0 && record->namespaces & CLONE_NEWNET)
		r = ins_net_counters_read(record->pid, &interfaces, &n, &why);
	/* Nor are those of a process that has got its number since. */
	if ((r < 0 || n > 0) && has_ended(watch))
		return 0;
	if (r == 0)
		r = ins_stats_emit(record->id, &stats, interfaces, n, &text, &why);
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : watch->visit(watch->data, text);
}

static int tell_ooms(struct watch *watch, struct ins_error *err)
{
	char text[INS_ID_MAX + 32];
	uint64_t killed;
	int r = watch->ooms < 0 ? -ENODEV : ins_cgroup_ooms_read(watch->ooms, &killed);

	/* The cgroup goes after the container. */
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return ins_error_set(err, -r, "read memory.events of the container's cgroup");
	if (killed <= watch->killed)
		return 0;
	watch->killed = killed;
	snprintf(text, sizeof(text), "{\"type\":\"oom\",\"id\":\"%s\"}", watch->record->id);
	return watch->visit(watch->data, text);
}

/* Until something is to be told. Return: 1 if the container has ended, 0, or −errno. */
static int wait_for_event(const struct watch *watch, struct ins_error *err)
{
	struct pollfd fds[] = { { .fd = watch->pidfd, .events = POLLIN },
		{ .fd = watch->ooms, .events = POLLPRI } };
	uint64_t time = ins_clock_now(), left = watch->next > time ? watch->next - time : 0;
	struct timespec timeout = { .tv_sec = (time_t)(left / 1000000000),
		.tv_nsec = (long)(left % 1000000000) };

	if (ppoll(fds, ARRAY_LENGTH(fds), &timeout, NULL) < 0 && errno != EINTR)
		return ins_error_set(err, errno, "wait for events of the container");
	return has_ended(watch);
}

static int keep_telling(struct watch *watch, struct ins_error *err)
{
	int r = 0;

	while (r == 0) {
		if (ins_clock_now() >= watch->next) {
			r = tell_stats(watch, err);
			watch->next = ins_clock_now() + watch->interval;
		}
		if (r == 0)
			r = wait_for_event(watch, err);
		/* Also what ended the container. */
		if (r >= 0) {
			int told = tell_ooms(watch, err);

			r = told < 0 ? told : r;
		}
	}
	return r < 0 ? r : 0;
}

static int open_watch(struct watch *watch, struct ins_error *err)
{
	const struct ins_record *record = watch->record;
	int r = ins_stats_check(record, err);

	if (r < 0)
		return r;
	watch->pidfd = ins_record_pidfd(record);
	if (watch->pidfd == -ESRCH)
		return ins_error_text(err, ESRCH, "container not running");
	if (watch->pidfd < 0)
		return ins_error_set(err, -watch->pidfd, "look at process %d", (int)record->pid);
	r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &watch->cgroup, err);
	if (r < 0)
		return r;
	watch->ooms = ins_cgroup_ooms_open(watch->cgroup);
	if (watch->ooms < 0 && watch->ooms != -ENOENT)
		return ins_error_set(
			err, -watch->ooms, "open memory.events of the container's cgroup");
	/* What was before is no news. */
	if (watch->ooms >= 0)
		(void)ins_cgroup_ooms_read(watch->ooms, &watch->killed);
	return 0;
}

int ins_events(struct ins_context *context, const char *id, uint64_t interval, ins_event_fn *visit,
	void *data, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	cleanup_watch struct watch watch = { .record = &store.record,
		.cgroup = -1,
		.pidfd = -1,
		.ooms = -1,
		.interval = interval,
		.visit = visit,
		.data = data };
	int r = ins_store_open(context, id, INS_LOCK_NONE, false, &store, err);

	if (r < 0)
		return r;
	r = open_watch(&watch, err);
	if (r == 0)
		r = interval == 0 ? tell_stats(&watch, err) : keep_telling(&watch, err);
	ins_store_close(&store);
	return r;
}
