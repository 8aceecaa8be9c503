/* SPDX-License-Identifier: Apache-2.0 */
/* An operation in words: for `insula plan`, and for the message when it fails. */
#include <string.h>
#include <sys/stat.h>

#include "plan/build.h"
#include "plan/words.h"
#include "spec/names.h"

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

static void say_node(struct ins_words *words, const struct ins_op *op)
{
	char type = op->node.type == S_IFBLK ? 'b' : op->node.type == S_IFIFO ? 'p' : 'c';

	ins_words_say(words, "device %s, %c %u:%u, mode %04o, owner %u:%u", op->path, type,
		op->node.major, op->node.minor, op->node.mode & 07777, op->node.uid, op->node.gid);
}

static void say_filesystem(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "mount %s on %s", op->fs.fstype, op->path);
	for (uint32_t i = 0; i < op->fs.n_options; i++) {
		const struct ins_fs_option *option = &op->fs.options[i];

		ins_words_say(words, "%s%s%s%s", i ? "," : " with ", option->key,
			option->value ? "=" : "", option->value ? option->value : "");
	}
	ins_words_say_attrs(words, &op->fs.attrs);
	if (op->fs.copy_up)
		ins_words_say(words, ", filled with what it hides");
}

static void say_source(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "open %s%s", op->path,
		op->source.recursive ? " and what is mounted below" : "");
	if (op->source.idmap) {
		ins_words_say(
			words, ", id-mapped%s", op->source.idmap_recursive ? " recursively" : "");
		if (op->source.n_uid) {
			ins_words_say(words, " (");
			ins_words_say_maps(words, "uid", op->source.uid, op->source.n_uid);
			ins_words_say(words, ")");
		}
	}
	ins_words_say_attrs(words, &op->source.attrs);
}

static void say_program(struct ins_words *words, const char *verb, const struct ins_op *op)
{
	ins_words_say(words, "%s %s", verb, op->exec.args.n ? op->exec.args.v[0] : "");
	for (uint32_t i = 1; i < op->exec.args.n && op->kind == INS_OP_EXECVE; i++)
		ins_words_say(words, " %s", op->exec.args.v[i]);
}

static void say_hook(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "hook %s", op->hook.path);
	if (op->hook.timeout)
		ins_words_say(words, ", at most %d s", op->hook.timeout);
}

static void say_ids(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "become uid %u, gid %u, ", op->ids.uid, op->ids.gid);
	if (op->ids.keep_groups) {
		ins_words_say(words, "keep the supplementary groups");
		return;
	}
	ins_words_say(words, "supplementary groups");
	for (uint32_t i = 0; i < op->ids.n_groups; i++)
		ins_words_say(words, " %u", op->ids.groups[i]);
	if (!op->ids.n_groups)
		ins_words_say(words, " none");
}

static void say_console(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "make a terminal, /dev/console");
	if (op->console.has_size)
		ins_words_say(
			words, ", %u rows, %u columns", op->console.height, op->console.width);
}

static void say_cgroup(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "make the cgroup %s", op->path);
	if (op->cgroup.delegate)
		ins_words_say(words, ", owned by %u:%u", op->cgroup.uid, op->cgroup.gid);
}

static void say_scope(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "have systemd make the cgroup %s", op->path);
	if (op->cgroup.delegate)
		ins_words_say(words, ", owned by %u:%u", op->cgroup.uid, op->cgroup.gid);
	ins_words_say(words, ":");
	for (uint32_t i = 0; i < op->cgroup.n_properties; i++) {
		const struct ins_unit_property *property = &op->cgroup.properties[i];

		ins_words_say(words, "%s %s", i ? "," : "", property->name);
		for (uint32_t j = 0; j < property->values.n; j++)
			ins_words_say(words, "%s%s", j ? " " : "=", property->values.v[j]);
	}
}

static void say_devices(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(
		words, "attach the device program, %u instructions", op->devices.n_instructions);
}

static void say_cgroup_limit(struct ins_words *words, const struct ins_op *op)
{
	const struct ins_limit_files *files = &op->limit.files;

	ins_words_say(words, "write \"%s\" to %s", files->v[0].text, files->v[0].name);
	if (files->v[1].name)
		ins_words_say(words, ", \"%s\" to %s", files->v[1].text, files->v[1].name);
	if (files->usage)
		ins_words_say(words, ", unless more is in use");
}

static void say_ns_open(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "open the ");
	ins_words_say_namespaces(words, op->ns.type);
	ins_words_say(words, " namespace %s", op->path);
}

static void say_ns_join(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "enter namespaces: ");
	ins_words_say_namespaces(words, op->ns.type);
}

static void say_ns_unshare(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "new namespace: ");
	ins_words_say_namespaces(words, op->ns.type);
}

static void say_root_open(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "open the root file system %s", op->path);
	ins_words_say_attrs(words, &op->source.attrs);
}

static void say_root_overlay(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "mount an overlay for the root file system: ");
	ins_words_say(words, op->overlay.own ? "%s over" : "read-only,",
		op->overlay.own_image ? op->overlay.own_image : op->overlay.own);
	for (uint32_t i = 0; i < op->overlay.layers.n; i++)
		ins_words_say(words, " %s", op->overlay.layers.v[i]);
}

static void say_idmap(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "write the id map: ");
	ins_words_say_maps(words, "uid", op->idmap.uid, op->idmap.n_uid);
	ins_words_say_maps(words, "gid", op->idmap.gid, op->idmap.n_gid);
}

static void say_idmap_check(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "check the namespace's id map: ");
	ins_words_say_maps(words, "uid", op->idmap.uid, op->idmap.n_uid);
	ins_words_say_maps(words, "gid", op->idmap.gid, op->idmap.n_gid);
}

static void say_net_attach(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(
		words, "make its network: %s", op->net.request + strcspn(op->net.request, " ") + 1);
}

static void say_net_device(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "move the interface %s into the container", op->path);
	if (strcmp(op->path, op->text.text) != 0)
		ins_words_say(words, " as %s", op->text.text);
}

static void say_rdt_assign(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "put the container process into the resctrl group %s", op->path);
	for (const char *line = op->rdt.schema; line && *line; line += strcspn(line, "\n") + 1)
		ins_words_say(words, ", %.*s", (int)strcspn(line, "\n"), line);
	for (uint32_t i = 0; i < op->rdt.schemata.n; i++)
		ins_words_say(words, ", %s", op->rdt.schemata.v[i]);
	if (op->rdt.monitor)
		ins_words_say(words, ", monitored");
}

static void say_stdio_owner(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "give the pipes of its standard streams to user %u", op->stdio.uid);
}

static void say_oom_score(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set oom_score_adj to %d", op->oom.score);
}

static void say_become_root(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "become uid %u, gid %u inside the user namespace", op->become.uid,
		op->become.gid);
}

static void say_hostname(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the host name %s", op->text.text);
}

static void say_domainname(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the domain name %s", op->text.text);
}

static void say_remount(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "remount %s", op->path);
	ins_words_say_attrs(words, &op->remount.attrs);
}

static void say_node_make(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "make ");
	say_node(words, op);
}

static void say_node_attach(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "mount the host's ");
	say_node(words, op);
}

static void say_symlink(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "link %s to %s", op->path, op->text.text);
}

static void say_pivot(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "enter the new root (%s)",
		op->pivot.chroot_only ? "chroot"
		: op->pivot.no_pivot  ? "move"
				      : "pivot_root");
}

static void say_root_propagation(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "propagation of the root");
	ins_words_say_attrs(words, &op->remount.attrs);
}

static void say_sysctl(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set %s to %s", op->path, op->text.text);
}

static void say_scheduler(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the scheduling policy %u, priority %u, nice %d",
		op->scheduler.policy, op->scheduler.priority, op->scheduler.nice);
}

static void say_io_priority(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the I/O priority: class %u, level %u",
		op->io_priority.value >> 13, op->io_priority.value & 0x1fff);
}

static void say_memory_policy(struct ins_words *words, const struct ins_op *op)
{
	uint32_t mode = op->memory_policy.mode & 0xff; /* the flags stand above it */
	const unsigned char *nodes = op->memory_policy.nodes;
	const char *between = ", nodes ";

	ins_words_say(
		words, "set the memory policy %s", ins_name_of(ins_memory_policy_modes, (int)mode));
	for (uint32_t i = 0; i < op->memory_policy.size * 8; i++) {
		if (!(nodes[i / 8] >> i % 8 & 1))
			continue;
		ins_words_say(words, "%s%u", between, i);
		between = " ";
	}
}

static void say_personality(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(
		words, "set the execution domain %#llx", (unsigned long long)op->personality.value);
}

static void say_rlimit(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set %s to ", ins_name_of(ins_rlimit_names, (int)op->rlimit.resource));
	ins_words_say_limit(words, op->rlimit.soft);
	ins_words_say(words, ", hard ");
	ins_words_say_limit(words, op->rlimit.hard);
}

static void say_rlimit_raise(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "raise the hard limit of %s to ",
		ins_name_of(ins_rlimit_names, (int)op->rlimit.resource));
	ins_words_say_limit(words, op->rlimit.hard);
}

static void say_umask(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the umask %04o", op->umask.mask);
}

static void say_label(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "set the security label %s for the execve", op->text.text);
}

static void say_bounding(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say_caps(words, "limit the bounding set to: ", op->caps.bounding);
}

static void say_all_caps(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say_caps(words, "set the capabilities: effective ", op->caps.effective);
	ins_words_say_caps(words, "; permitted ", op->caps.permitted);
	ins_words_say_caps(words, "; inheritable ", op->caps.inheritable);
	ins_words_say_caps(words, "; ambient ", op->caps.ambient);
}

static void say_seccomp(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "load the seccomp filter, %u instructions%s", op->seccomp.n,
		op->seccomp.listener ? ", with a listener" : "");
}

static void say_cwd(struct ins_words *words, const struct ins_op *op)
{
	ins_words_say(words, "change to the directory %s%s", op->path,
		op->cwd.may_fail ? ", if that is allowed already" : "");
}

static void say_find_program(struct ins_words *words, const struct ins_op *op)
{
	say_program(words, "find", op);
}

static void say_execve(struct ins_words *words, const struct ins_op *op)
{
	say_program(words, "execute", op);
}

/* How each kind of operation is told: by a function, or by words in which "%s" is the path. */
struct teller {
	const char *words;
	void (*say)(struct ins_words *words, const struct ins_op *op);
};

static const struct teller tellers[INS_OP_KINDS] = {
	[INS_OP_CGROUP_CREATE] = { .say = say_cgroup },
	[INS_OP_CGROUP_SCOPE] = { .say = say_scope },
	[INS_OP_CGROUP_DEVICES] = { .say = say_devices },
	[INS_OP_CGROUP_LIMIT] = { .say = say_cgroup_limit },
	[INS_OP_NS_OPEN] = { .say = say_ns_open },
	[INS_OP_NS_CHECK] = { .words = "check that it is still this user namespace: %s" },
	[INS_OP_PROC_OPEN] = { .words = "make a procfs that is attached nowhere" },
	[INS_OP_ROOT_OPEN] = { .say = say_root_open },
	[INS_OP_ROOT_OVERLAY] = { .say = say_root_overlay },
	[INS_OP_SOURCE_OPEN] = { .say = say_source },
	[INS_OP_SOURCE_FIND] = { .words = "find %s in the container's mount namespace" },
	[INS_OP_SOURCE_CLONE] = { .say = say_source },
	[INS_OP_NODE_OPEN] = { .words = "open the host's device %s" },
	[INS_OP_CGROUP_OPEN] = { .words = "open the container's cgroup for a mount" },
	[INS_OP_IDMAP_WRITE] = { .say = say_idmap },
	[INS_OP_IDMAP_CHECK] = { .say = say_idmap_check },
	[INS_OP_NET_ATTACH] = { .say = say_net_attach },
	[INS_OP_NET_DEVICE] = { .say = say_net_device },
	[INS_OP_RDT_ASSIGN] = { .say = say_rdt_assign },
	[INS_OP_OOM_SCORE] = { .say = say_oom_score },
	[INS_OP_STDIO_OWNER] = { .say = say_stdio_owner },
	[INS_OP_RLIMIT_RAISE] = { .say = say_rlimit_raise },
	[INS_OP_HOOK_PARENT] = { .say = say_hook },
	[INS_OP_STATE_CREATED] = { .words = "record the container as created" },
	[INS_OP_GROUPS_DROP] = { .words = "give up the caller's supplementary groups" },
	[INS_OP_NS_JOIN] = { .say = say_ns_join },
	[INS_OP_NS_UNSHARE] = { .say = say_ns_unshare },
	[INS_OP_TIME_OFFSETS] = { .words = "set the clocks' offsets" },
	[INS_OP_BECOME_ROOT] = { .say = say_become_root },
	[INS_OP_SETSID] = { .words = "start a session" },
	[INS_OP_KEYRING] = { .words = "join a new session keyring" },
	[INS_OP_LOOPBACK] = { .words = "set the interface lo up" },
	[INS_OP_HOSTNAME] = { .say = say_hostname },
	[INS_OP_DOMAINNAME] = { .say = say_domainname },
	[INS_OP_ROOT_PRIVATE] = { .words = "cut off the propagation of mounts to the host" },
	[INS_OP_ROOT_ATTACH] = { .words = "mount the root file system" },
	[INS_OP_MOUNT_FS] = { .say = say_filesystem },
	[INS_OP_MOUNT_ATTACH] = { .words = "mount it on %s" },
	[INS_OP_MOUNT_REMOUNT] = { .say = say_remount },
	[INS_OP_NODE_MAKE] = { .say = say_node_make },
	[INS_OP_NODE_ATTACH] = { .say = say_node_attach },
	[INS_OP_SYMLINK] = { .say = say_symlink },
	[INS_OP_CONSOLE] = { .say = say_console },
	[INS_OP_HOOK_CHILD] = { .say = say_hook },
	[INS_OP_PIVOT] = { .say = say_pivot },
	[INS_OP_ROOT_PROPAGATION] = { .say = say_root_propagation },
	[INS_OP_ROOT_READONLY] = { .words = "make the root read-only" },
	[INS_OP_READONLY] = { .words = "make %s read-only" },
	[INS_OP_MASK] = { .words = "mask %s" },
	[INS_OP_SYSCTL] = { .say = say_sysctl },
	[INS_OP_FIND_PROGRAM] = { .say = say_find_program },
	[INS_OP_SCHEDULER] = { .say = say_scheduler },
	[INS_OP_IO_PRIORITY] = { .say = say_io_priority },
	[INS_OP_AFFINITY] = { .words = "set the CPU affinity" },
	[INS_OP_MEMORY_POLICY] = { .say = say_memory_policy },
	[INS_OP_PERSONALITY] = { .say = say_personality },
	[INS_OP_RLIMIT] = { .say = say_rlimit },
	[INS_OP_UMASK] = { .say = say_umask },
	[INS_OP_LSM_LABEL] = { .say = say_label },
	[INS_OP_NO_NEW_PRIVS] = { .words = "set no_new_privs" },
	[INS_OP_BOUNDING] = { .say = say_bounding },
	[INS_OP_SECCOMP_EARLY] = { .say = say_seccomp },
	[INS_OP_IDS] = { .say = say_ids },
	[INS_OP_CWD_MAKE] = { .words = "make the directory %s if it is missing" },
	[INS_OP_CWD] = { .say = say_cwd },
	[INS_OP_CAPS] = { .say = say_all_caps },
	[INS_OP_PREPARE_EXEC] = { .words = "close what is open, restore the signals" },
	[INS_OP_SECCOMP] = { .say = say_seccomp },
	[INS_OP_EXECVE] = { .say = say_execve },
};

void ins_op_describe(const struct ins_op *op, char *buffer, size_t size)
{
	struct ins_words words = { .text = buffer, .size = size };
	const struct teller *teller = op->kind < INS_OP_KINDS ? &tellers[op->kind] : NULL;

	buffer[0] = '\0';
	if (teller && teller->say)
		teller->say(&words, op);
	else if (teller && teller->words)
		ins_words_say(&words, teller->words, op->path ? op->path : "");
	else
		ins_words_say(&words, "%s", ins_op_name((enum ins_op_kind)op->kind));
}
