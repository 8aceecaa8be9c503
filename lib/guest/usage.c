/* SPDX-License-Identifier: Apache-2.0 */
/* ins_stats(): what containers have used, in a few numbers. */
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/stats.h"
#include "guest/guest.h"
#include "guest/stats.h"
#include "net/net.h"

/* All is unknown at first: each byte of INS_STATS_NONE is the same. */
static void forget(struct ins_stats *stats)
{
	memset(stats, 0xff, sizeof(*stats));
}

static void take_pressure(const struct ins_pressure *pressure, uint64_t *ret)
{
	if (pressure->some.present)
		*ret = pressure->some.total * 1000;
}

static void take_memory(const struct ins_cgroup_stats *cgroup, struct ins_stats *stats)
{
	stats->memory = cgroup->memory.usage;
	stats->memory_limit = cgroup->memory.limit;
	if (cgroup->memory.peak > 0)
		stats->memory_peak = cgroup->memory.peak;
	if (cgroup->memory.has_swap) {
		stats->swap = cgroup->memory.swap_usage;
		stats->swap_limit = cgroup->memory.swap_limit;
	}
	stats->oom_kills = cgroup->memory.oom_kill;
}

static void take_cgroup(const struct ins_cgroup_stats *cgroup, struct ins_stats *stats)
{
	if (cgroup->cpu.present) {
		stats->cpu = cgroup->cpu.usage * 1000;
		stats->cpu_user = cgroup->cpu.user * 1000;
		stats->cpu_system = cgroup->cpu.system * 1000;
	}
	if (cgroup->cpu.has_throttling)
		stats->throttled = cgroup->cpu.throttled * 1000;
	if (cgroup->memory.present)
		take_memory(cgroup, stats);
	if (cgroup->pids.present) {
		stats->pids = cgroup->pids.current;
		stats->pids_limit = cgroup->pids.limit;
	}
	if (cgroup->io.present)
		stats->io_read = stats->io_written = 0;
	for (size_t i = 0; i < cgroup->io.n; i++) {
		stats->io_read += cgroup->io.v[i].read_bytes;
		stats->io_written += cgroup->io.v[i].write_bytes;
	}
	take_pressure(&cgroup->cpu.pressure, &stats->cpu_waited);
	take_pressure(&cgroup->memory.pressure, &stats->memory_waited);
	take_pressure(&cgroup->io.pressure, &stats->io_waited);
}

static int read_network(pid_t pid, struct ins_stats *stats, struct ins_error *err)
{
	cleanup_free struct ins_net_counters *interfaces = NULL;
	size_t n = 0;
	int r = ins_net_counters_read(pid, &interfaces, &n, err);

	if (r < 0)
		return r;
	stats->net_received = stats->net_sent = 0;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(interfaces[i].name, "lo") == 0)
			continue;
		stats->net_received += interfaces[i].received.bytes;
		stats->net_sent += interfaces[i].sent.bytes;
	}
	return 0;
}

/* With the process its pid may have gone to another one, whose interfaces these are. */
static int take_network(
	const struct ins_record *record, struct ins_stats *stats, struct ins_error *err)
{
	struct ins_error why = { 0 };
	int r = read_network(record->pid, stats, &why);
	int pidfd = ins_record_pidfd(record);

	ins_close(pidfd);
	if (pidfd == -ESRCH)
		return ins_error_text(err, ESRCH, "container not running");
	return r < 0 ? ins_error_text(err, -r, "%s", why.text) : 0;
}

static int take_status(
	const struct ins_store *store, struct ins_stats *stats, struct ins_error *err)
{
	int r = ins_store_status(store, &stats->status, err);

	if (r == 0 && stats->status == INS_STATUS_STOPPED)
		return ins_error_text(err, ESRCH, "container not running");
	return r;
}

/* Return: 0, −ESRCH if there is no process, −EOPNOTSUPP, −errno. */
static int measure(const struct ins_store *store, struct ins_stats *stats, struct ins_error *err)
{
	const struct ins_record *record = &store->record;
	cleanup_cgroup_stats struct ins_cgroup_stats used = { .n_huge = 0 };
	cleanup_fd int cgroup = -1;
	int r = ins_stats_check(record, err);

	if (r < 0)
		return r;
	forget(stats);
	stats->id = record->id;
	stats->pid = record->pid;
	r = take_status(store, stats, err);
	if (r == 0)
		r = ins_cgroup_open(record->cgroup_mount, record->cgroup, &cgroup, err);
	if (r == 0)
		r = ins_cgroup_stats_read(cgroup, &used, err);
	if (r < 0)
		return r;
	take_cgroup(&used, stats);
	/* Another namespace's interfaces are not the container's. */
	return record->namespaces & CLONE_NEWNET ? take_network(record, stats, err) : 0;
}

static int visit_one(struct ins_context *context, const char *id, ins_stats_fn *visit, void *data,
	int *ret_visited, struct ins_error *err)
{
	struct ins_store store = { .root = -1, .dir = -1 };
	struct ins_stats stats;
	int r = ins_store_open(context, id, INS_LOCK_NONE, false, &store, err);

	if (r < 0)
		return r;
	r = measure(&store, &stats, err);
	if (r == 0)
		*ret_visited = visit(data, &stats);
	ins_store_close(&store);
	return r;
}

/* Those that end meanwhile, or never had a process, are left out; one that is broken does not hide the
 * others. */
static int visit_all(
	struct ins_context *context, ins_stats_fn *visit, void *data, struct ins_error *err)
{
	char **ids = NULL;
	size_t n = 0;
	int visited = 0, r = ins_store_ids(context, &ids, &n, err);

	for (size_t i = 0; i < n; i++) {
		struct ins_error why = { 0 };
		int one = r < 0 || visited < 0
				  ? 0
				  : visit_one(context, ids[i], visit, data, &visited, &why);

		if (one < 0 && one != -ENOENT && one != -ESRCH && one != -ENODEV &&
			one != -EOPNOTSUPP)
			ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
		free(ids[i]);
	}
	free(ids);
	return r < 0 ? r : visited;
}

int ins_stats(struct ins_context *context, const char *id, ins_stats_fn *visit, void *data,
	struct ins_error *err)
{
	int visited = 0, r;

	if (!id)
		return visit_all(context, visit, data, err);
	r = visit_one(context, id, visit, data, &visited, err);
	return r < 0 ? r : visited;
}
