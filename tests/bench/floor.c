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
#include <grp.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cage.h"

static void mount_or_die(const char *source, const char *target, const char *type,
	unsigned long flags, const char *data)
{
	if (mount(source, target, type, flags, data) < 0)
		die(target);
}

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
	static const char *const links[][2] = {
		{ "/proc/self/fd", "dev/fd" },
		{ "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" },
		{ "/proc/self/fd/2", "dev/stderr" },
		{ "pts/ptmx", "dev/ptmx" },
	};

	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) <
			0)
			die(nodes[i].path);
	}
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (symlink(links[i][0], links[i][1]) < 0)
			die(links[i][1]);
	}
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
	mount_or_die("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=0620,gid=5");
	mount_or_die("shm", "dev/shm", "tmpfs", safe, "mode=1777,size=65536k");
	mount_or_die("mqueue", "dev/mqueue", "mqueue", safe, NULL);
	mount_or_die("sysfs", "sys", "sysfs", safe | MS_RDONLY, NULL);
	mount_or_die("cgroup", "sys/fs/cgroup", "cgroup2", safe | MS_RELATIME | MS_RDONLY, NULL);

	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		die("pivot_root");
}

static void hide_paths(void)
{
	static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger" };
	static const char *const masked[] = { "/proc/acpi", "/proc/asound", "/proc/kcore",
		"/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
		"/proc/sched_debug", "/proc/scsi", "/sys/firmware" };

	for (size_t i = 0; i < sizeof(readonly) / sizeof(readonly[0]); i++) {
		if (mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno == ENOENT)
				continue;
			die(readonly[i]);
		}
		mount_or_die(NULL, readonly[i], NULL,
			MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL);
	}
	for (size_t i = 0; i < sizeof(masked) / sizeof(masked[0]); i++) {
		if (mount("/dev/null", masked[i], NULL, MS_BIND, NULL) == 0 || errno == ENOENT)
			continue;
		if (errno != ENOTDIR)
			die(masked[i]);
		mount_or_die("tmpfs", masked[i], "tmpfs", MS_RDONLY, "size=0k,nr_inodes=1");
	}
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		die("lo");
	close(fd);
}

static void attach_devices(int cgroup)
{
	const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(program[0]),
		.license = (uintptr_t) "Apache-2.0" };
	union bpf_attr attach = { .target_fd = (uint32_t)cgroup,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI };
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));

	attach.attach_bpf_fd = (uint32_t)fd;
	if (fd < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0)
		die("device program");
	close(fd);
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
