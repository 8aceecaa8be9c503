/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of the state store: finding, locking, removing. The record in them is record.c's. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/directory.h"
#include "base/error.h"
#include "guest/record.h"

int ins_id_check(const char *id, struct ins_error *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_+.-";
	size_t n = id ? strlen(id) : 0;

	if (n == 0)
		return ins_error_text(err, EINVAL, "a container id is needed");
	if (n > INS_ID_MAX)
		return ins_error_text(
			err, EINVAL, "the container id is longer than %d characters", INS_ID_MAX);
	if (id[0] == '.' || strspn(id, allowed) != n)
		return ins_error_text(err, EINVAL,
			"invalid container id '%s': only letters, digits and _ + - . are allowed, "
			"and no dot in front",
			id);
	return 0;
}

static const char *root_hint(int code)
{
	return code == EACCES ? " (--root or XDG_RUNTIME_DIR names another)" : "";
}

/* mkdir -p for the state directory itself. It has to belong to us and be closed to others. */
static int open_root(struct ins_context *context, bool make, struct ins_error *err)
{
	char path[PATH_MAX];
	struct stat s;
	int fd;

	if (strlen(context->root) >= sizeof(path))
		return ins_error_set(err, ENAMETOOLONG, "state directory %.64s…", context->root);
	strcpy(path, context->root);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		make = false;
	for (char *slash = path + 1; make && (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return ins_error_set(
				err, errno, "make the state directory's parent %s", path);
		*slash = '/';
	}
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return ins_error_set(
			err, errno, "make the state directory %s%s", path, root_hint(errno));
	if (fd < 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return ins_error_set(err, errno, "state directory %s%s", path, root_hint(errno));
	/* Who may write there could exchange a container's state (CVE-2021-41103's class). */
	if (fstat(fd, &s) < 0) {
		ins_close(fd);
		return ins_error_set(err, errno, "stat of the state directory %s", path);
	}
	if ((s.st_uid != geteuid() && s.st_uid != 0) || (s.st_mode & 022)) {
		ins_close(fd);
		return ins_error_text(err, EPERM,
			"the state directory %s must belong to the caller and be writable by "
			"nobody else",
			path);
	}
	return fd;
}

static int does_not_exist(const char *id, struct ins_error *err)
{
	return ins_error_text(err, ENOENT, "container \"%s\" does not exist", id);
}

/* Who holds the lock, as the kernel lists it: "1: FLOCK ADVISORY WRITE 4711 00:1a:53 0 EOF". Return: a
 * pid, or 0 if that cannot be told. */
static pid_t lock_holder(int dir)
{
	cleanup_file FILE *locks = fopen("/proc/locks", "re");
	char line[256];
	struct stat s;

	if (!locks || fstat(dir, &s) < 0)
		return 0;
	while (fgets(line, sizeof(line), locks)) {
		unsigned int major, minor;
		unsigned long inode;
		int pid;

		if (sscanf(line, "%*d: FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor, &inode) ==
				4 &&
			inode == s.st_ino && makedev(major, minor) == s.st_dev && pid > 0)
			return pid;
	}
	return 0;
}

static int is_busy(int dir, const char *id, struct ins_error *err)
{
	pid_t holder = lock_holder(dir);
	char path[40], name[32] = "";
	cleanup_fd int fd = -1;
	ssize_t n = 0;

	if (holder == 0)
		return ins_error_text(err, EBUSY,
			"container \"%s\" is busy: another command has been at work on it for %d s",
			id, INS_LOCK_SECONDS);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)holder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, name, sizeof(name) - 1);
	name[n > 0 ? n - 1 : 0] = '\0';
	return ins_error_text(err, EBUSY,
		"container \"%s\" is busy: process %d%s%s has been at work on it for %d s", id,
		(int)holder, name[0] ? ", " : "", name, INS_LOCK_SECONDS);
}

static int lock(int dir, enum ins_lock how, const char *id, struct ins_error *err)
{
	static const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	if (how == INS_LOCK_NONE)
		return 0;
	for (int tries = 0; flock(dir, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ins_error_set(err, errno, "lock container %s", id);
		if (tries >= INS_LOCK_SECONDS * 100)
			return is_busy(dir, id, err);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* Between our open and our lock, another verb may have removed the directory. Return: 1 if it is still
 * there, 0, or −errno. */
static int is_still_there(int root, int dir, const char *id, struct ins_error *err)
{
	struct stat held, named;

	if (fstat(dir, &held) == 0 && fstatat(root, id, &named, AT_SYMLINK_NOFOLLOW) == 0)
		return held.st_ino == named.st_ino && held.st_dev == named.st_dev;
	return errno == ENOENT ? 0
			       : ins_error_set(err, errno,
					 "stat of the state directory of container %s", id);
}

static int exists_already(const char *id, struct ins_error *err)
{
	return ins_error_text(err, EEXIST, "container with given ID already exists: %s", id);
}

/* Lock a directory that is to be a new container's. One that nobody holds and that has no record is
 * what a killed create left before it had any effect: the id is free. */
static int claim(int root, int dir, const char *id, struct ins_error *err)
{
	int r;

	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? exists_already(id, err)
					    : ins_error_set(err, errno, "lock container %s", id);
	r = is_still_there(root, dir, id, err);
	if (r < 0)
		return r;
	if (r == 0 || faccessat(dir, "state.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return exists_already(id, err);
	return errno == ENOENT ? 0 : ins_error_set(err, errno, "look for container %s", id);
}

int ins_store_create(struct ins_context *context, const char *id, struct ins_store *ret_store,
	struct ins_error *err)
{
	cleanup_fd int root = -1, dir = -1;
	bool is_new;
	int r = ins_id_check(id, err);

	if (r < 0)
		return r;
	root = open_root(context, true, err);
	if (root < 0)
		return root;
	is_new = mkdirat(root, id, 0700) == 0;
	if (!is_new && errno != EEXIST)
		return ins_error_set(err, errno, "make the state directory of container %s", id);
	dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 ? ins_error_set(err, errno, "open the state directory of container %s", id)
		    : claim(root, dir, id, err);
	if (r < 0) {
		if (is_new && r != -EEXIST)
			(void)unlinkat(root, id, AT_REMOVEDIR);
		return r;
	}
	*ret_store =
		(struct ins_store){ .root = TAKE_FD(root), .dir = TAKE_FD(dir), .is_locked = true };
	return 0;
}

int ins_store_open(struct ins_context *context, const char *id, enum ins_lock how,
	bool allow_broken, struct ins_store *ret_store, struct ins_error *err)
{
	cleanup_fd int root = -1, dir = -1;
	struct ins_error ignored = { 0 };
	struct ins_record record = { 0 };
	int r = ins_id_check(id, err);

	if (r < 0)
		return r;
	root = open_root(context, false, &ignored);
	if (root == -ENOENT)
		return does_not_exist(id, err);
	if (root < 0)
		return ins_error_text(err, -root, "%s", ignored.text);
	dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return does_not_exist(id, err);
	if (dir < 0)
		return ins_error_set(err, errno, "open the state directory of container %s", id);
	r = lock(dir, how, id, err);
	if (r < 0)
		return r;
	r = how == INS_LOCK_NONE ? 1 : is_still_there(root, dir, id, err);
	if (r <= 0)
		return r < 0 ? r : does_not_exist(id, err);
	r = ins_record_load(dir, &record, err);
	if (r == -ENOENT) {
		ins_error_clear(err);
		if (!allow_broken)
			return does_not_exist(id, err);
	} else if (r == -EINVAL && allow_broken) {
		/* Whoever asked for this gets rid of what names nothing any more. One that only could
		 * not be read just now still does. */
		ins_error_clear(err);
	} else if (r < 0) {
		return ins_error_prefix(err, "the state of container %s", id);
	}
	*ret_store = (struct ins_store){ .root = TAKE_FD(root),
		.dir = TAKE_FD(dir),
		.record = record,
		.is_locked = how != INS_LOCK_NONE };
	return 0;
}

void ins_store_close(struct ins_store *store)
{
	ins_record_clear(&store->record);
	store->dir = ins_close(store->dir);
	store->root = ins_close(store->root);
}

int ins_store_busy(const struct ins_store *store, struct ins_error *err)
{
	cleanup_fd int again = -1;

	if (store->is_locked)
		return 0;
	/* By another open file description: our own must not come to hold the lock. */
	again = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0)
		return ins_error_set(err, errno, "open the state directory of the container");
	if (flock(again, LOCK_SH | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : ins_error_set(err, errno, "look at the container's lock");
}

struct sockaddr_un ins_store_start_address(const struct ins_store *store)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" INS_START_SOCKET,
		store->dir);
	return address;
}

int ins_store_remove(struct ins_store *store, const char *id, struct ins_error *err)
{
	cleanup_dir DIR *dir = NULL;
	struct dirent *entry;
	int again = openat(store->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = again < 0 ? NULL : fdopendir(again);
	if (!dir) {
		ins_close(again);
		return ins_error_set(err, errno, "read the state directory of container %s", id);
	}
	/* The record goes last: a kill in between leaves something that can be found. */
	while (errno = 0, entry = readdir(dir)) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
			!strcmp(entry->d_name, "state.json"))
			continue;
		if (unlinkat(store->dir, entry->d_name, 0) < 0 && errno != ENOENT)
			return ins_error_set(
				err, errno, "remove %s of container %s", entry->d_name, id);
	}
	if (errno)
		return ins_error_set(err, errno, "read the state directory of container %s", id);
	if (unlinkat(store->dir, "state.json", 0) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "remove state.json of container %s", id);
	if (unlinkat(store->root, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "remove the state directory of container %s", id);
	return 0;
}

int ins_store_ids(
	struct ins_context *context, char ***ret_ids, size_t *ret_n, struct ins_error *err)
{
	struct ins_error ignored = { 0 };
	int root = open_root(context, false, &ignored), r;

	if (root == -ENOENT) {
		*ret_ids = NULL;
		*ret_n = 0;
		return 0;
	}
	if (root < 0)
		return ins_error_text(err, -root, "%s", ignored.text);
	r = ins_directory_names(root, ret_ids, ret_n);
	return r < 0 ? ins_error_set(err, -r, "list the containers") : 0;
}
