/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "spec/names.h"

/* By number. */
static const char *const capability_names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

int ins_capability_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(capability_names); i++) {
		if (strcmp(capability_names[i], name) == 0)
			return (int)i;
	}
	return -EINVAL;
}

const char *ins_capability_name(int number)
{
	if (number < 0 || (size_t)number >= ARRAY_LENGTH(capability_names))
		return NULL;
	return capability_names[number];
}

/* By enum ins_ns, so that the row of a namespace is its own number. */
const struct ins_name ins_namespace_names[] = {
	[INS_NS_USER] = { "user", INS_NS_USER },
	[INS_NS_PID] = { "pid", INS_NS_PID },
	[INS_NS_NETWORK] = { "network", INS_NS_NETWORK },
	[INS_NS_MOUNT] = { "mount", INS_NS_MOUNT },
	[INS_NS_IPC] = { "ipc", INS_NS_IPC },
	[INS_NS_UTS] = { "uts", INS_NS_UTS },
	[INS_NS_CGROUP] = { "cgroup", INS_NS_CGROUP },
	[INS_NS_TIME] = { "time", INS_NS_TIME },
	[INS_NS_COUNT] = { NULL, 0 },
};

const char *ins_ns_name(enum ins_ns ns)
{
	return ins_namespace_names[ns].name;
}

unsigned int ins_ns_flag(enum ins_ns ns)
{
	static const unsigned int flags[INS_NS_COUNT] = {
		[INS_NS_USER] = CLONE_NEWUSER,
		[INS_NS_PID] = CLONE_NEWPID,
		[INS_NS_NETWORK] = CLONE_NEWNET,
		[INS_NS_MOUNT] = CLONE_NEWNS,
		[INS_NS_IPC] = CLONE_NEWIPC,
		[INS_NS_UTS] = CLONE_NEWUTS,
		[INS_NS_CGROUP] = CLONE_NEWCGROUP,
		[INS_NS_TIME] = CLONE_NEWTIME,
	};

	return flags[ns];
}

const char *ins_hook_kind_name(enum ins_hook_kind kind)
{
	static const char *const names[INS_HOOK_KINDS] = {
		[INS_HOOK_PRESTART] = "prestart",
		[INS_HOOK_CREATE_RUNTIME] = "createRuntime",
		[INS_HOOK_CREATE_CONTAINER] = "createContainer",
		[INS_HOOK_START_CONTAINER] = "startContainer",
		[INS_HOOK_POSTSTART] = "poststart",
		[INS_HOOK_POSTSTOP] = "poststop",
	};

	return names[kind];
}

#define NUMBERED(name)      \
	{                   \
#name, name \
	}
#define END             \
	{               \
		NULL, 0 \
	}

const struct ins_name ins_rlimit_names[] = {
	NUMBERED(RLIMIT_AS),
	NUMBERED(RLIMIT_CORE),
	NUMBERED(RLIMIT_CPU),
	NUMBERED(RLIMIT_DATA),
	NUMBERED(RLIMIT_FSIZE),
	NUMBERED(RLIMIT_LOCKS),
	NUMBERED(RLIMIT_MEMLOCK),
	NUMBERED(RLIMIT_MSGQUEUE),
	NUMBERED(RLIMIT_NICE),
	NUMBERED(RLIMIT_NOFILE),
	NUMBERED(RLIMIT_NPROC),
	NUMBERED(RLIMIT_RSS),
	NUMBERED(RLIMIT_RTPRIO),
	NUMBERED(RLIMIT_RTTIME),
	NUMBERED(RLIMIT_SIGPENDING),
	NUMBERED(RLIMIT_STACK),
	END,
};

const struct ins_name ins_scheduler_policies[] = {
	{ "SCHED_OTHER", SCHED_NORMAL },
	NUMBERED(SCHED_FIFO),
	NUMBERED(SCHED_RR),
	NUMBERED(SCHED_BATCH),
	{ "SCHED_ISO", 4 }, /* a number that the kernel keeps free, but has never implemented */
	NUMBERED(SCHED_IDLE),
	NUMBERED(SCHED_DEADLINE),
	END,
};

const struct ins_name ins_scheduler_flags[] = {
	NUMBERED(SCHED_FLAG_RESET_ON_FORK),
	NUMBERED(SCHED_FLAG_RECLAIM),
	NUMBERED(SCHED_FLAG_DL_OVERRUN),
	NUMBERED(SCHED_FLAG_KEEP_POLICY),
	NUMBERED(SCHED_FLAG_KEEP_PARAMS),
	NUMBERED(SCHED_FLAG_UTIL_CLAMP_MIN),
	NUMBERED(SCHED_FLAG_UTIL_CLAMP_MAX),
	END,
};

const struct ins_name ins_io_priority_classes[] = {
	NUMBERED(IOPRIO_CLASS_RT),
	NUMBERED(IOPRIO_CLASS_BE),
	NUMBERED(IOPRIO_CLASS_IDLE),
	END,
};

#define WORD(name)      \
	{               \
		name, 0 \
	}

const struct ins_name ins_propagation_names[] = {
	WORD("shared"),
	WORD("slave"),
	WORD("private"),
	WORD("unbindable"),
	WORD("rshared"),
	WORD("rslave"),
	WORD("rprivate"),
	WORD("runbindable"),
	END,
};

const struct ins_name ins_personality_domains[] = {
	WORD("LINUX"),
	WORD("LINUX32"),
	END,
};

/* linux/mempolicy.h; the headers of older kernels have not got all of them. */
const struct ins_name ins_memory_policy_modes[] = {
	{ "MPOL_DEFAULT", 0 },
	{ "MPOL_BIND", 2 },
	{ "MPOL_INTERLEAVE", 3 },
	{ "MPOL_WEIGHTED_INTERLEAVE", 6 },
	{ "MPOL_PREFERRED", 1 },
	{ "MPOL_PREFERRED_MANY", 5 },
	{ "MPOL_LOCAL", 4 },
	END,
};

const struct ins_name ins_memory_policy_flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 },
	{ "MPOL_F_RELATIVE_NODES", 1 << 14 },
	{ "MPOL_F_STATIC_NODES", 1 << 15 },
	END,
};

const struct ins_name ins_seccomp_actions[] = {
	{ "SCMP_ACT_ALLOW", INS_ACTION_PLAIN },
	{ "SCMP_ACT_ERRNO", INS_ACTION_ERRNO },
	{ "SCMP_ACT_KILL", INS_ACTION_PLAIN },
	{ "SCMP_ACT_KILL_PROCESS", INS_ACTION_PLAIN },
	{ "SCMP_ACT_KILL_THREAD", INS_ACTION_PLAIN },
	{ "SCMP_ACT_LOG", INS_ACTION_PLAIN },
	{ "SCMP_ACT_NOTIFY", INS_ACTION_PLAIN },
	{ "SCMP_ACT_TRACE", INS_ACTION_TRACE },
	{ "SCMP_ACT_TRAP", INS_ACTION_PLAIN },
	END,
};

const struct ins_name ins_seccomp_operators[] = {
	WORD("SCMP_CMP_NE"),
	WORD("SCMP_CMP_LT"),
	WORD("SCMP_CMP_LE"),
	WORD("SCMP_CMP_EQ"),
	WORD("SCMP_CMP_GE"),
	WORD("SCMP_CMP_GT"),
	WORD("SCMP_CMP_MASKED_EQ"),
	END,
};

const struct ins_name ins_seccomp_architectures[] = {
	WORD("SCMP_ARCH_X86"),
	WORD("SCMP_ARCH_X86_64"),
	WORD("SCMP_ARCH_X32"),
	WORD("SCMP_ARCH_ARM"),
	WORD("SCMP_ARCH_AARCH64"),
	WORD("SCMP_ARCH_LOONGARCH64"),
	WORD("SCMP_ARCH_M68K"),
	WORD("SCMP_ARCH_MIPS"),
	WORD("SCMP_ARCH_MIPS64"),
	WORD("SCMP_ARCH_MIPS64N32"),
	WORD("SCMP_ARCH_MIPSEL"),
	WORD("SCMP_ARCH_MIPSEL64"),
	WORD("SCMP_ARCH_MIPSEL64N32"),
	WORD("SCMP_ARCH_PPC"),
	WORD("SCMP_ARCH_PPC64"),
	WORD("SCMP_ARCH_PPC64LE"),
	WORD("SCMP_ARCH_S390"),
	WORD("SCMP_ARCH_S390X"),
	WORD("SCMP_ARCH_SH"),
	WORD("SCMP_ARCH_SHEB"),
	WORD("SCMP_ARCH_PARISC"),
	WORD("SCMP_ARCH_PARISC64"),
	WORD("SCMP_ARCH_RISCV64"),
	END,
};

const struct ins_name ins_seccomp_flags[] = {
	NUMBERED(SECCOMP_FILTER_FLAG_TSYNC),
	NUMBERED(SECCOMP_FILTER_FLAG_LOG),
	NUMBERED(SECCOMP_FILTER_FLAG_SPEC_ALLOW),
	NUMBERED(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV),
	END,
};

/* One number of a cpu list, with blanks around it. */
static int parse_cpu(const char **at, size_t limit, size_t *ret)
{
	size_t value = 0;

	*at += strspn(*at, " ");
	if (**at < '0' || **at > '9')
		return -EINVAL;
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		value = value * 10 + (size_t)(**at - '0');
		if (value >= limit)
			return -ERANGE;
	}
	*at += strspn(*at, " ");
	*ret = value;
	return 0;
}

int ins_cpu_list_parse(const char *text, unsigned char *mask, size_t size)
{
	size_t first, last;
	int r;

	for (;; text++) {
		r = parse_cpu(&text, size * 8, &first);
		if (r < 0)
			return r;
		last = first;
		if (*text == '-') {
			text++;
			r = parse_cpu(&text, size * 8, &last);
			if (r < 0)
				return r;
		}
		if (last < first)
			return -EINVAL;
		for (size_t cpu = first; cpu <= last; cpu++)
			mask[cpu / 8] |= (unsigned char)(1u << cpu % 8);
		if (*text == '\0')
			return 0;
		if (*text != ',')
			return -EINVAL;
	}
}
