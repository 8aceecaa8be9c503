/* SPDX-License-Identifier: Apache-2.0 */
/* The container's cgroup: made, given its device program, handed to its owner, opened for a mount. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cgroup/controllers.h"
#include "cgroup/devices.h"
#include "cgroup/directory.h"
#include "cgroup/limits.h"
#include "plan/run.h"
#include "sys/bare.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif

/* How often a parent may vanish under our hands before we give up: each time another container that
 * was alone in it was deleted. */
#define MOST_ATTEMPTS 16

#define DELEGATE_FILE "/sys/kernel/cgroup/delegate"

#define NO_ACCESS_HINT                                                                         \
	" (the cgroup above belongs to somebody else: --systemd-cgroup asks systemd for one, " \
	"--cgroup-manager=disabled does without)"

static void remove_made(struct ins_run *run, const char *path, unsigned int made)
{
	struct ins_error why = { 0 };

	if (ins_cgroup_remove(run->host->cgroup_mount, path, made, &why) < 0)
		ins_run_undo_failed(run, &why);
}

static void remove_cgroup(void *data, long made)
{
	struct ins_run *run = data;
	const char *mount = run->host->cgroup_mount, *path = run->plan->cgroup;
	cleanup_fd int cgroup = -1;

	/* Also what a hook has left in it. */
	if (ins_cgroup_open(mount, path, &cgroup, NULL) == 0 && ins_cgroup_kill(cgroup, NULL) == 0)
		(void)ins_cgroup_wait_empty(cgroup, INS_KILL_TIMEOUT_MS, NULL);
	remove_made(run, path, (unsigned int)made);
}

/* The next component of a path: *path is moved behind it. Return: its length, 0 at the end. */
static size_t next_component(const char **path, char *name)
{
	size_t length;

	while (**path == '/')
		(*path)++;
	length = strcspn(*path, "/");
	memcpy(name, *path, length); /* NAME_MAX was checked by the planner */
	name[length] = '\0';
	*path += length;
	return length;
}

/* Go down as far as there is something. Return: how many components are missing, or −errno. */
static int open_existing(int top, const char **path, int *ret_fd, struct ins_error *err)
{
	cleanup_fd int here = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];
	int missing = 0;

	if (here < 0)
		return ins_error_set(err, errno, "open the cgroup2 hierarchy");
	for (;;) {
		const char *rest = *path;
		int next;

		if (next_component(&rest, name) == 0)
			break;
		next = ins_cgroup_open_beneath(here, name, O_RDONLY);
		if (ins_cgroup_is_gone(next))
			break;
		if (next < 0)
			return ins_error_set(err, -next, "open the cgroup %s", name);
		ins_close(here);
		here = next;
		*path = rest;
	}
	for (const char *rest = *path; next_component(&rest, name) > 0;)
		missing++;
	*ret_fd = TAKE_FD(here);
	return missing;
}

/* Remove the first @made of the @missing last components of a path: we were not able to go on. */
static void unmake(struct ins_run *run, int missing, int made)
{
	cleanup_free char *way = strdup(run->plan->cgroup);

	for (int i = made; way && i < missing; i++)
		*strrchr(way, '/') = '\0';
	if (!way)
		run->undo_failed = true;
	else if (made > 0)
		remove_made(run, way, (unsigned int)made);
}

/* Make what is missing below *fd, which becomes the last one. Return: 0, −ESTALE to start over. */
static int make_missing(
	int *fd, const char *path, int missing, int *ret_made, struct ins_error *err)
{
	char name[NAME_MAX + 1];
	int made = 0;

	for (; next_component(&path, name) > 0; *ret_made = ++made) {
		bool is_ours = mkdirat(*fd, name, 0755) == 0;
		/* Above the container's own, another one may be first and be the one who made it. */
		int next = is_ours || (errno == EEXIST && made < missing - 1) ? 0 : -errno;

		if (is_ours)
			*ret_made = made + 1;
		if (next == 0)
			next = ins_cgroup_open_beneath(*fd, name, O_RDONLY);
		/* Whatever our umask: a container reads its limits there. */
		if (next >= 0 && is_ours)
			(void)fchmod(next, 0755);
		if (ins_cgroup_is_gone(next))
			return -ESTALE;
		if (next < 0)
			return ins_error_set(err, -next, "make the cgroup %s%s", name,
				next == -EACCES ? NO_ACCESS_HINT : "");
		ins_close(*fd);
		*fd = next;
	}
	return 0;
}

/* A process that is born into a frozen cgroup stops before it has done anything, and we would wait
 * for it for ever. */
static int check_not_frozen(const struct ins_run *run, int cgroup, struct ins_error *err)
{
	bool frozen;
	int r = ins_cgroup_is_frozen(cgroup, &frozen, err);

	if (r == 0 && frozen)
		return ins_error_text(err, EBUSY,
			"container's cgroup unexpectedly frozen: somebody has written 1 to the "
			"cgroup.freeze of %s, or of a cgroup above it",
			run->plan->cgroup);
	return r;
}

/* The processes of others could not be told from the container's. */
static int check_empty(int cgroup, struct ins_error *err)
{
	cleanup_free pid_t *pids = NULL;
	size_t n;
	int r = ins_cgroup_pids(cgroup, &pids, &n, err);

	if (r == 0 && n > 0)
		return ins_error_text(
			err, EBUSY, "container's cgroup is not empty: %zu process(es) found", n);
	return r;
}

static int chown_one(int cgroup, const char *file, uint32_t uid, struct ins_error *err)
{
	/* The group stays: the specification speaks of the owner only. Not every cgroup has every
	 * file; that is no error (config-linux.md). */
	if (fchownat(cgroup, file, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) < 0 &&
		(errno != ENOENT || !file[0]))
		return ins_error_set(err, errno, "make uid %u the owner of the cgroup%s%s", uid,
			file[0] ? "'s " : "", file);
	return 0;
}

int ins_cgroup_delegate(int cgroup, uint32_t uid, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	char *rest, *name;
	int r = chown_one(cgroup, "", uid, err);

	if (r < 0)
		return r;
	/* Linux 4.16 lists what may be given away; config-linux.md has these for want of it. */
	if (ins_file_read(AT_FDCWD, DELEGATE_FILE, 65536, &text, NULL, NULL) < 0)
		text = strdup("cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n");
	if (!text)
		return ins_error_set(err, ENOMEM, "hand over the cgroup");
	for (name = strtok_r(text, "\n", &rest); name && r == 0; name = strtok_r(NULL, "\n", &rest))
		r = chown_one(cgroup, name, uid, err);
	return r;
}

/* Have the state file say what will be made. Without one (NULL) nobody asks. */
static int announce(struct ins_run *run, int missing, int *announced, struct ins_error *err)
{
	int r = 0;

	if (missing > *announced && run->cgroup_will_be_made)
		r = run->cgroup_will_be_made(run, (unsigned int)missing, err);
	if (r == 0 && missing > *announced)
		*announced = missing;
	return r;
}

/* Most often another container has been there before, and its parent hands down what is wanted. */
static int enable_controllers(
	struct ins_run *run, int top, const struct ins_op *op, struct ins_error *err)
{
	uint32_t wanted = op->cgroup.controllers | op->cgroup.offered, has = 0;
	int r = wanted ? ins_controllers_enabled(run->cgroup_fd, &has, err) : 0;

	if (r < 0 || !(wanted & ~has))
		return r;
	return ins_controllers_enable(top, op->path, wanted, wanted & ~op->cgroup.controllers, err);
}

static void restore_limits(void *data, long number)
{
	struct ins_run *run = data;
	struct ins_error why = { 0 };

	(void)number;
	if (ins_limits_restore(run->cgroup_fd, run->limits_before, &why) < 0)
		ins_run_warn(run, why.text);
}

/* The limits of a cgroup that somebody else has made are not ours to lose. */
static int remember_limits(struct ins_run *run, struct ins_error *err)
{
	run->limits_before = calloc(1, sizeof(*run->limits_before));
	if (!run->limits_before)
		return ins_error_set(err, ENOMEM, "take over the cgroup");
	ins_undo_push(&run->undo, restore_limits, run, 0);
	return 0;
}

/* A cgroup that is there is looked at before it is announced: what the state file names is ours to kill. */
static int take_over(struct ins_run *run, int cgroup, int *announced, struct ins_error *err)
{
	int r;

	if (*announced > 0)
		return ins_error_set(err, EEXIST, "make the cgroup %s", run->plan->cgroup);
	r = check_empty(cgroup, err);
	if (r == 0)
		r = ins_cgroup_claim(cgroup, run->state_root, run->plan->id, err);
	if (r < 0)
		return r;
	ins_undo_push(&run->undo, remove_cgroup, run, 0);
	r = announce(run, 0, announced, err);
	return r < 0 ? r : remember_limits(run, err);
}

/* One that is not there is announced before any of it is. Return: 0, −ESTALE to start over. */
static int make(struct ins_run *run, int *cgroup, const char *path, int missing, int *announced,
	struct ins_error *err)
{
	int made = 0, r = announce(run, missing, announced, err);

	if (r == 0)
		r = make_missing(cgroup, path, missing, &made, err);
	if (r == 0)
		r = ins_cgroup_claim(*cgroup, run->state_root, run->plan->id, err);
	if (r < 0)
		unmake(run, missing, made);
	else
		ins_undo_push(&run->undo, remove_cgroup, run, *announced);
	return r;
}

/*
 * One attempt to make the cgroup.
 * @announced: what earlier attempts have announced, −1: nothing
 *
 * Return: 0, −ESTALE (nothing recorded) to start over.
 */
static int attempt(struct ins_run *run, int top, int *announced, struct ins_error *err)
{
	const char *path = run->plan->cgroup;
	cleanup_fd int fd = -1;
	int missing = open_existing(top, &path, &fd, err), r;

	if (missing < 0)
		return missing;
	r = missing == 0 ? take_over(run, fd, announced, err)
			 : make(run, &fd, path, missing, announced, err);
	if (r < 0)
		return r;
	run->cgroup_fd = TAKE_FD(fd);
	return check_not_frozen(run, run->cgroup_fd, err);
}

int ins_cgroup_create_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int top = -1;
	int announced = -1;
	int r = ins_cgroup_open(run->host->cgroup_mount, "/", &top, err);

	if (r == 0)
		r = attempt(run, top, &announced, err);
	for (int i = 1; i < MOST_ATTEMPTS && r == -ESTALE; i++)
		r = attempt(run, top, &announced, err);
	if (r == -ESTALE)
		return ins_error_set(err, EBUSY, "make the cgroup %s", op->path);
	if (r == 0)
		r = enable_controllers(run, top, op, err);
	if (r == 0 && op->cgroup.delegate)
		r = ins_cgroup_delegate(run->cgroup_fd, op->cgroup.uid, err);
	return r;
}

int ins_cgroup_devices_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	return ins_devices_attach(run->cgroup_fd, run->state_root, op->devices.instructions,
		op->devices.n_instructions, err);
}

int ins_cgroup_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	int fd = (int)ins_sys(open_tree, run->cgroup_fd, "",
		AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC); /* Linux 5.2 */

	if (fd < 0)
		return ins_error_set(err, -fd, "make a mount of the container's cgroup");
	run->slots[op->slot] = fd;
	return 0;
}
