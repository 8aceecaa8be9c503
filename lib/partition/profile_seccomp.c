/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a partition may make: a list of what is let through.
 *
 * What is not on it answers ENOSYS, so that a C library takes an older way instead of a call that is newer than
 * this list. What has been left out on purpose answers EPERM: programs know that from ordinary users.
 *
 * Only the machine's own architecture is in it. The calls of 32-bit programs are a second way into the kernel,
 * and socketcall() has the address family behind a pointer, where no filter sees it.
 */
#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "partition/profile.h"

struct comparison {
	unsigned int index;
	const char *operator;
	uint64_t value, value_two;
};

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* --- the lists -------------------------------------------------------------------------------------------- */

/* By subject. All of this works on what a process has already, and the kernel asks for rights where any are
 * needed. */
static const char *const files[] = { "access", "chdir", "chmod", "chown", "chown32", "close",
	"close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat", "faccessat2",
	"fadvise64", "fadvise64_64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2",
	"fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync", "fgetxattr",
	"flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64",
	"fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64", "futimesat", "getcwd",
	"getdents", "getdents64", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init",
	"inotify_init1", "inotify_rm_watch", "ioctl", "lchown", "lchown32", "lgetxattr", "link",
	"linkat", "listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "_llseek",
	"lsetxattr", "lstat", "lstat64", "mkdir", "mkdirat", "mknod", "mknodat",
	"name_to_handle_at", "newfstatat", "open", "openat", "openat2", "pread64", "preadv",
	"preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat",
	"readv", "removexattr", "removexattrat", "rename", "renameat", "renameat2", "rmdir",
	"sendfile", "sendfile64", "setxattr", "setxattrat", "splice", "stat", "stat64", "statfs",
	"statfs64", "statx", "symlink", "symlinkat", "sync", "sync_file_range", "syncfs", "tee",
	"truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat",
	"utimensat_time64", "utimes", "write", "writev" };

/* Not io_setup() and what goes with it: its places (fs.aio-max-nr) are one number for the host, and whoever takes
 * all of them stops its databases. These do without where it is not there. */
static const char *const waiting[] = { "_newselect", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "eventfd", "eventfd2", "pipe", "pipe2", "poll",
	"ppoll", "ppoll_time64", "pselect6", "pselect6_time64", "select", "signalfd", "signalfd4",
	"timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime",
	"timerfd_settime64" };

static const char *const memory[] = { "brk", "cachestat", "madvise", "map_shadow_stack",
	"membarrier", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall", "mprotect",
	"mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free",
	"pkey_mprotect", "process_mrelease", "remap_file_pages" };

static const char *const processes[] = { "alarm", "arch_prctl", "capget", "capset", "execve",
	"execveat", "exit", "exit_group", "fork", "get_robust_list", "get_thread_area", "getcpu",
	"getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
	"getgroups32", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid",
	"getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "gettid",
	"getuid", "getuid32", "ioprio_get", "ioprio_set", "kill", "pause", "pidfd_open",
	"pidfd_send_signal", "prctl", "prlimit64", "restart_syscall", "riscv_flush_icache",
	"riscv_hwprobe", "rseq", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
	"rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sched_get_priority_max",
	"sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
	"sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64",
	"sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
	"set_robust_list", "set_thread_area", "set_tid_address", "setfsgid", "setfsgid32",
	"setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups", "setgroups32", "setpgid",
	"setpriority", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid",
	"setresuid32", "setreuid", "setreuid32", "setrlimit", "setsid", "setuid", "setuid32",
	"sigaction", "sigaltstack", "signal", "sigpending", "sigprocmask", "sigreturn",
	"sigsuspend", "sysinfo", "tgkill", "time", "times", "tkill", "ugetrlimit", "uname", "vfork",
	"wait4", "waitid", "waitpid" };

/* Seccomp and Landlock only take rights away. */
static const char *const less[] = { "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "seccomp" };

/* The two with "adj" tell how well the clock runs; setting it takes the right to the host's. */
static const char *const times_and_locks[] = { "adjtimex", "clock_adjtime", "clock_adjtime64",
	"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "futex", "futex_requeue", "futex_time64",
	"futex_wait", "futex_waitv", "futex_wake", "getitimer", "getrandom", "gettimeofday",
	"nanosleep", "setitimer", "timer_create", "timer_delete", "timer_getoverrun",
	"timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64" };

static const char *const talking[] = { "accept", "accept4", "bind", "connect", "getpeername",
	"getsockname", "getsockopt", "ipc", "listen", "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64",
	"mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "semctl", "semget", "semop", "semtimedop",
	"semtimedop_time64", "send", "sendmmsg", "sendmsg", "sendto", "shmat", "shmctl", "shmdt",
	"shmget", "shutdown" };

/* Since Linux 4.8 a tracer cannot get around the filter of what it traces; older ones are not supported. */
static const char *const debugging[] = { "pidfd_getfd", "process_vm_readv", "process_vm_writev",
	"ptrace" };

/* What only some machines have. */
static const char *const of_machines[] = { "arm_fadvise64_64", "arm_sync_file_range", "breakpoint",
	"cacheflush", "set_tls", "swapcontext", "sync_file_range2" };

static const struct {
	const char *const *names;
	size_t n;
} allowed[] = {
/* clang-format off */
#define LIST(list) { list, ARRAY_LENGTH(list) }
	/* clang-format on */
	LIST(files),
	LIST(waiting),
	LIST(memory),
	LIST(processes),
	LIST(less),
	LIST(times_and_locks),
	LIST(talking),
	LIST(debugging),
	LIST(of_machines),
#undef LIST
};

/* What comes with a capability. EPERM without it; clone3() has its flags behind a pointer and is ENOSYS then:
 * C libraries take clone() instead. */
static const struct {
	unsigned char capability;
	const char *const *names;
} with_capability[] = {
	{ CAP_SYS_ADMIN,
		WORDS("fsconfig", "fsmount", "fsopen", "fspick", "listmount", "mount",
			"mount_setattr", "move_mount", "open_tree", "pivot_root", "setdomainname",
			"sethostname", "setns", "statmount", "umount", "umount2", "unshare") },
	{ CAP_SYS_BOOT, WORDS("reboot") },
	{ CAP_SYS_CHROOT, WORDS("chroot") },
	{ CAP_SYS_NICE,
		WORDS("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node") },
	{ CAP_SYS_PTRACE, WORDS("kcmp", "process_madvise") },
	{ CAP_SYS_TTY_CONFIG, WORDS("vhangup") },
};

/* Not for any partition. */
static const char *const forbidden[] = {
	/* The host's kernel, devices, clock, swap, accounts and log: a user namespace has no right to them. */
	"acct", "clock_settime", "clock_settime64", "create_module", "delete_module",
	"finit_module", "get_kernel_syms", "init_module", "ioperm", "iopl", "kexec_file_load",
	"kexec_load", "nfsservctl", "query_module", "quotactl", "quotactl_fd", "settimeofday",
	"stime", "swapoff", "swapon", "sysfs", "_sysctl", "syslog", "uselib", "ustat", "vm86",
	"vm86old",
	/* Keyrings are counted by user, not by namespace. */
	"add_key", "keyctl", "request_key",
	/* Large interfaces, from which most ways out of a container have come; what io_uring does passes no
	 * filter. */
	"bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "lookup_dcookie",
	"modify_ldt", "perf_event_open", "userfaultfd", "vmsplice",
	/* Opens any file of a file system by number, also above the root. */
	"open_by_handle_at",
	/* Watches and holds up whole file systems, those of others included. */
	"fanotify_init", "fanotify_mark",
	/* Moves the pages of other processes. */
	"migrate_pages", "move_pages"
};

/* --- rules ------------------------------------------------------------------------------------------------ */

/* @error: 0: let through. */
static void put_rule(struct ins_emit *emit, json_t *rules, const char *const *names, size_t n,
	int error, const struct comparison *comparisons, size_t n_comparisons)
{
	json_t *rule = json_object(), *args;

	ins_emit_strings(emit, rule, "names", names, n);
	ins_emit_string(emit, rule, "action", error ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW");
	if (error)
		ins_emit_put(emit, rule, "errnoRet", json_integer(error));
	args = n_comparisons > 0 ? ins_emit_array(emit, rule, "args") : NULL;
	for (size_t i = 0; i < n_comparisons; i++) {
		json_t *arg = json_object();

		ins_emit_put(emit, arg, "index", json_integer(comparisons[i].index));
		ins_emit_put(emit, arg, "value", json_integer((json_int_t)comparisons[i].value));
		ins_emit_put(
			emit, arg, "valueTwo", json_integer((json_int_t)comparisons[i].value_two));
		ins_emit_string(emit, arg, "op", comparisons[i].operator);
		ins_emit_append(emit, args, arg);
	}
	ins_emit_append(emit, rules, rule);
}

static void put_one(struct ins_emit *emit, json_t *rules, const char *name, int error,
	const struct comparison *comparisons, size_t n_comparisons)
{
	put_rule(emit, rules, &name, 1, error, comparisons, n_comparisons);
}

/* A namespace of its own would give root in it the capabilities, and so the kernel code, that the partition
 * does without. */
static void put_clone(struct ins_emit *emit, json_t *rules, bool namespaces)
{
	static const uint64_t flags[] = { CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET };
#ifdef __s390__
	struct comparison comparison = { .index = 1, .operator= "SCMP_CMP_MASKED_EQ" };
#else
	struct comparison comparison = { .index = 0, .operator= "SCMP_CMP_MASKED_EQ" };
#endif

	if (namespaces) {
		put_rule(emit, rules, WORDS("clone", "clone3"), 2, 0, NULL, 0);
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++) {
		comparison.value = comparison.value_two = flags[i];
		put_one(emit, rules, "clone", EPERM, &comparison, 1);
	}
	comparison.value = comparison.value_two = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(flags); i++)
		comparison.value |= flags[i];
	put_one(emit, rules, "clone", 0, &comparison, 1);
}

/* To ask (0xffffffff), and the two that programs of another architecture set; not what switches the protection
 * of memory off. */
static void put_personality(struct ins_emit *emit, json_t *rules)
{
	static const uint64_t values[] = { PER_LINUX, PER_LINUX32, 0xffffffff };

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		const struct comparison comparison = { .operator= "SCMP_CMP_EQ",
			.value = values[i] };

		put_one(emit, rules, "personality", 0, &comparison, 1);
	}
}

/*
 * Most families are modules that the kernel would load at a guest's wish, and AF_VSOCK leads to the hypervisor
 * past all network namespaces. The kernel looks at the lower 32 bits only; EQ lets nothing through that has
 * others.
 */
static void put_sockets(struct ins_emit *emit, json_t *rules, bool packets)
{
	const uint64_t greatest_protocol = 22, audit = 9; /* of netlink */
	struct comparison comparisons[] = { { .index = 0, .operator= "SCMP_CMP_EQ" },
		{ .index = 2, .operator= "SCMP_CMP_EQ" } };

	for (uint64_t family = 0; family <= AF_PACKET; family++) {
		bool allow = family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
			     (family == AF_PACKET && packets);

		comparisons[0].value = family;
		if (family != AF_NETLINK)
			put_one(emit, rules, "socket", allow ? 0 : EAFNOSUPPORT, comparisons, 1);
	}
	comparisons[0].value = AF_NETLINK;
	for (uint64_t protocol = 0; protocol <= greatest_protocol; protocol++) {
		comparisons[1].value = protocol;
		/* The audit log is the host's. */
		put_one(emit, rules, "socket", protocol == audit ? EPROTONOSUPPORT : 0, comparisons,
			ARRAY_LENGTH(comparisons));
	}
	comparisons[0] = (struct comparison){ .operator= "SCMP_CMP_GT", .value = AF_PACKET };
	put_one(emit, rules, "socket", EAFNOSUPPORT, comparisons, 1);
	comparisons[0] = (struct comparison){ .operator= "SCMP_CMP_EQ", .value = AF_UNIX };
	put_one(emit, rules, "socketpair", 0, comparisons, 1);
}

/* Huge pages are reserved by the host for a program of its own; no limit but the controller hugetlb, which few
 * hosts delegate, counts them. shmget() with them takes a right that no partition has. */
static void put_memory(struct ins_emit *emit, json_t *rules)
{
	struct comparison comparison = { .operator= "SCMP_CMP_MASKED_EQ" };

	comparison.index = 3;
	comparison.value = MAP_HUGETLB;
	put_rule(emit, rules, WORDS("mmap", "mmap2"), 2, 0, &comparison, 1);
	comparison.value_two = MAP_HUGETLB;
	put_rule(emit, rules, WORDS("mmap", "mmap2"), 2, ENOMEM, &comparison, 1);
	comparison = (struct comparison){ .index = 1, .operator= "SCMP_CMP_MASKED_EQ" };
	comparison.value = MFD_HUGETLB;
	put_one(emit, rules, "memfd_create", 0, &comparison, 1);
	comparison.value_two = MFD_HUGETLB;
	put_one(emit, rules, "memfd_create", ENOMEM, &comparison, 1);
}

/*
 * The compiled filters of sockets come out of one store for the host (net.core.bpf_jit_limit), which one process
 * without rights empties with some thousand sockets; then no filter of system calls can be loaded, and so no
 * partition started. They are for packet sockets, and for the netlink of an init.
 */
static void put_options(struct ins_emit *emit, json_t *rules, bool filters)
{
	/* The kernel takes the lower 32 bits of level and option, and no comparison says "not": so these are bits that
	 * another level has, or another option, and one of them is enough. */
	static const unsigned int two[] = { SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF };
	static const unsigned char others[][2] = { { 0x40, 0x40 }, { 0x10, 0x00 }, { 0x04, 0x04 },
		{ 0x02, 0x00 }, { 0x21, 0x01 }, { 0x21, 0x20 }, { 0x09, 0x00 }, { 0x09, 0x09 } };
	const unsigned int greatest_level = 0x100; /* its highest bit */
	struct comparison both[] = { { 1, "SCMP_CMP_MASKED_EQ", UINT32_MAX, SOL_SOCKET },
		{ 2, "SCMP_CMP_MASKED_EQ", UINT32_MAX, 0 } };
	struct comparison one = { 1, "SCMP_CMP_MASKED_EQ", SOL_SOCKET, 0 };

	static_assert(
		SOL_SOCKET == 1 && SO_ATTACH_FILTER == 0x1a && SO_ATTACH_REUSEPORT_CBPF == 0x33,
		"they are what the bits are made for");
	if (filters) {
		put_one(emit, rules, "setsockopt", 0, NULL, 0);
		return;
	}
	put_one(emit, rules, "setsockopt", 0, &one, 1);
	for (unsigned int bit = SOL_SOCKET << 1; bit <= greatest_level; bit <<= 1) {
		one.value = one.value_two = bit;
		put_one(emit, rules, "setsockopt", 0, &one, 1);
	}
	one.index = 2;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		one.value = others[i][0];
		one.value_two = others[i][1];
		put_one(emit, rules, "setsockopt", 0, &one, 1);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(two); i++) {
		both[1].value_two = two[i];
		put_one(emit, rules, "setsockopt", EPERM, both, ARRAY_LENGTH(both));
	}
}

void ins_profile_emit_seccomp(struct ins_emit *emit, json_t *platform, uint64_t capabilities)
{
	json_t *seccomp = ins_emit_object(emit, platform, "seccomp");
	json_t *rules;

	ins_emit_string(emit, seccomp, "defaultAction", "SCMP_ACT_ERRNO");
	ins_emit_put(emit, seccomp, "defaultErrnoRet", json_integer(ENOSYS));
	rules = ins_emit_array(emit, seccomp, "syscalls");
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++)
		put_rule(emit, rules, allowed[i].names, allowed[i].n, 0, NULL, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(with_capability); i++) {
		bool has = capabilities >> with_capability[i].capability & 1;
		size_t n = 0;

		while (with_capability[i].names[n])
			n++;
		put_rule(emit, rules, with_capability[i].names, n, has ? 0 : EPERM, NULL, 0);
	}
	put_rule(emit, rules, forbidden, ARRAY_LENGTH(forbidden), EPERM, NULL, 0);
	put_clone(emit, rules, capabilities >> CAP_SYS_ADMIN & 1);
	put_personality(emit, rules);
	put_memory(emit, rules);
	put_sockets(emit, rules, capabilities >> CAP_NET_RAW & 1);
	put_options(emit, rules, capabilities >> CAP_NET_RAW & 1);
}
