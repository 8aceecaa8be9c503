/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: everything that will be done for one container or one exec, as one ordered list of
 * operations in read-only memory. It is built from the specification and the host's facts, checked
 * as a whole, printed by `insula plan`, and walked by two processes: the parent (the runtime) and
 * the child (init). Nothing that is only learnt while walking is in here: see run.h and init/child.h.
 *
 * The structures are shared with init, a freestanding program that maps them at the same address
 * (INS_PLAN_ADDRESS): no types of the C library beyond the freestanding headers.
 */
#ifndef INSULA_PLAN_PLAN_H
#define INSULA_PLAN_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The stages, in order. The child says when it enters one of those in which the parent has work to
 * do, and goes on when the parent answers; all other borders cost nothing.
 */
enum ins_stage {
	INS_STAGE_PREPARE, /* parent: cgroup, mount sources, namespace files */
	INS_STAGE_JOIN,    /* child: enters namespaces that are there; still sees the host's mounts */
	INS_STAGE_CLONE,   /* the namespaces come into being */
	INS_STAGE_IDMAP,   /* parent writes the maps; child becomes root inside */
	INS_STAGE_NET,     /* child: interfaces */
	INS_STAGE_MOUNT,   /* child: builds the tree */
	INS_STAGE_HOOKS,   /* parent: prestart, createRuntime; then child: createContainer */
	INS_STAGE_ROOT,    /* child: pivot_root, read-only paths, masks, sysctl, names */
	INS_STAGE_CREATED, /* parent: state is written, create returns; child waits for start */
	INS_STAGE_START,   /* child: startContainer hooks */
	INS_STAGE_EXEC,    /* child: credentials, seccomp, execve */
	INS_STAGE_STARTED, /* parent: poststart */
	INS_STAGE_COUNT,
};

enum ins_side {
	INS_SIDE_PARENT,
	INS_SIDE_CHILD,
};

/*
 * X(name, side, room's function): the operations. The name makes INS_OP_<NAME>, the function is
 * called by the side given. One table for the enum, both walkers and the printer.
 */
#define INS_OPS(X)                                                                          \
	/* parent */                                                                        \
	X(CGROUP_CREATE, PARENT, ins_cgroup_create_op)     /* make the cgroup, open it */   \
	X(CGROUP_SCOPE, PARENT, ins_cgroup_scope_op)       /* have systemd make it */       \
	X(CGROUP_DEVICES, PARENT, ins_cgroup_devices_op)   /* attach the device program */  \
	X(CGROUP_LIMIT, PARENT, ins_cgroup_limit_op)       /* one of linux.resources */     \
	X(NS_OPEN, PARENT, ins_ns_open_op)                 /* open and check a namespace */ \
	X(NS_CHECK, PARENT, ins_ns_check_op)               /* entered, and not led astray */ \
	X(PROC_OPEN, PARENT, ins_mount_proc_open_op)       /* the trusted procfs */         \
	X(ROOT_OPEN, PARENT, ins_mount_root_open_op)       /* detached copy of the rootfs */ \
	X(ROOT_OVERLAY, PARENT, ins_mount_root_overlay_op) /* shared layers, and an own one */ \
	X(SOURCE_OPEN, PARENT, ins_mount_source_open_op)   /* detached copy of a source */  \
	X(SOURCE_FIND, PARENT, ins_mount_source_find_op)   /* in the child's namespace */   \
	X(NODE_OPEN, PARENT, ins_dev_node_open_op)         /* detached copy of a device */  \
	X(CGROUP_OPEN, PARENT, ins_cgroup_open_op)         /* detached copy of the cgroup */ \
	X(IDMAP_WRITE, PARENT, ins_idmap_write_op)         /* uid_map, gid_map */           \
	X(IDMAP_CHECK, PARENT, ins_idmap_check_op)         /* a joined namespace has these maps */ \
	X(NET_ATTACH, PARENT, ins_net_attach_op)           /* make a partition's network */ \
	X(NET_DEVICE, PARENT, ins_net_device_op)           /* move one into the container */ \
	X(RDT_ASSIGN, PARENT, ins_rdt_assign_op)           /* into a group of resctrl */    \
	X(OOM_SCORE, PARENT, ins_creds_oom_score_op)       /* oom_score_adj */              \
	X(STDIO_OWNER, PARENT, ins_creds_stdio_owner_op)   /* pipes that it may open again */ \
	X(RLIMIT_RAISE, PARENT, ins_creds_rlimit_raise_op) /* what a user ns must not */    \
	X(HOOK_PARENT, PARENT, ins_hook_parent_op)         /* prestart, createRuntime, … */ \
	X(STATE_CREATED, PARENT, ins_guest_created_op)     /* pid file, state: created */   \
	/* child */                                                                         \
	X(GROUPS_DROP, CHILD, ins_ns_groups_drop_op)       /* while it is allowed */        \
	X(NS_JOIN, CHILD, ins_ns_join_op)                  /* setns */                      \
	X(NS_UNSHARE, CHILD, ins_ns_unshare_op)            /* cgroup, time */               \
	X(TIME_OFFSETS, CHILD, ins_ns_time_offsets_op)     /* and enter the namespace */    \
	X(BECOME_ROOT, CHILD, ins_idmap_become_op)         /* ids inside the user ns */     \
	X(SETSID, CHILD, ins_creds_setsid_op)                                               \
	X(KEYRING, CHILD, ins_creds_keyring_op)                                             \
	X(LOOPBACK, CHILD, ins_net_loopback_op)                                             \
	X(HOSTNAME, CHILD, ins_ns_hostname_op)                                              \
	X(DOMAINNAME, CHILD, ins_ns_domainname_op)                                          \
	X(ROOT_PRIVATE, CHILD, ins_mount_private_op)       /* cut the host's propagation */ \
	X(SOURCE_CLONE, CHILD, ins_mount_source_clone_op)  /* instead of the parent */      \
	X(ROOT_ATTACH, CHILD, ins_mount_root_attach_op)                                     \
	X(MOUNT_FS, CHILD, ins_mount_fs_op)                /* a new filesystem */           \
	X(MOUNT_ATTACH, CHILD, ins_mount_attach_op)        /* a source from the parent */   \
	X(MOUNT_REMOUNT, CHILD, ins_mount_remount_op)                                       \
	X(NODE_MAKE, CHILD, ins_dev_node_make_op)          /* mknod */                      \
	X(NODE_ATTACH, CHILD, ins_dev_node_attach_op)      /* bind a device */              \
	X(SYMLINK, CHILD, ins_dev_symlink_op)              /* /dev/fd and so on */          \
	X(CONSOLE, CHILD, ins_tty_console_op)              /* make a pty, pass its master */ \
	X(CWD_MAKE, CHILD, ins_creds_cwd_make_op)          /* the directory, if missing */  \
	X(HOOK_CHILD, CHILD, ins_hook_child_op)            /* createContainer, start… */    \
	X(PIVOT, CHILD, ins_mount_pivot_op)                                                 \
	X(ROOT_PROPAGATION, CHILD, ins_mount_root_propagation_op)                           \
	X(ROOT_READONLY, CHILD, ins_mount_root_readonly_op)                                 \
	X(READONLY, CHILD, ins_mount_readonly_op)                                           \
	X(MASK, CHILD, ins_mount_mask_op)                                                   \
	X(SYSCTL, CHILD, ins_ns_sysctl_op)                                                  \
	X(FIND_PROGRAM, CHILD, ins_creds_find_program_op)  /* process.args[0] */            \
	X(SCHEDULER, CHILD, ins_creds_scheduler_op)                                         \
	X(IO_PRIORITY, CHILD, ins_creds_io_priority_op)                                     \
	X(AFFINITY, CHILD, ins_creds_affinity_op)                                           \
	X(MEMORY_POLICY, CHILD, ins_creds_memory_policy_op)                                 \
	X(PERSONALITY, CHILD, ins_creds_personality_op)                                     \
	X(RLIMIT, CHILD, ins_creds_rlimit_op)                                               \
	X(UMASK, CHILD, ins_creds_umask_op)                                                 \
	X(LSM_LABEL, CHILD, ins_creds_lsm_label_op)                                         \
	X(NO_NEW_PRIVS, CHILD, ins_creds_no_new_privs_op)                                   \
	X(BOUNDING, CHILD, ins_creds_bounding_op)                                           \
	X(SECCOMP_EARLY, CHILD, ins_seccomp_load_op)       /* before the credentials */     \
	X(IDS, CHILD, ins_creds_ids_op)                    /* groups, gid, uid */           \
	X(CWD, CHILD, ins_creds_cwd_op)                                                     \
	X(CAPS, CHILD, ins_creds_caps_op)                                                   \
	X(PREPARE_EXEC, CHILD, ins_creds_prepare_exec_op)  /* fds, signals */              \
	X(SECCOMP, CHILD, ins_seccomp_load_op)             /* last of all */                \
	X(EXECVE, CHILD, ins_creds_execve_op)

enum ins_op_kind {
#define X(name, side, function) INS_OP_##name,
	INS_OPS(X)
#undef X
	INS_OP_KINDS,
};

struct ins_text_list {
	uint32_t n;
	const char *const *v; /* v[n] is NULL: usable as argv and envp */
};

struct ins_plan_id_map {
	uint32_t container, host, size;
};

/* One fsconfig(2) call: value NULL is a flag. */
struct ins_fs_option {
	const char *key, *value;
};

/* What mount_setattr(2) is to change on a mount. */
struct ins_mount_attrs {
	uint64_t set, clear;     /* MOUNT_ATTR_… of this mount alone */
	uint64_t rec_set, rec_clear; /* the same for it and all below it */
	uint64_t propagation;    /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, 0: leave;
	                            MS_SLAVE | another: first all below a slave, then the other */
	bool propagation_recursive;
};

/* A hook, ready to run: argv[0] is in args. */
struct ins_plan_hook {
	const char *path;
	struct ins_text_list args, env;
	int32_t timeout; /* seconds; 0: none */
	uint32_t index;  /* within its kind */
	uint32_t hook_kind; /* enum ins_hook_kind */
};

/* A classic BPF program as seccomp(2) takes it: struct sock_filter of <linux/filter.h>. */
struct ins_plan_filter {
	uint32_t n;
	const void *instructions;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_… for seccomp(2) */
	bool listener;  /* ask for a notify fd and hand it over */
};

/*
 * What one limit writes into the container's cgroup. Each file that is there gets its text, and one of
 * them has to be there: one kernel has only the one, another both.
 */
struct ins_limit_files {
	struct {
		const char *name, *text; /* NULL: no second one */
	} v[2];
	const char *usage; /* a file with a number that must not be above the text; NULL: not asked for */
	bool if_there;     /* where the file is missing it holds anyway */
};

/*
 * A property of a systemd unit: a D-Bus signature and its values as words, in order. An array is the
 * number of its elements and then these; a structure is nothing but its members: "a(st)" may have
 * "1", "/dev/sda", "100".
 */
struct ins_unit_property {
	const char *key; /* the config path it comes from; "" for what the runtime adds */
	const char *name, *signature;
	struct ins_text_list values;
};

/*
 * A slot is a number under which the parent keeps an fd (run.h); those up to plan->n_slots are
 * sent to the child. The numbers start at 0.
 */
enum {
	INS_SLOT_PROC, /* the trusted procfs, O_PATH */
	INS_SLOT_ROOT, /* detached mount of the rootfs */
	INS_SLOT_TARGET = INS_SLOT_ROOT, /* exec: pidfd of the container's process */
	INS_SLOT_FIRST_FREE,
	INS_NO_SLOT = -1,
};

struct ins_interface;

struct ins_op {
	uint16_t kind;   /* enum ins_op_kind */
	uint8_t stage;   /* enum ins_stage */
	uint8_t side;    /* enum ins_side */
	int32_t slot;    /* the fd this is about, INS_NO_SLOT: none */
	const char *key; /* the config path it comes from: "mounts[3]"; "" for what the runtime adds */
	const char *path; /* the file it is about, as the guest (child) or the host (parent) sees it */
	union {
		struct {
			uint32_t type; /* CLONE_NEW… */
			bool must_differ; /* NS_OPEN: not the runtime's own, something is set in it */
		} ns; /* NS_OPEN, NS_JOIN, NS_UNSHARE */
		struct {
			const char *text; /* what is written to timens_offsets */
		} time;
		struct {
			uint32_t n_uid, n_gid;
			const struct ins_plan_id_map *uid, *gid;
			bool deny_setgroups; /* needed for a map without privilege */
		} idmap; /* IDMAP_WRITE, IDMAP_CHECK; SOURCE_OPEN uses source.idmap */
		struct {
			uint32_t uid, gid;
			bool clear_groups;
		} become;
		struct {
			const char *text; /* HOSTNAME, DOMAINNAME, SYSCTL value, LSM label, SYMLINK target,
			                     NET_DEVICE name in the container */
			const char *file; /* LSM_LABEL: below /proc/thread-self, "attr/exec" */
			bool in_image;    /* SYMLINK: as node.in_image */
		} text;
		struct {
			const struct ins_interface *interface; /* net/interface.h */
			const char *request; /* to insula-net, for what it has in the table */
			bool has_elements;   /* ports or groups: insula-net has to be asked */
		} net; /* NET_ATTACH */
		struct {
			const char *fstype, *source;
			uint32_t n_options;
			const struct ins_fs_option *options;
			struct ins_mount_attrs attrs;
			bool copy_up;        /* tmpcopyup: fill it with what the mount hides */
			bool cgroup_fallback; /* op.slot holds the cgroup's tree, for when the kernel refuses;
			                        without it op.slot is where the mount's fd is kept */
			bool proc_or_sys;    /* the target must be a real directory, no symlink on the way */
			bool on_proc;        /* the target may lie on a procfs */
			bool mode_of_target; /* tmpfs: the mode of the directory that it hides */
			bool by_mount;       /* make it by mount(2), with these: */
			uint64_t mount_flags; /* MS_… of the superblock */
			const char *mount_data;
		} fs; /* MOUNT_FS; path is the destination */
		struct {
			bool recursive;
			bool no_follow;        /* do not follow a symlink as last component */
			bool is_proc;          /* it must be a procfs */
			bool found;            /* SOURCE_CLONE: what is in the slot is to be copied */
			int32_t copy_slot;     /* found: instead of op.slot the parent may fill this one,
			                          with the copy; 0: no */
			bool in_place;         /* ROOT_OPEN: no copy, for a root that is only chrooted into */
			struct ins_mount_attrs attrs;
			uint32_t n_uid, n_gid; /* 0: not id-mapped by own maps */
			const struct ins_plan_id_map *uid, *gid;
			bool idmap;            /* MOUNT_ATTR_IDMAP: own maps, or the container's if n_uid is 0 */
			bool idmap_recursive;
		} source; /* ROOT_OPEN, SOURCE_OPEN, SOURCE_FIND, SOURCE_CLONE; path is the source on the host */
		struct {
			struct ins_text_list layers; /* directories, the topmost first */
			const char *own;             /* directory with "upper" and "work"; NULL: read-only */
			const char *own_image;       /* an ext4 in a file, whose root has these two instead; NULL */
			uint32_t uid, gid;           /* of the container's root, outside */
		} overlay; /* ROOT_OVERLAY */
		struct {
			bool no_follow; /* do not follow a symlink as last component of the destination */
			bool strict;    /* no symlink on the whole way to it */
			bool on_proc;   /* it may lie on a procfs */
			struct ins_mount_attrs attrs; /* what the source has not got yet */
		} attach; /* MOUNT_ATTACH; path is the destination */
		struct {
			struct ins_mount_attrs attrs;
			uint32_t n_options; /* to be changed on the superblock */
			const struct ins_fs_option *options;
		} remount; /* MOUNT_REMOUNT (slot: a mount that was kept, else path), ROOT_PROPAGATION */
		struct {
			uint32_t type; /* S_IFCHR, S_IFBLK, S_IFIFO */
			uint32_t mode, major, minor;
			uint32_t uid, gid;
			bool must_match; /* a file that is there has to be this device (linux.devices) */
			bool must_exist; /* it is the host's directory: nothing is made there */
			bool in_image;   /* the same, if the directory turns out to be on another mount
			                    than the root: whoever made the rootfs has mounted it there */
		} node;
		struct {
			uint16_t height, width;
			bool has_size;
			bool bind_console; /* mount the slave on /dev/console */
			uint32_t uid;      /* who is to own the slave */
		} console;
		struct ins_plan_hook hook;
		struct {
			bool no_pivot;
			bool chroot_only; /* no mount namespace of its own */
		} pivot;
		struct {
			uint32_t resource;
			uint64_t soft, hard;
		} rlimit;
		struct {
			int32_t score;
		} oom;
		struct {
			uint32_t uid;    /* in the container */
			bool in_userns;  /* of its process; else on the host, too */
		} stdio;
		struct {
			uint32_t policy;
			int32_t nice;
			uint32_t priority;
			uint64_t flags, runtime, deadline, period;
		} scheduler;
		struct {
			uint32_t value; /* ioprio_set(2): class << 13 | level */
		} io_priority;
		struct {
			uint32_t size; /* bytes */
			const void *mask;
		} affinity;
		struct {
			const char *schema; /* lines: to be written to a new group, to be those of another */
			struct ins_text_list schemata; /* to be written after that */
			const char *monitor; /* directory of the group that counts, NULL: none */
			bool is_own;   /* the group is the container's alone */
			bool may_make; /* it is made if it is not there */
		} rdt; /* RDT_ASSIGN; path is the group's directory */
		struct {
			uint32_t mode; /* MPOL_… with MPOL_F_… */
			uint32_t size; /* bytes of the mask; 0: no nodes */
			const void *nodes;
		} memory_policy;
		struct {
			uint64_t value;
		} personality;
		struct {
			uint32_t mask;
		} umask;
		struct {
			bool may_fail; /* before IDS: what root is denied, the user may be allowed */
		} cwd; /* CWD; path is the directory */
		struct {
			uint32_t uid, gid;
			uint32_t n_groups;
			const uint32_t *groups;
			bool keep_groups; /* leave the supplementary groups as they are */
		} ids;
		struct {
			uint64_t bounding, effective, permitted, inheritable, ambient;
		} caps; /* BOUNDING uses bounding, CAPS the others */
		struct ins_plan_filter seccomp;
		struct {
			struct ins_text_list args, env;
			bool want_home; /* add HOME from the guest's passwd, the environment has none */
			bool want_listen_pid; /* add LISTEN_PID */
			uint32_t uid;   /* whose home */
		} exec; /* FIND_PROGRAM, EXECVE */
		struct {
			uint32_t n_instructions;
			const void *instructions; /* struct bpf_insn of <linux/bpf.h> */
		} devices;
		struct {
			bool own_namespace; /* the container has a cgroup namespace of its own */
			bool delegate;      /* chown the delegation files to uid:gid */
			uint32_t controllers; /* 1U << enum ins_controller: to be there for the limits */
			uint32_t offered;   /* to be there for the owner, if they can be had */
			uint32_t uid, gid;
			uint32_t n_properties; /* CGROUP_SCOPE: of the unit */
			const struct ins_unit_property *properties;
		} cgroup; /* CGROUP_CREATE, CGROUP_SCOPE */
		struct {
			uint32_t controller; /* 1U << enum ins_controller, 0: none needed */
			struct ins_limit_files files;
		} limit;
	};
};

struct ins_plan {
	uint32_t n_ops;
	uint32_t n_slots;       /* how many fds the child is sent */
	const struct ins_op *ops; /* in order of stages, and of execution within them */
	uint32_t stage_start[INS_STAGE_COUNT + 1]; /* ops[stage_start[s]] is the first of stage s */
	uint32_t clone_flags;   /* CLONE_NEW… for clone3(2) */
	uint32_t join_flags;    /* CLONE_NEW… that are entered by setns(2) before */
	uint32_t preserve_fds;  /* fds 3… of the caller that the program gets */
	bool is_exec;           /* the plan of `exec`: no root file system, no CREATED */
	bool terminal;
	bool waits_for_start;   /* create: the child waits; run: it goes on */
	const char *id;
	const char *bundle;     /* absolute */
	const char *rootfs;     /* absolute */
	const char *cgroup;     /* path below the cgroup2 mount, with a leading slash; NULL: none */
	const char *unit;       /* the systemd unit that makes it, @cgroup being what is expected; NULL: none */
	bool user_manager;      /* it is one of the user's systemd, not of the system's */
};

/* The most layers that a root may have: overlayfs itself takes 500. */
#define INS_OVERLAY_LAYERS 128

#define INS_FOR_EACH_OP(op, plan, a_stage)                                     \
	for (const struct ins_op *op = (plan)->ops + (plan)->stage_start[a_stage]; \
		op < (plan)->ops + (plan)->stage_start[(a_stage) + 1]; op++)

/*
 * ins_plan_meets - parent and child meet at the start of this stage: the parent has work in it, or
 * hands over the state object for the child's hooks. Both sides ask this.
 */
static inline bool ins_plan_meets(const struct ins_plan *plan, enum ins_stage stage)
{
	INS_FOR_EACH_OP(op, plan, stage) {
		if (op->side == INS_SIDE_PARENT)
			return true;
		if (op->kind == INS_OP_HOOK_CHILD && stage == INS_STAGE_HOOKS)
			return true;
	}
	return false;
}

#endif
