/* SPDX-License-Identifier: Apache-2.0 */
/* The processes in a cgroup and below it: listed, and sent signals. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/cgroup.h"
#include "cgroup/directory.h"
#include "sys/bare.h"

/* So many processes are held by fds at once. */
#define SIGNAL_BATCH 128

/* More text than all pids that there can be (2^22) make. */
#define LARGEST_LIST ((size_t)64 << 20)

struct pid_list {
	pid_t *v;
	size_t n, capacity;
};

static int add_pid(struct pid_list *list, pid_t pid)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		pid_t *grown = reallocarray(list->v, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->v = grown;
		list->capacity = capacity;
	}
	list->v[list->n++] = pid;
	return 0;
}

static int add_own_pids(int cgroup, struct pid_list *list)
{
	cleanup_free char *text = NULL;
	char *next;
	int r = ins_cgroup_read(cgroup, "cgroup.procs", LARGEST_LIST, &text);

	/* A threaded cgroup cannot tell; its processes are listed further up (cgroups(7)). */
	if (r < 0)
		return r == -EOPNOTSUPP ? 0 : r;
	for (const char *rest = text; *rest && r == 0; rest = next) {
		long pid = strtol(rest, &next, 10);

		if (next == rest || *next != '\n')
			return -EPROTO;
		next++;
		/* 0 is a process that our pid namespace does not show. */
		if (pid > 0)
			r = add_pid(list, (pid_t)pid);
	}
	return r;
}

/* Cgroups that are still to be looked into. A guest may nest its own deeper than fds may be open or a
 * stack may grow: so they are kept by name, and one fd goes from each to the next. */
struct branch {
	size_t depth;
	char name[NAME_MAX + 1];
};

struct branch_list {
	struct branch *v;
	size_t n, capacity;
};

static void cleanup_branches(struct branch_list *list)
{
	free(list->v);
}

static int add_branch(struct branch_list *list, size_t depth, const char *name)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 8;
		struct branch *grown = reallocarray(list->v, capacity, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->v = grown;
		list->capacity = capacity;
	}
	list->v[list->n].depth = depth;
	strcpy(list->v[list->n++].name, name);
	return 0;
}

/* A cgroup's processes, and the cgroups in it. */
static int look_into(int cgroup, size_t depth, struct branch_list *branches, struct pid_list *pids)
{
	cleanup_dir DIR *entries = NULL;
	const char *name;
	int r = add_own_pids(cgroup, pids);

	if (r < 0)
		return r;
	entries = ins_cgroup_entries(cgroup);
	if (!entries)
		return -errno;
	while ((name = ins_cgroup_next_child(entries))) {
		r = add_branch(branches, depth + 1, name);
		if (r < 0)
			return r;
	}
	return -errno;
}

/* cgroup2 has neither symlinks nor moves of directories, so ".." is where we came from, also when what
 * we are in was removed. */
static int enter(int *here, const char *name)
{
	int next = ins_cgroup_open_entry(*here, name, O_RDONLY | O_DIRECTORY);

	if (next < 0)
		return next;
	ins_close(*here);
	*here = next;
	return 0;
}

static int add_all_pids(int cgroup, struct pid_list *pids)
{
	cleanup_with(cleanup_branches) struct branch_list branches = {};
	cleanup_fd int here = fcntl(cgroup, F_DUPFD_CLOEXEC, 3);
	size_t depth = 0;
	int r = here < 0 ? -errno : look_into(here, depth, &branches, pids);

	while (r == 0 && branches.n > 0) {
		const struct branch *next = &branches.v[--branches.n];

		for (; r == 0 && depth >= next->depth; depth--)
			r = enter(&here, "..");
		if (r < 0)
			return r;
		r = enter(&here, next->name);
		if (r == 0)
			r = look_into(here, ++depth, &branches, pids);
		/* The guest may remove its cgroups while we look. */
		if (ins_cgroup_is_gone(r))
			r = 0;
	}
	return r;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

int ins_cgroup_pids(int cgroup, pid_t **ret_pids, size_t *ret_n, struct ins_error *err)
{
	struct pid_list list = {};
	size_t kept = 0;
	int r = add_all_pids(cgroup, &list);

	if (r < 0) {
		free(list.v);
		return ins_error_set(err, -r, "list the processes of the container's cgroup");
	}
	if (list.n > 0)
		qsort(list.v, list.n, sizeof(*list.v), compare_pids);
	/* One that moved meanwhile may have been seen twice. */
	for (size_t i = 0; i < list.n; i++) {
		if (i == 0 || list.v[i] != list.v[i - 1])
			list.v[kept++] = list.v[i];
	}
	*ret_pids = list.v;
	*ret_n = kept;
	return 0;
}

/* --- signals --------------------------------------------------------------------------------- */

/* Return: a pidfd, −ESRCH if it is gone, or −errno. */
static int hold(pid_t pid)
{
	int pidfd = (int)ins_sys(pidfd_open, pid, 0); /* Linux 5.3 */

	/* EINVAL and, since Linux 6.9, ENOENT: it is the number of a thread now. */
	return pidfd == -EINVAL || pidfd == -ENOENT ? -ESRCH : pidfd;
}

/*
 * Between the list and the signal a number may pass to a process elsewhere. So the processes are held
 * by pidfds first, and then the list is made once more: who has a number that is on it is either the
 * one that is held, or that one is gone, and its pidfd reaches nobody.
 */
static int signal_batch(int cgroup, const pid_t *pids, size_t n, int signal, struct ins_error *err)
{
	int held[SIGNAL_BATCH];
	cleanup_free pid_t *now = NULL;
	size_t n_now = 0;
	long result = 0;
	int r;

	for (size_t i = 0; i < n; i++)
		held[i] = hold(pids[i]);
	r = ins_cgroup_pids(cgroup, &now, &n_now, err);
	for (size_t i = 0; i < n; i++) {
		result = held[i];
		if (r == 0 && result >= 0 && n_now > 0 &&
			bsearch(&pids[i], now, n_now, sizeof(*now), compare_pids))
			result = ins_sys(pidfd_send_signal, held[i], signal, NULL, 0);
		if (r == 0 && result < 0 && result != -ESRCH)
			r = ins_error_set(err, (int)-result, "send signal %d to process %d", signal,
				(int)pids[i]);
		ins_close(held[i]);
	}
	return r;
}

int ins_cgroup_signal_members(
	int cgroup, const pid_t *pids, size_t n, int signal, struct ins_error *err)
{
	int result = 0;

	for (size_t i = 0; i < n; i += SIGNAL_BATCH) {
		size_t rest = n - i < SIGNAL_BATCH ? n - i : SIGNAL_BATCH;
		int r = signal_batch(cgroup, pids + i, rest, signal, err);

		if (result == 0)
			result = r;
	}
	return result;
}

int ins_cgroup_signal(int cgroup, int signal, size_t *ret_n, struct ins_error *err)
{
	cleanup_free pid_t *pids = NULL;
	size_t n = 0;
	int r = ins_cgroup_pids(cgroup, &pids, &n, err);

	if (r < 0)
		return r;
	*ret_n = n;
	return ins_cgroup_signal_members(cgroup, pids, n, signal, err);
}
