/* SPDX-License-Identifier: Apache-2.0 */
/* An operation in words: for `insula plan`, and for the message when it fails. */
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "plan/build.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

const char *ins_stage_name(enum ins_stage stage)
{
	static const char *const names[INS_STAGE_COUNT] = {
		[INS_STAGE_PREPARE] = "prepare",
		[INS_STAGE_JOIN] = "join",
		[INS_STAGE_CLONE] = "clone",
		[INS_STAGE_IDMAP] = "idmap",
		[INS_STAGE_NET] = "net",
		[INS_STAGE_MOUNT] = "mount",
		[INS_STAGE_HOOKS] = "hooks",
		[INS_STAGE_ROOT] = "root",
		[INS_STAGE_CREATED] = "created",
		[INS_STAGE_START] = "start",
		[INS_STAGE_EXEC] = "exec",
		[INS_STAGE_STARTED] = "started",
	};

	return (unsigned int)stage < INS_STAGE_COUNT ? names[stage] : "?";
}

const char *ins_op_name(enum ins_op_kind kind)
{
	static const char *const names[INS_OP_KINDS] = {
#define X(name, side, function) [INS_OP_##name] = #name,
		INS_OPS(X)
#undef X
	};

	return (unsigned int)kind < INS_OP_KINDS ? names[kind] : "?";
}

/* What has been written so far, and how much room is left. */
struct words {
	char *text;
	size_t size, used;
};

static void say(struct words *words, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(words->text + words->used, words->size - words->used, fmt, ap);
	va_end(ap);
	if (n > 0)
		words->used += (size_t)n;
	if (words->used >= words->size)
		words->used = words->size - 1;
}

struct bit_name {
	uint64_t bit;
	const char *name;
};

static void say_bits(struct words *words, uint64_t bits, const struct bit_name *names, size_t n,
	const char *separator)
{
	const char *between = "";

	for (size_t i = 0; i < n; i++) {
		if (!names[i].bit || (bits & names[i].bit) != names[i].bit)
			continue;
		say(words, "%s%s", between, names[i].name);
		between = separator;
	}
}

static void say_namespaces(struct words *words, uint32_t flags)
{
	static const struct bit_name names[] = {
		{ CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "network" },
		{ CLONE_NEWNS, "mount" }, { CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" },
		{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
	};

	say_bits(words, flags, names, ARRAY_LENGTH(names), ", ");
}

static void say_attrs(struct words *words, const struct ins_mount_attrs *attrs)
{
	/* The bits of mount_setattr(2); the access time ones are a field of their own. */
	static const struct bit_name names[] = {
		{ 0x01, "ro" }, { 0x02, "nosuid" }, { 0x04, "nodev" }, { 0x08, "noexec" },
		{ 0x10, "noatime" }, { 0x20, "strictatime" }, { 0x80, "nodiratime" },
		{ 0x00200000, "nosymfollow" },
	};
	static const struct bit_name cleared[] = {
		{ 0x01, "rw" }, { 0x02, "suid" }, { 0x04, "dev" }, { 0x08, "exec" },
	};
	static const struct bit_name propagations[] = {
		{ MS_SHARED, "shared" }, { MS_SLAVE, "slave" }, { MS_PRIVATE, "private" },
		{ MS_UNBINDABLE, "unbindable" },
	};

	if (attrs->set) {
		say(words, ", ");
		say_bits(words, attrs->set, names, ARRAY_LENGTH(names), ",");
	}
	if (attrs->clear & ~attrs->set & 0x0f) {
		say(words, ", ");
		say_bits(words, attrs->clear & ~attrs->set, cleared, ARRAY_LENGTH(cleared), ",");
	}
	if (attrs->rec_set) {
		say(words, ", recursively ");
		say_bits(words, attrs->rec_set, names, ARRAY_LENGTH(names), ",");
	}
	if (attrs->rec_clear & ~attrs->rec_set & 0x0f) {
		say(words, ", recursively ");
		say_bits(words, attrs->rec_clear & ~attrs->rec_set, cleared,
			ARRAY_LENGTH(cleared), ",");
	}
	if (attrs->propagation) {
		say(words, attrs->propagation_recursive ? ", recursively " : ", ");
		say_bits(words, attrs->propagation, propagations, ARRAY_LENGTH(propagations), ",");
	}
}

static void say_maps(struct words *words, const char *what, const struct ins_plan_id_map *maps,
	uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		say(words, "%s%s %u is %u, %u in all", i ? "; " : "", what, maps[i].container,
			maps[i].host, maps[i].size);
}

static void say_caps(struct words *words, const char *what, uint64_t set)
{
	const char *between = "";

	say(words, "%s", what);
	if (!set)
		say(words, "none");
	for (int i = 0; i < 64; i++) {
		const char *name = ins_capability_name(i);

		if (!(set >> i & 1))
			continue;
		if (name)
			say(words, "%s%s", between, name);
		else
			say(words, "%s%d", between, i);
		between = " ";
	}
}

static void say_limit(struct words *words, uint64_t value)
{
	if (value == RLIM64_INFINITY)
		say(words, "unlimited");
	else
		say(words, "%llu", (unsigned long long)value);
}

static const char *rlimit_name(uint32_t resource)
{
	static const char *const names[] = {
		[RLIMIT_AS] = "RLIMIT_AS", [RLIMIT_CORE] = "RLIMIT_CORE",
		[RLIMIT_CPU] = "RLIMIT_CPU", [RLIMIT_DATA] = "RLIMIT_DATA",
		[RLIMIT_FSIZE] = "RLIMIT_FSIZE", [RLIMIT_LOCKS] = "RLIMIT_LOCKS",
		[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK", [RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE",
		[RLIMIT_NICE] = "RLIMIT_NICE", [RLIMIT_NOFILE] = "RLIMIT_NOFILE",
		[RLIMIT_NPROC] = "RLIMIT_NPROC", [RLIMIT_RSS] = "RLIMIT_RSS",
		[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO", [RLIMIT_RTTIME] = "RLIMIT_RTTIME",
		[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING", [RLIMIT_STACK] = "RLIMIT_STACK",
	};

	return resource < ARRAY_LENGTH(names) && names[resource] ? names[resource] : "RLIMIT_?";
}

static void say_node(struct words *words, const struct ins_op *op)
{
	char type = op->node.type == S_IFBLK ? 'b' : op->node.type == S_IFIFO ? 'p' : 'c';

	say(words, "device %s, %c %u:%u, mode %04o, owner %u:%u", op->path, type, op->node.major,
		op->node.minor, op->node.mode & 07777, op->node.uid, op->node.gid);
}

static void say_filesystem(struct words *words, const struct ins_op *op)
{
	say(words, "mount %s on %s", op->fs.fstype, op->path);
	for (uint32_t i = 0; i < op->fs.n_options; i++) {
		const struct ins_fs_option *option = &op->fs.options[i];

		say(words, "%s%s%s%s", i ? "," : " with ", option->key, option->value ? "=" : "",
			option->value ? option->value : "");
	}
	say_attrs(words, &op->fs.attrs);
	if (op->fs.copy_up)
		say(words, ", filled with what it hides");
}

static void say_source(struct words *words, const struct ins_op *op)
{
	say(words, "open %s%s", op->path, op->source.recursive ? " and what is mounted below" : "");
	if (op->source.idmap) {
		say(words, ", id-mapped%s", op->source.idmap_recursive ? " recursively" : "");
		if (op->source.n_uid) {
			say(words, " (");
			say_maps(words, "uid", op->source.uid, op->source.n_uid);
			say(words, ")");
		}
	}
	say_attrs(words, &op->source.attrs);
}

static void say_program(struct words *words, const char *verb, const struct ins_op *op)
{
	say(words, "%s %s", verb, op->exec.args.n ? op->exec.args.v[0] : "");
	for (uint32_t i = 1; i < op->exec.args.n && op->kind == INS_OP_EXECVE; i++)
		say(words, " %s", op->exec.args.v[i]);
}

static void say_hook(struct words *words, const struct ins_op *op)
{
	say(words, "hook %s", op->hook.path);
	if (op->hook.timeout)
		say(words, ", at most %d s", op->hook.timeout);
}

static void say_ids(struct words *words, const struct ins_op *op)
{
	say(words, "become uid %u, gid %u, ", op->ids.uid, op->ids.gid);
	if (op->ids.keep_groups) {
		say(words, "keep the supplementary groups");
		return;
	}
	say(words, "supplementary groups");
	for (uint32_t i = 0; i < op->ids.n_groups; i++)
		say(words, " %u", op->ids.groups[i]);
	if (!op->ids.n_groups)
		say(words, " none");
}

static void say_console(struct words *words, const struct ins_op *op)
{
	say(words, "make a terminal, /dev/console");
	if (op->console.has_size)
		say(words, ", %u rows, %u columns", op->console.height, op->console.width);
}

void ins_op_describe(const struct ins_op *op, char *buffer, size_t size)
{
	struct words w = { .text = buffer, .size = size };
	const char *path = op->path ? op->path : "";
	const char *text;

	buffer[0] = '\0';
	switch ((enum ins_op_kind)op->kind) {
	case INS_OP_CGROUP_CREATE:
		say(&w, "make the cgroup %s", path);
		if (op->cgroup.delegate)
			say(&w, ", owned by %u:%u", op->cgroup.uid, op->cgroup.gid);
		return;
	case INS_OP_CGROUP_DEVICES:
		say(&w, "attach the device program, %u instructions", op->devices.n_instructions);
		return;
	case INS_OP_NS_OPEN:
		say(&w, "open the ");
		say_namespaces(&w, op->ns.type);
		say(&w, " namespace %s", path);
		return;
	case INS_OP_PROC_OPEN:
		say(&w, "open the host's procfs");
		return;
	case INS_OP_ROOT_OPEN:
		say(&w, "open the root file system %s", path);
		say_attrs(&w, &op->source.attrs);
		return;
	case INS_OP_SOURCE_OPEN:
	case INS_OP_SOURCE_CLONE:
		say_source(&w, op);
		return;
	case INS_OP_NODE_OPEN:
		say(&w, "open the host's device %s", path);
		return;
	case INS_OP_CGROUP_OPEN:
		say(&w, "open the container's cgroup for a mount");
		return;
	case INS_OP_IDMAP_WRITE:
		say(&w, "write the id map: ");
		say_maps(&w, "uid", op->idmap.uid, op->idmap.n_uid);
		say_maps(&w, "gid", op->idmap.gid, op->idmap.n_gid);
		return;
	case INS_OP_OOM_SCORE:
		say(&w, "set oom_score_adj to %d", op->oom.score);
		return;
	case INS_OP_RLIMIT_RAISE:
		say(&w, "raise the hard limit of %s to ", rlimit_name(op->rlimit.resource));
		say_limit(&w, op->rlimit.hard);
		return;
	case INS_OP_HOOK_PARENT:
	case INS_OP_HOOK_CHILD:
		say_hook(&w, op);
		return;
	case INS_OP_STATE_CREATED:
		say(&w, "record the container as created");
		return;
	case INS_OP_NS_JOIN:
		say(&w, "enter namespaces: ");
		say_namespaces(&w, op->ns.type);
		return;
	case INS_OP_NS_UNSHARE:
		say(&w, "new namespace: ");
		say_namespaces(&w, op->ns.type);
		return;
	case INS_OP_TIME_OFFSETS:
		say(&w, "set the clocks' offsets");
		return;
	case INS_OP_BECOME_ROOT:
		say(&w, "become uid %u, gid %u inside the user namespace", op->become.uid,
			op->become.gid);
		return;
	case INS_OP_SETSID:
		say(&w, "start a session");
		return;
	case INS_OP_KEYRING:
		say(&w, "new session keyring %s", op->keyring.name ? op->keyring.name : "");
		return;
	case INS_OP_LOOPBACK:
		say(&w, "set the interface lo up");
		return;
	case INS_OP_HOSTNAME:
		say(&w, "set the host name %s", op->text.text);
		return;
	case INS_OP_DOMAINNAME:
		say(&w, "set the domain name %s", op->text.text);
		return;
	case INS_OP_ROOT_PRIVATE:
		say(&w, "cut off the propagation of mounts to the host");
		return;
	case INS_OP_ROOT_ATTACH:
		say(&w, "mount the root file system");
		return;
	case INS_OP_MOUNT_FS:
		say_filesystem(&w, op);
		return;
	case INS_OP_MOUNT_ATTACH:
		say(&w, "mount it on %s", path);
		return;
	case INS_OP_MOUNT_REMOUNT:
		say(&w, "remount %s", path);
		say_attrs(&w, &op->remount.attrs);
		return;
	case INS_OP_NODE_MAKE:
		say(&w, "make ");
		say_node(&w, op);
		return;
	case INS_OP_NODE_ATTACH:
		say(&w, "mount the host's ");
		say_node(&w, op);
		return;
	case INS_OP_SYMLINK:
		say(&w, "link %s to %s", path, op->text.text);
		return;
	case INS_OP_CONSOLE:
		say_console(&w, op);
		return;
	case INS_OP_PIVOT:
		text = op->pivot.chroot_only ? "chroot" : op->pivot.no_pivot ? "move" : "pivot_root";
		say(&w, "enter the new root (%s)", text);
		return;
	case INS_OP_ROOT_PROPAGATION:
		say(&w, "propagation of the root");
		say_attrs(&w, &op->remount.attrs);
		return;
	case INS_OP_ROOT_READONLY:
		say(&w, "make the root read-only");
		return;
	case INS_OP_READONLY:
		say(&w, "make %s read-only", path);
		return;
	case INS_OP_MASK:
		say(&w, "mask %s", path);
		return;
	case INS_OP_SYSCTL:
		say(&w, "set %s to %s", path, op->text.text);
		return;
	case INS_OP_FIND_PROGRAM:
		say_program(&w, "find", op);
		return;
	case INS_OP_SCHEDULER:
		say(&w, "set the scheduling policy %u, priority %u, nice %d", op->scheduler.policy,
			op->scheduler.priority, op->scheduler.nice);
		return;
	case INS_OP_IO_PRIORITY:
		say(&w, "set the I/O priority: class %u, level %u", op->io_priority.value >> 13,
			op->io_priority.value & 0x1fff);
		return;
	case INS_OP_AFFINITY:
		say(&w, "set the CPU affinity");
		return;
	case INS_OP_PERSONALITY:
		say(&w, "set the execution domain %#llx",
			(unsigned long long)op->personality.value);
		return;
	case INS_OP_RLIMIT:
		say(&w, "set %s to ", rlimit_name(op->rlimit.resource));
		say_limit(&w, op->rlimit.soft);
		say(&w, ", hard ");
		say_limit(&w, op->rlimit.hard);
		return;
	case INS_OP_UMASK:
		say(&w, "set the umask %04o", op->umask.mask);
		return;
	case INS_OP_LSM_LABEL:
		say(&w, "set the security label %s for the execve", op->text.text);
		return;
	case INS_OP_NO_NEW_PRIVS:
		say(&w, "set no_new_privs");
		return;
	case INS_OP_BOUNDING:
		say_caps(&w, "limit the bounding set to: ", op->caps.bounding);
		return;
	case INS_OP_SECCOMP_EARLY:
	case INS_OP_SECCOMP:
		say(&w, "load the seccomp filter, %u instructions%s", op->seccomp.n,
			op->seccomp.listener ? ", with a listener" : "");
		return;
	case INS_OP_IDS:
		say_ids(&w, op);
		return;
	case INS_OP_CWD_MAKE:
		say(&w, "make the directory %s if it is missing", path);
		return;
	case INS_OP_CWD:
		say(&w, "change to the directory %s%s", path,
			op->cwd.may_fail ? ", if that is allowed already" : "");
		return;
	case INS_OP_CAPS:
		say_caps(&w, "set the capabilities: effective ", op->caps.effective);
		say_caps(&w, "; permitted ", op->caps.permitted);
		say_caps(&w, "; inheritable ", op->caps.inheritable);
		say_caps(&w, "; ambient ", op->caps.ambient);
		return;
	case INS_OP_PREPARE_EXEC:
		say(&w, "close what is open, restore the signals");
		return;
	case INS_OP_EXECVE:
		say_program(&w, "execute", op);
		return;
	case INS_OP_KINDS:
		return;
	}
}
