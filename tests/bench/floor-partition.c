/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of `spawn`: the kernel work of a partition with ids of its own, an overlay as its root and a
 * routed network, as straight calls; no JSON, no state, nobody who looks after it.
 *
 *     floor-partition IMAGE OWN CGROUP FILTER NUMBER
 *
 * leaves /bin/sleep running in the new cgroup at CGROUP, with IMAGE below the new directory OWN as its root.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cage.h"
#include "tree.h"
#include "veth.h"

struct floor {
	const char *image, *own;
	struct sock_fprog filter;
	uint32_t number, first_id;
	int root;    /* the overlay, attached nowhere */
	int go[2];   /* to the child: its ids and network are there, and this is the root */
	int gone[2]; /* from the child: it has copies of the fds; they are closed */
};

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* --- the host's side ------------------------------------------------------------------------------- */

static void map_ids(const struct floor *floor, long pid)
{
	char path[64], map[64];

	snprintf(map, sizeof(map), "0 %u 65536", floor->first_id);
	snprintf(path, sizeof(path), "/proc/%ld/uid_map", pid);
	write_file(path, map);
	snprintf(path, sizeof(path), "/proc/%ld/gid_map", pid);
	write_file(path, map);
}

static int open_mapped(const char *path, int userns)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		die(path);
	return fd;
}

static void set_fd(int context, const char *key, int fd)
{
	if (fd < 0 || syscall(SYS_fsconfig, context, FSCONFIG_SET_FD, key, NULL, fd) < 0)
		die(key);
}

/* What the overlay does in the guest's name it does with the ids of who has made it, and all capabilities. */
static void make_root(struct floor *floor, int userns)
{
	int image = open_mapped(floor->image, userns), own = open_mapped(floor->own, userns);
	int upper = openat(own, "upper", O_PATH | O_CLOEXEC);
	int work = openat(own, "work", O_PATH | O_CLOEXEC), context;

	setfsgid(floor->first_id);
	setfsuid(floor->first_id);
	raise_capabilities();
	context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	set_fd(context, "lowerdir+", image);
	set_fd(context, "upperdir", upper);
	set_fd(context, "workdir", work);
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		die("overlay");
	floor->root = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (floor->root < 0)
		die("fsmount");
	setfsuid(0);
	setfsgid(0);
	raise_capabilities();
}

static void make_own(const struct floor *floor)
{
	if (mkdir(floor->own, 0755) < 0 || chdir(floor->own) < 0)
		die(floor->own);
	if (mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0 || mkdir("rootfs", 0755) < 0)
		die(floor->own);
	write_file("hosts", "127.0.0.1 localhost\n");
	write_file("resolv.conf", "nameserver 192.0.2.1\n");
}

/* --- the guest's side ------------------------------------------------------------------------------ */

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		die(path);
	close(fd);
}

static void make_dev(void)
{
	static const char *const devices[] = { "dev/null", "dev/zero", "dev/full", "dev/tty",
		"dev/random", "dev/urandom" };

	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		char source[64];

		snprintf(source, sizeof(source), "/%s", devices[i]);
		touch(devices[i]);
		mount_or_die(source, devices[i], NULL, MS_BIND, NULL);
	}
	make_links();
	if (mkdir("dev/pts", 0755) < 0 || mkdir("dev/shm", 0755) < 0 ||
		mkdir("dev/mqueue", 0755) < 0)
		die("dev");
}

static void bind_file(const struct floor *floor, const char *name)
{
	char source[4096], target[64];

	snprintf(source, sizeof(source), "%s/%s", floor->own, name);
	snprintf(target, sizeof(target), "etc/%s", name);
	touch(target);
	mount_or_die(source, target, NULL, MS_BIND, NULL);
	mount_or_die(NULL, target, NULL,
		MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

static void make_tree(const struct floor *floor)
{
	const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	mount_or_die(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (syscall(SYS_move_mount, floor->root, "", AT_FDCWD, "rootfs", MOVE_MOUNT_F_EMPTY_PATH) <
			0 ||
		chdir("rootfs") < 0)
		die("rootfs");
	mount_or_die("proc", "proc", "proc", safe, NULL);
	mount_or_die("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=1m");
	make_dev();
	mount_kernels("mode=1777,size=64m");
	bind_file(floor, "hosts");
	bind_file(floor, "resolv.conf");
	write_file("proc/sys/net/ipv4/ping_group_range", "0 65535");
	write_file("proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	enter_root();
}

__attribute__((noreturn)) static void guest(struct floor *floor)
{
	char program[] = "/bin/sleep", argument[] = "100000";
	char *const args[] = { program, argument, NULL };

	if (read(floor->go[0], &floor->root, sizeof(floor->root)) != sizeof(floor->root))
		die("the host's side");
	/* Now that the root's fd is there, the fds are our own, and the host's side closes its ones. */
	if (unshare(CLONE_FILES | CLONE_NEWCGROUP | CLONE_NEWTIME) < 0 ||
		write(floor->gone[1], "", 1) != 1)
		die("unshare");
	if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0)
		die("ids");
	if (setsid() < 0 || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		die("session");
	loopback_up();
	veth_set_up_guest(floor->number);
	make_tree(floor);
	hide_paths();
	if (sethostname("box", 3) < 0)
		die("sethostname");
	run_program(args, &floor->filter);
}

int main(int argc, char **argv)
{
	struct clone_args clone = { .flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
					     CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS |
					     CLONE_INTO_CGROUP | CLONE_FILES,
		.exit_signal = SIGCHLD };
	struct floor floor = {};
	char path[64], byte;
	int cgroup, net, user;
	long pid;

	if (argc != 6)
		return 2;
	floor.image = argv[1];
	floor.own = argv[2];
	read_filter(argv[4], &floor.filter);
	floor.number = (uint32_t)atoi(argv[5]);
	floor.first_id = 0x40000000 + floor.number * 65536;
	make_own(&floor);
	if (mkdir(argv[3], 0755) < 0 || pipe2(floor.go, O_CLOEXEC) < 0 ||
		pipe2(floor.gone, O_CLOEXEC) < 0)
		die(argv[3]);
	cgroup = open(argv[3], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (cgroup < 0)
		die(argv[3]);
	attach_devices(cgroup);
	clone.cgroup = (uint64_t)cgroup;
	pid = syscall(SYS_clone3, &clone, sizeof(clone));
	if (pid < 0)
		die("clone3");
	if (pid == 0)
		guest(&floor);
	map_ids(&floor, pid);
	snprintf(path, sizeof(path), "/proc/%ld/ns/user", pid);
	user = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%ld/ns/net", pid);
	net = open(path, O_RDONLY | O_CLOEXEC);
	if (user < 0 || net < 0)
		die(path);
	make_root(&floor, user);
	veth_make(floor.number, net);
	if (write(floor.go[1], &floor.root, sizeof(floor.root)) != sizeof(floor.root) ||
		read(floor.gone[0], &byte, 1) != 1)
		die("the guest's side");
	close(floor.gone[1]);
	return read(floor.gone[0], &byte, 1) == 0 ? 0 : 1;
}
