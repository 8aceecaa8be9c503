/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cgroup/devices.h"
#include "sys/bare.h"

/* How long a process may need to reach a point where it can be stopped. */
#define FREEZE_TIMEOUT_MS 10000

/* Killed processes are mostly gone after this time; if not, each of them is killed once more, so
 * often. */
#define KILL_ROUND_MS 50
#define KILL_ROUNDS   8

/* A guest may nest its cgroups as deep as it likes, but an fd is held for each level. */
#define DEEPEST_LIST 128

/* So many processes are held by fds at once. */
#define SIGNAL_BATCH 128

/* More text than all pids that there can be (2^22) make. */
#define LARGEST_LIST ((size_t)64 << 20)

/* The kernel says ENODEV of an open file, ENOENT of a name, once the cgroup is removed. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

/* Open below @dirfd whatever the path's parts are: no symlink, no mount, no way out. */
static int open_beneath(int dirfd, const char *path, uint64_t flags)
{
	const struct open_how how = { .flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

	while (*path == '/')
		path++;
	return (int)ins_sys(openat2, dirfd, *path ? path : ".", &how, sizeof(how));
}

static int open_mount(const char *mount, struct ins_error *err)
{
	cleanup_fd int fd = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs s;

	if (fd < 0 || fstatfs(fd, &s) < 0)
		return ins_error_set(err, errno, "open the cgroup2 hierarchy %s", mount);
	if (s.f_type != CGROUP2_SUPER_MAGIC)
		return ins_error_text(err, EINVAL, "%s is not a cgroup2 hierarchy", mount);
	return TAKE_FD(fd);
}

int ins_cgroup_open(const char *mount, const char *path, int *ret_fd, struct ins_error *err)
{
	cleanup_fd int top = open_mount(mount, err);
	int fd;

	if (top < 0)
		return top;
	fd = open_beneath(top, path, O_RDONLY);
	if (fd < 0)
		return ins_error_set(err, -fd, "open the cgroup %s", path);
	*ret_fd = fd;
	return 0;
}

int ins_cgroup_open_sub(int *fd, const char *sub, struct ins_error *err)
{
	int below = open_beneath(*fd, sub, O_RDONLY);

	if (below == -EXDEV || below == -ELOOP)
		return ins_error_text(err, EINVAL, "%s leads out of the container's cgroup", sub);
	if (below < 0)
		return ins_error_set(err, -below, "open %s below the cgroup of the container", sub);
	ins_close(*fd);
	*fd = below;
	return 0;
}

int ins_cgroup_open_leaf(int *fd, const char *path, pid_t pid, struct ins_error *err)
{
	cleanup_free char *controllers = NULL, *text = NULL;
	size_t length = strlen(path);
	char proc[32], *line;
	int r = ins_file_read(*fd, "cgroup.subtree_control", 4096, &controllers, NULL, err);

	if (r < 0 || controllers[strspn(controllers, " \n")] == '\0')
		return r;
	snprintf(proc, sizeof(proc), "/proc/%d/cgroup", (int)pid);
	r = ins_file_read(AT_FDCWD, proc, LARGEST_LIST, &text, NULL, err);
	if (r < 0)
		return r;
	/* The line "0::/path" is cgroup2's, and the last (cgroups(7)). */
	line = strstr(text, "0::");
	while (line && line != text && line[-1] != '\n')
		line = strstr(line + 1, "0::");
	if (!line || strncmp(line + 3, path, length) != 0 || line[3 + length] != '/')
		return 0;
	line += 3 + length;
	line[strcspn(line, "\n")] = '\0';
	return ins_cgroup_open_sub(fd, line, err);
}

static int write_file(int cgroup, const char *name, const char *text)
{
	cleanup_fd int fd = openat(cgroup, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

/* One value of an open cgroup.events: lines "populated 1", "frozen 0". */
static int read_event(int fd, const char *name, bool *ret_value)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	const char *found;

	if (n < 0)
		return -errno;
	text[n] = '\0';
	found = strstr(text, name);
	if (!found)
		return -ENODATA;
	*ret_value = found[strlen(name)] == '1';
	return 0;
}

static int read_cgroup_event(int cgroup, const char *name, bool *ret_value)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : read_event(fd, name, ret_value);
}

static int milliseconds_left(const struct timespec *end)
{
	struct timespec now;
	long long left;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left = (end->tv_sec - now.tv_sec) * 1000LL + (end->tv_nsec - now.tv_nsec) / 1000000;
	return left < 0 ? 0 : (int)left;
}

/* Sleep until an event has the wanted value: a change is told by poll(2). −ETIMEDOUT. */
static int wait_event(int cgroup, const char *name, bool wanted, int timeout)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct timespec end;

	if (fd < 0)
		return -errno;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += timeout / 1000;
	end.tv_nsec += timeout % 1000 * 1000000L;
	for (;;) {
		struct pollfd events = { .fd = fd, .events = POLLPRI };
		bool value = false;
		int left, r = read_event(fd, name, &value);

		if (r < 0 || value == wanted)
			return r;
		left = milliseconds_left(&end);
		if (left == 0)
			return -ETIMEDOUT;
		if (poll(&events, 1, left) < 0 && errno != EINTR)
			return -errno;
	}
}

int ins_cgroup_freeze(int cgroup, bool frozen, struct ins_error *err)
{
	int r = write_file(cgroup, "cgroup.freeze", frozen ? "1" : "0");

	/* Nothing else would wake what is left frozen: what failed for want of memory is tried again. */
	if (r < 0 && !frozen)
		r = write_file(cgroup, "cgroup.freeze", "0");
	if (r == 0)
		r = wait_event(cgroup, "frozen ", frozen, FREEZE_TIMEOUT_MS);
	if (r == 0)
		return 0;
	/* Half a freeze is none. */
	if (frozen)
		(void)write_file(cgroup, "cgroup.freeze", "0");
	return ins_error_set(err, -r, "%s the container's cgroup", frozen ? "freeze" : "thaw");
}

int ins_cgroup_is_frozen(int cgroup, bool *ret_frozen, struct ins_error *err)
{
	int r = read_cgroup_event(cgroup, "frozen ", ret_frozen);

	return r < 0 ? ins_error_set(err, -r, "read cgroup.events of the container's cgroup") : 0;
}

int ins_cgroup_is_freezing(int cgroup, bool *ret_freezing, struct ins_error *err)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.freeze", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char state;

	if (fd < 0 || read(fd, &state, 1) != 1)
		return ins_error_set(err, errno, "read cgroup.freeze of the container's cgroup");
	if (state != '1')
		return ins_cgroup_is_frozen(cgroup, ret_freezing, err);
	*ret_freezing = true;
	return 0;
}

int ins_cgroup_is_populated(int cgroup, bool *ret_populated, struct ins_error *err)
{
	int r = read_cgroup_event(cgroup, "populated ", ret_populated);

	return r < 0 ? ins_error_set(err, -r, "read cgroup.events of the container's cgroup") : 0;
}

/*
 * cgroup.kill speaks to the first thread of a process. One whose first thread has ended while
 * others live does not hear it (seen on Linux 6.18), so whoever is still there is killed one by
 * one; what such a process has forked meanwhile hears the next round.
 */
static int kill_all(int cgroup)
{
	int r = write_file(cgroup, "cgroup.kill", "1");

	for (int round = 0; r == 0 && round < KILL_ROUNDS; round++) {
		size_t n;

		r = wait_event(cgroup, "populated ", false, KILL_ROUND_MS);
		if (r != -ETIMEDOUT)
			return r;
		r = ins_cgroup_signal(cgroup, SIGKILL, &n, NULL);
		if (r == 0)
			r = write_file(cgroup, "cgroup.kill", "1");
	}
	return r;
}

int ins_cgroup_kill(int cgroup, struct ins_error *err)
{
	bool populated = false;
	int r = read_cgroup_event(cgroup, "populated ", &populated);

	/* Not without need: clone3(CLONE_INTO_CGROUP) into a cgroup that has seen another number of
	 * kills than the caller's own gives a child that is killed at birth (seen on Linux 6.18).
	 */
	if (r == 0 && populated)
		r = kill_all(cgroup);
	return r < 0 && !is_gone(r)
		       ? ins_error_set(err, -r, "kill the processes of the container's cgroup")
		       : 0;
}

int ins_cgroup_wait_empty(int cgroup, int timeout, struct ins_error *err)
{
	int r = wait_event(cgroup, "populated ", false, timeout);

	return r < 0 && !is_gone(r)
		       ? ins_error_set(err, -r, "wait for the end of the container's processes")
		       : 0;
}

/* --- listing --------------------------------------------------------------------------------- */

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
	int r = ins_file_read(cgroup, "cgroup.procs", LARGEST_LIST, &text, NULL, NULL);

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

/* The entries of a directory by an fd of their own. */
static DIR *open_entries(int directory)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = copy < 0 ? NULL : fdopendir(copy);

	if (!entries)
		ins_close(copy);
	return entries;
}

/* The name of the next cgroup in a directory; NULL with errno 0 at its end. */
static const char *next_child(DIR *entries)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(entries);
	} while (entry && (entry->d_type != DT_DIR || entry->d_name[0] == '.'));
	return entry ? entry->d_name : NULL;
}

static int add_all_pids(int cgroup, unsigned int depth, struct pid_list *list)
{
	cleanup_dir DIR *entries = NULL;
	const char *name;
	int r = add_own_pids(cgroup, list);

	if (r < 0)
		return r;
	if (depth == DEEPEST_LIST)
		return -ELOOP;
	entries = open_entries(cgroup);
	if (!entries)
		return -errno;
	while ((name = next_child(entries))) {
		cleanup_fd int child = open_beneath(cgroup, name, O_RDONLY);

		r = child < 0 ? child : add_all_pids(child, depth + 1, list);
		/* The guest may remove its cgroups while we look. */
		if (r < 0 && !is_gone(r))
			return r;
	}
	return -errno;
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
	int r = add_all_pids(cgroup, 0, &list);

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

/* --- removing -------------------------------------------------------------------------------- */

/* The way from a cgroup down to one below it, as names: cgroups can be nested deeper than fds may
 * be open or a stack may grow. */
struct way {
	char (*names)[NAME_MAX + 1];
	size_t n, capacity;
};

static void cleanup_way(struct way *way)
{
	free(way->names);
}

/* Go down into @name. Return: 0 or −errno. */
static int step_down(int *here, struct way *way, const char *name)
{
	int next = openat(*here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0)
		return -errno;
	if (way->n == way->capacity) {
		size_t capacity = way->capacity ? way->capacity * 2 : 8;
		void *grown = reallocarray(way->names, capacity, sizeof(*way->names));

		if (!grown) {
			ins_close(next);
			return -ENOMEM;
		}
		way->names = grown;
		way->capacity = capacity;
	}
	memcpy(way->names[way->n++], name, strlen(name) + 1);
	ins_close(*here);
	*here = next;
	return 0;
}

/* Go back up, and remove where we were. cgroup2 has neither symlinks nor moves of directories, so
 * ".." is where we came from. */
static int step_up(int *here, struct way *way)
{
	int next = openat(*here, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (next < 0)
		return -errno;
	ins_close(*here);
	*here = next;
	if (unlinkat(next, way->names[--way->n], AT_REMOVEDIR) < 0 && errno != ENOENT)
		return -errno; /* nothing was left below it, so it has processes */
	return 0;
}

/* Remove all cgroups below @cgroup, however deep a guest has nested them. */
static int remove_children(int cgroup)
{
	cleanup_fd int here = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cleanup_with(cleanup_way) struct way way = {};
	int r = here < 0 ? -errno : 0;

	while (r == 0) {
		cleanup_dir DIR *entries = open_entries(here);
		const char *name = entries ? next_child(entries) : NULL;

		if (!name && (!entries || errno))
			return -errno;
		if (!name && way.n == 0)
			return 0;
		if (!name)
			r = step_up(&here, &way);
		else if (unlinkat(here, name, AT_REMOVEDIR) < 0)
			r = step_down(&here, &way, name);
	}
	return r;
}

/* Cut the last component off @path. Return: it; NULL if there is none. */
static char *cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return NULL;
	*slash = '\0';
	return slash + 1;
}

/* Remove the last component of @path, which is cut off. Return: 0, also if it is gone, or −errno.
 */
static int remove_last(int top, char *path)
{
	const char *name = cut_last(path);
	cleanup_fd int parent = name ? open_beneath(top, path, O_PATH) : -EINVAL;

	if (parent < 0)
		return is_gone(parent) ? 0 : parent;
	return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Remove the cgroup at @path, which is cut, and those that were made above it. Only its processes
 * or what is below it can keep it: −EBUSY. */
static int remove_made(int top, char *path, unsigned int made)
{
	int r = remove_last(top, path);

	for (unsigned int i = 1; r == 0 && i < made && path[0]; i++) {
		r = remove_last(top, path);
		/* Others may live up there by now. */
		if (r == -EBUSY || r == -ENOTEMPTY)
			return 0;
	}
	return r;
}

bool ins_cgroup_remove_empty(const char *mount, const char *path, unsigned int made)
{
	cleanup_fd int top = made > 0 ? open_mount(mount, NULL) : -1;
	cleanup_free char *way = top >= 0 ? strdup(path) : NULL;

	return way && remove_made(top, way, made) == 0;
}

int ins_cgroup_remove(const char *mount, const char *path, unsigned int made, struct ins_error *err)
{
	cleanup_fd int top = open_mount(mount, err), cgroup = -1;
	cleanup_free char *way = strdup(path);
	int r = 0;

	if (top < 0)
		return top;
	if (!way)
		return ins_error_set(err, ENOMEM, "remove the cgroup %s", path);
	cgroup = open_beneath(top, path, O_RDONLY);
	if (cgroup < 0 && !is_gone(cgroup))
		return ins_error_set(err, -cgroup, "open the cgroup %s", path);
	if (cgroup >= 0)
		r = remove_children(cgroup);
	if (r < 0 && !is_gone(r))
		return ins_error_set(err, -r, "remove the cgroups below %s", path);
	if (made == 0 && cgroup >= 0)
		ins_cgroup_disclaim(cgroup);
	if (made == 0)
		return cgroup >= 0 ? ins_devices_detach(cgroup, err) : 0;
	r = remove_made(top, way, made);
	return r < 0 ? ins_error_set(err, -r, "remove the cgroup %s", path) : 0;
}
