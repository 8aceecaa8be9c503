/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lxcfs [DIRECTORY] - a hook (createRuntime, prestart): lay what lxcfs shows over the files of /proc and /sys in a
 * container, for any runtime of the OCI specification.
 *
 * The container's files may be anybody's. So what is mounted is opened before its mount namespace is entered,
 * and where it is mounted is looked up beneath the container's root, through no link, and has to be procfs or sysfs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LXCFS_DIRECTORY "/var/lib/lxcfs"
#define CPUS_ONLINE     "sys/devices/system/cpu/online"

/* Ten are known; whatever else a newer lxcfs has in proc is taken, too. */
#define VIEWS_MAX 64

struct view {
	int tree;                                  /* a detached mount of the file */
	char path[sizeof("proc/") + NAME_MAX + 1]; /* beneath both roots */
};

struct views {
	size_t n;
	struct view v[VIEWS_MAX];
};

struct container {
	pid_t pid;
	char root[PATH_MAX]; /* as the runtime names it, absolute */
};

__attribute__((noreturn, format(printf, 2, 3))) static void fail(int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("hook lxcfs: ", stderr);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, code ? ": %s\n" : "\n", strerror(code));
	va_end(args);
	exit(1);
}

/* --- the container --------------------------------------------------------------------------------------- */

static const char *need_string(const json_t *object, const char *key, const char *file)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail(0, "%s: %s: there is no such string", file, key);
	return text;
}

/* The state says which bundle, and that says where the root is. */
static void read_container(struct container *container)
{
	json_error_t why;
	json_t *state = json_loadf(stdin, JSON_DISABLE_EOF_CHECK, &why), *config;
	const char *bundle, *root;
	char file[PATH_MAX];
	int n;

	if (!state)
		fail(0, "the container's state on the standard input: %s", why.text);
	container->pid = (pid_t)json_integer_value(json_object_get(state, "pid"));
	if (container->pid <= 0)
		fail(0, "state: pid: there is no process; this hook is for createRuntime or "
			"prestart");
	bundle = need_string(state, "bundle", "state");
	snprintf(file, sizeof(file), "%s/config.json", bundle);
	config = json_load_file(file, 0, &why);
	if (!config)
		fail(0, "%s: %s", file, why.text);
	root = need_string(json_object_get(config, "root"), "path", file);
	n = root[0] == '/'
		    ? snprintf(container->root, sizeof(container->root), "%s", root)
		    : snprintf(container->root, sizeof(container->root), "%s/%s", bundle, root);
	if (n >= (int)sizeof(container->root))
		fail(ENAMETOOLONG, "%s: root.path", file);
	json_decref(config);
	json_decref(state);
}

/* --- what lxcfs shows ------------------------------------------------------------------------------------ */

static void add_view(struct views *views, int dir, const char *path)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC };
	struct view *view = &views->v[views->n];

	if (views->n == VIEWS_MAX)
		return;
	view->tree = (int)syscall(SYS_open_tree, dir, path,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	if (view->tree < 0 && errno == ENOENT)
		return;
	if (view->tree < 0 ||
		syscall(SYS_mount_setattr, view->tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		fail(errno, "%s of lxcfs", path);
	snprintf(view->path, sizeof(view->path), "%s", path);
	views->n++;
}

static void open_views(const char *directory, struct views *views)
{
	int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int proc = dir < 0 ? -1 : openat(dir, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = proc < 0 ? NULL : fdopendir(proc);
	struct dirent *entry;

	if (!entries)
		fail(errno, "lxcfs does not run: %s/proc", directory);
	while ((entry = readdir(entries))) {
		char path[sizeof("proc/") + NAME_MAX];
		struct stat s;

		/* lxcfs does not tell the kind of its entries. */
		snprintf(path, sizeof(path), "proc/%s", entry->d_name);
		if (fstatat(dir, path, &s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s.st_mode))
			add_view(views, dir, path);
	}
	add_view(views, dir, CPUS_ONLINE);
	closedir(entries);
	close(dir);
}

/* --- inside ---------------------------------------------------------------------------------------------- */

static bool is_root_of(const struct stat *root)
{
	struct stat s;

	return stat("/", &s) == 0 && s.st_dev == root->st_dev && s.st_ino == root->st_ino;
}

/*
 * Return: the container's root, in its mount namespace, where this process is from then on.
 *
 * Before the pivot the root is at its own place; or lies over the host's, if the way there is barred to a user
 * namespace. A "/" that is still the host's is not taken for it: what is mounted there might reach the host.
 */
static int enter(const struct container *container)
{
	int pidfd = (int)syscall(SYS_pidfd_open, container->pid, 0), root;
	struct stat host;

	if (stat("/", &host) < 0)
		fail(errno, "/");
	if (pidfd < 0 || setns(pidfd, CLONE_NEWNS) < 0)
		fail(errno, "enter the mount namespace of process %d", (int)container->pid);
	close(pidfd);
	root = open(container->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 && errno == ENOENT && !is_root_of(&host))
		root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		fail(errno, "%s in the container's mount namespace", container->root);
	return root;
}

/* Return: −1: the container has no such file of the kernel's. */
static int open_target(int root, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	struct statfs s;
	int fd;

	/* EAGAIN: something was renamed somewhere meanwhile. */
	do
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return -1;
	if (fd < 0 || fstatfs(fd, &s) < 0)
		fail(errno, "/%s in the container", path);
	if (s.f_type == PROC_SUPER_MAGIC || s.f_type == SYSFS_MAGIC)
		return fd;
	close(fd);
	return -1;
}

static void attach(int root, const struct view *view)
{
	int target = open_target(root, view->path);

	if (target < 0)
		return;
	if (syscall(SYS_move_mount, view->tree, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		fail(errno, "mount over /%s in the container", view->path);
	close(target);
}

int main(int argc, char **argv)
{
	struct container container = { 0 };
	struct views views = { 0 };
	int root;

	if (argc > 2 || (argc == 2 && argv[1][0] != '/'))
		fail(0, "usage: lxcfs [DIRECTORY], where lxcfs is mounted (" LXCFS_DIRECTORY ")");
	read_container(&container);
	open_views(argc == 2 ? argv[1] : LXCFS_DIRECTORY, &views);
	root = enter(&container);
	for (size_t i = 0; i < views.n; i++)
		attach(root, &views.v[i]);
	return 0;
}
