/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers are processes, not threads: a context belongs to one thread, and the library forks. Each takes
 * the next name from a counter that they share, and reports on a pipe; a report is smaller than PIPE_BUF,
 * so it arrives whole.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "each.h"

/* With fewer names a bar is only noise. */
#define BAR_NAMES    10
#define BAR_WIDTH    40
#define BAR_INTERVAL 100000000 /* nanoseconds */

/* More processes than this do nothing faster. */
#define JOBS_MAX 256

struct report {
	size_t index;
	struct ins_error err; /* code 0: done */
};

static_assert(sizeof(struct report) <= PIPE_BUF, "a report arrives whole");

struct work {
	const struct call *call;
	const struct names *names;
	each_fn *fn;
	void *data;
	atomic_size_t *next; /* shared */
	int in, out;         /* the pipe */
	pid_t *workers;
	unsigned int n_workers;
	bool *done; /* by name */
	size_t n_done, n_failed;
	int code; /* of the first failure */
	bool bar;
	uint64_t shown; /* when */
};

static unsigned int processors(void)
{
	cpu_set_t set;

	/* A machine with more than fit into the set. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return CPU_SETSIZE;
	return (unsigned int)CPU_COUNT(&set);
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* --- in a worker ------------------------------------------------------------------------------ */

/* Ends early if nobody reads any more: then the caller has been killed. */
static void be_worker(const struct work *work)
{
	size_t i;

	/* The bar is the caller's, and several lines would be none. */
	ins_context_show_progress(work->call->context, false);
	while ((i = atomic_fetch_add(work->next, 1)) < work->names->n) {
		struct report report = { .index = i };
		int r = work->fn(work->call, work->names->v[i], work->data, &report.err);

		if (r < 0)
			error_set(&report.err, -r, "%s", strerrordesc_np(-r));
		else
			report.err = (struct ins_error){};
		if (fflush(stdout) != 0)
			error_set(&report.err, errno, "write to the standard output: %m");
		if (write(work->out, &report, sizeof(report)) < 0)
			break;
	}
	log_close(work->call->log, false);
	_exit(0);
}

/* --- in the caller ---------------------------------------------------------------------------- */

static void hide_bar(const struct work *work)
{
	if (work->bar && work->shown)
		fputs("\r\033[K", stderr);
}

static void show_bar(struct work *work)
{
	uint64_t time = now();
	int filled = (int)(work->n_done * BAR_WIDTH / work->names->n);

	if (!work->bar || time - work->shown < BAR_INTERVAL)
		return;
	work->shown = time;
	fprintf(stderr, "\r[%.*s%*s] %zu of %zu", filled,
		"########################################", BAR_WIDTH - filled, "", work->n_done,
		work->names->n);
}

static void fail(struct work *work, size_t index, const struct ins_error *why)
{
	struct ins_error named = {};

	error_set(&named, why->code, "%s: %s", work->names->v[index], why->text);
	hide_bar(work);
	log_write(work->call->log, INS_LOG_ERROR, named.text);
	work->n_failed++;
	if (!work->code)
		work->code = why->code;
}

static int read_reports(struct work *work, struct ins_error *err)
{
	struct report report;

	for (;;) {
		ssize_t n = read(work->in, &report, sizeof(report));

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(report))
			return error_set(err, n < 0 ? errno : EPROTO, "read what workers report");
		work->done[report.index] = true;
		work->n_done++;
		if (report.err.code)
			fail(work, report.index, &report.err);
		show_bar(work);
	}
}

static int start_workers(struct work *work, unsigned int jobs, struct ins_error *err)
{
	/* What is in the buffer would be printed by each of them. */
	fflush(NULL);
	for (; work->n_workers < jobs; work->n_workers++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)close(work->in);
			be_worker(work);
		}
		/* Fewer do it, too. */
		if (pid < 0 && work->n_workers > 0)
			break;
		if (pid < 0)
			return error_set(err, errno, "fork: %m");
		work->workers[work->n_workers] = pid;
	}
	(void)close(work->out);
	work->out = -1;
	return 0;
}

/* Those that a worker has died over. */
static void fail_lost(struct work *work)
{
	const struct ins_error why = { .code = ECHILD,
		.text = "the process that worked on it was killed; what it has done is not known" };

	for (size_t i = 0; i < work->names->n; i++) {
		if (!work->done[i])
			fail(work, i, &why);
	}
}

static int treat(struct work *work, unsigned int jobs, struct ins_error *err)
{
	int r = start_workers(work, jobs, err);

	if (r == 0)
		r = read_reports(work, err);
	for (unsigned int i = 0; i < work->n_workers; i++) {
		while (waitpid(work->workers[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r < 0)
		return r;
	fail_lost(work);
	hide_bar(work);
	if (work->n_failed > 0)
		return error_set(
			err, work->code, "%zu of %zu failed", work->n_failed, work->names->n);
	return 0;
}

int names_each(const struct call *call, const struct names *names, unsigned int jobs, each_fn *fn,
	void *data, struct ins_error *err)
{
	struct work work = { .call = call, .names = names, .fn = fn, .data = data };
	int fds[2], r;

	if (names->n == 0)
		return 0;
	if (names->n == 1)
		return fn(call, names->v[0], data, err);
	if (jobs == 0)
		jobs = processors();
	if (jobs > JOBS_MAX)
		jobs = JOBS_MAX;
	if (jobs > names->n)
		jobs = (unsigned int)names->n;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "pipe2: %m");
	work.in = fds[0];
	work.out = fds[1];
	work.bar = names->n > BAR_NAMES && isatty(STDERR_FILENO);
	work.workers = calloc(jobs, sizeof(work.workers[0]));
	work.done = calloc(names->n, sizeof(work.done[0]));
	work.next = mmap(NULL, sizeof(*work.next), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!work.workers || !work.done || work.next == MAP_FAILED)
		r = error_set(err, ENOMEM, "out of memory");
	else
		r = treat(&work, jobs, err);
	if (work.next != MAP_FAILED)
		munmap(work.next, sizeof(*work.next));
	free(work.done);
	free(work.workers);
	(void)close(work.in);
	if (work.out >= 0)
		(void)close(work.out);
	return r;
}

int names_treat(const struct call *call, bool all, unsigned int jobs, each_fn *fn, void *data,
	struct ins_error *err)
{
	struct names names = {};
	int r = names_find(call, call->args, all, NAMES_OF_PARTITIONS, &names, err);

	if (r == 0)
		r = names_each(call, &names, jobs, fn, data, err);
	names_clear(&names);
	return r;
}

bool each_is_choice(const struct call *call, bool all)
{
	for (size_t i = 0; !all && i < call->n_args; i++)
		all = names_is_many(call->args[i]);
	return all;
}

static int see_status(void *data, const struct ins_partition_info *info)
{
	enum ins_status *status = data;

	*status = info->status;
	return 0;
}

enum ins_status each_status(const struct call *call, const char *name)
{
	enum ins_status status = INS_STATUS_RUNNING;
	struct ins_error ignored = {};

	(void)ins_partition_show(call->context, name, see_status, &status, &ignored);
	return status;
}
