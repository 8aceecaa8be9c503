/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: the kernel work of `run /bin/true` with the configuration of this folder, written down
 * as straight calls, and nothing else: no JSON, no checks of what is known, no state. What a runtime
 * takes beyond this is its own.
 *
 *     floor ROOTFS CGROUP FILTER [WORD…]   run /bin/true in ROOTFS, in a new cgroup at CGROUP
 *     floor                                nothing: what a static program costs by itself
 *
 * FILTER holds a seccomp program as the kernel takes it. With the word "devices" a device program that
 * allows everything is loaded and attached, too; with "limits", the usual limits are written.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage.h"
#include "tree.h"

/* /dev as every container gets it. The working directory is the root to be. */
static void make_dev(void)
{
	static const struct {
		const char *path;
		unsigned int major, minor;
	} nodes[] = {
		{ "dev/null", 1, 3 },
		{ "dev/zero", 1, 5 },
		{ "dev/full", 1, 7 },
		{ "dev/tty", 5, 0 },
		{ "dev/random", 1, 8 },
		{ "dev/urandom", 1, 9 },
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) <
			0)
			die(nodes[i].path);
	}
	make_links();
}

static void make_tree(const char *rootfs)
{
	const unsigned long safe = MS_NOSUID | MS_NOEXEC | MS_NODEV;

	mount_or_die(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	mount_or_die(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
	if (chdir(rootfs) < 0)
		die(rootfs);
	mount_or_die("proc", "proc", "proc", safe, NULL);
	mount_or_die("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	make_dev();
	if (mkdir("dev/pts", 0755) < 0 || mkdir("dev/shm", 0755) < 0 ||
		mkdir("dev/mqueue", 0755) < 0)
		die("dev");
	mount_kernels("mode=1777,size=65536k");
	enter_root();
}

/* Those of the configuration that `run` of this folder makes. */
static void write_limits(int cgroup)
{
	static const char *const limits[][2] = {
		{ "cpu.weight", "59" },
		{ "cpu.max", "100000 100000" },
		{ "memory.max", "536870912" },
		{ "memory.swap.max", "536870912" },
		{ "memory.low", "268435456" },
		{ "pids.max", "2048" },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t length = strlen(limits[i][1]);
		int fd = openat(cgroup, limits[i][0], O_WRONLY | O_CLOEXEC);

		if (fd < 0 || write(fd, limits[i][1], length) != (ssize_t)length)
			die(limits[i][0]);
		close(fd);
	}
}

__attribute__((noreturn)) static void child(const char *rootfs, const struct sock_fprog *filter)
{
	const struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1024 };

	if (setsid() < 0)
		die("setsid");
	loopback_up();
	make_tree(rootfs);
	hide_paths();
	if (sethostname("box", 3) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0)
		die("names and limits");
	run_true(filter);
}

int main(int argc, char **argv)
{
	struct clone_args clone = { .flags = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
					     CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWCGROUP |
					     CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD };
	struct sock_fprog filter;
	siginfo_t info;
	long pid;
	int cgroup;

	if (argc < 4)
		return 0;
	read_filter(argv[3], &filter);
	if (mkdir(argv[2], 0755) < 0)
		die(argv[2]);
	cgroup = open(argv[2], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (cgroup < 0)
		die(argv[2]);
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "devices") == 0)
			attach_devices(cgroup);
		if (strcmp(argv[i], "limits") == 0)
			write_limits(cgroup);
	}
	clone.cgroup = (uint64_t)cgroup;
	pid = syscall(SYS_clone3, &clone, sizeof(clone));
	if (pid < 0)
		die("clone3");
	if (pid == 0)
		child(argv[1], &filter);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED) < 0)
		die("waitid");
	if (rmdir(argv[2]) < 0)
		die(argv[2]);
	return info.si_code == CLD_EXITED ? info.si_status : 1;
}
