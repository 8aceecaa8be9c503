/* SPDX-License-Identifier: Apache-2.0 */
/* Building a plan: what the rooms' planners are given, and what they hand in. */
#ifndef INSULA_PLAN_BUILD_H
#define INSULA_PLAN_BUILD_H

#include "base/arena.h"
#include "plan/host.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* A root that is put together, instead of root.path. */
struct ins_overlay {
	struct ins_strings layers; /* directories, absolute, the topmost first; at most INS_OVERLAY_LAYERS */
	const char *own;           /* directory with "upper" and "work"; NULL: read-only */
	const char *own_image;     /* an ext4 in a file, whose root has these two instead; NULL */
};

/* A network that is made for the container. */
struct ins_network {
	const char *kind;           /* "routed", "bridge", "macvlan" */
	uint32_t number;            /* the partition's: addresses and names of interfaces follow from it */
	const char *address;        /* one of its own choice; NULL: by the number */
	const char *device;         /* bridge, macvlan: the interface on the host */
	struct ins_strings publish; /* "[ADDRESS:]PORT:PORT[/udp]", checked */
	struct ins_strings groups;  /* names; who shares one may talk to each other */
};

struct ins_plan_builder {
	const struct ins_spec *spec;
	const struct ins_host *host;
	const struct ins_create_args *args; /* of create and run; for an exec only preserve_fds is set */
	enum ins_cgroup_manager cgroup_manager;
	bool user_manager;       /* systemd's manager to be asked is the user's */
	struct ins_arena *arena; /* the plan's: all that the plan points to is copied into it */
	struct ins_plan *plan;
	bool waits_for_start;    /* create: the container waits for `start` */
	bool dry;                /* `insula plan`: nothing of the host but its facts may be looked at */
	const char *bundle;      /* absolute */
	const struct ins_overlay *overlay; /* NULL: root.path is the root */
	const struct ins_network *network; /* NULL: none is made */
	const char *state_root;  /* the state directory of all containers: for caches */
	void (*warn)(void *data, const char *text);
	void (*note)(void *data, const char *text); /* what only somebody who looks for it wants to know */
	void *warn_data; /* of both */
	int32_t next_slot;
	const struct ins_plan_filter *exec_filter; /* exec: the container's own filter, NULL: none */
	const char *exec_root;   /* exec: the root that the container is only changed into; NULL: it has a
	                            mount namespace of its own */
	pid_t exec_pid;          /* exec: the container's process */

	/* Private to build.c: the operations while their number is not known. */
	struct ins_op *staged;
	uint32_t n_staged, staged_capacity;
};

/**
 * ins_plan_add - append an operation to a stage
 * @builder: operations of one stage keep the order in which they are added
 * @stage: when it is done; which side does it follows from @kind (INS_OPS)
 * @key: printf format of the config path it comes from, "" for what the runtime adds by itself
 * @ret_op: the operation, zeroed but for kind, stage, side, key and slot (INS_NO_SLOT); valid only
 *          until the next call, so fill it in at once
 *
 * Return: 0, −ENOMEM.
 */
int ins_plan_add(struct ins_plan_builder *builder, enum ins_stage stage, enum ins_op_kind kind,
	struct ins_op **ret_op, struct ins_error *err, const char *key, ...)
	__attribute__((format(printf, 6, 7)));

/* ins_plan_new_slot - the number for one more fd that the child is sent. */
int32_t ins_plan_new_slot(struct ins_plan_builder *builder);

/* ins_plan_strdup - copy into the plan's arena; NULL gives NULL. Fails with −ENOMEM. */
int ins_plan_strdup(struct ins_plan_builder *builder, const char *text, const char **ret,
	struct ins_error *err);

/* ins_plan_strings - copy a list into the arena, NULL-terminated. Return: 0, −ENOMEM. */
int ins_plan_strings(struct ins_plan_builder *builder, const struct ins_strings *list,
	struct ins_text_list *ret, struct ins_error *err);

/* ins_plan_id_maps - copy id maps into the arena. Return: 0, −ENOMEM. */
int ins_plan_id_maps(struct ins_plan_builder *builder, const struct ins_id_maps *maps,
	uint32_t *ret_n, const struct ins_plan_id_map **ret, struct ins_error *err);

/* ins_plan_has_own - the container gets a new namespace of this type. */
bool ins_plan_has_own(const struct ins_plan_builder *builder, enum ins_ns ns);

/* ins_plan_has_userns - it lives in a user namespace other than the runtime's, new or joined. */
bool ins_plan_has_userns(const struct ins_plan_builder *builder);

/*
 * ins_plan_cgroup_stage - from here on the parent has the container's cgroup: PREPARE, or CLONE if
 * systemd makes it, who wants a process to put in.
 */
enum ins_stage ins_plan_cgroup_stage(const struct ins_plan_builder *builder);

/*
 * Who makes the detached copies of what is mounted into the container. The parent, because the
 * container's root may not reach the originals. A parent without the privilege leaves it to the
 * child, which has it in its own mount namespace; one inside a user namespace only finds out by
 * trying whether its mount namespace belongs to that: then both have the operation.
 */
bool ins_plan_parent_clones(const struct ins_plan_builder *builder);
bool ins_plan_child_clones(const struct ins_plan_builder *builder);

/*
 * A room's planner: adds the room's operations to the stages where they belong, and refuses what
 * cannot be done. Each is defined in its room's *_plan.c.
 */
typedef int ins_planner_fn(struct ins_plan_builder *builder, struct ins_error *err);
ins_planner_fn ins_cgroup_plan;  /* linux.cgroupsPath, linux.resources */
ins_planner_fn ins_rdt_plan;     /* linux.intelRdt */
ins_planner_fn ins_ns_plan;      /* linux.namespaces, timeOffsets, hostname, domainname */
ins_planner_fn ins_idmap_plan;   /* linux.uidMappings, gidMappings */
ins_planner_fn ins_net_plan;     /* loopback, linux.netDevices */
ins_planner_fn ins_mount_plan;   /* root, mounts: everything up to HOOKS */
ins_planner_fn ins_dev_plan;     /* linux.devices, the default devices and links */
ins_planner_fn ins_tty_plan;     /* process.terminal */
ins_planner_fn ins_hook_plan;    /* hooks */
ins_planner_fn ins_mount_finish_plan; /* pivot, propagation, readonlyPaths, maskedPaths */
ins_planner_fn ins_creds_plan;   /* process.*, linux.sysctl, personality; also for exec */

/* Where in EXEC the filter is loaded: INS_OP_SECCOMP_EARLY without no_new_privs (needs CAP_SYS_ADMIN, so
 * before the ids change), INS_OP_SECCOMP last of all with it. The filter is compiled (or fetched from
 * the cache) by this, and is in the plan's arena then. Return: 0, −EINVAL with the property,
 * −EOPNOTSUPP, −ENOMEM. */
int ins_seccomp_compile(struct ins_plan_builder *builder, struct ins_plan_filter *ret_filter,
	struct ins_error *err);

/**
 * ins_plan_build - the plan of `create` and `run`
 *
 * Calls each room's planner in order (HACKING, "Stages"), checks what concerns several properties,
 * sorts by stage, seals the arena.
 *
 * Return: 0, −EINVAL, −EOPNOTSUPP (asked for what is not supported), −ENOMEM.
 */
int ins_plan_build(struct ins_plan_builder *builder, struct ins_error *err);

/* ins_plan_build_exec - the plan of `exec`. @join_flags: CLONE_NEW… of the container's namespaces to
 * enter. @filter: exec_filter of struct ins_plan_builder. Return: as ins_plan_build(). */
int ins_plan_build_exec(struct ins_plan_builder *builder, uint32_t join_flags,
	const struct ins_plan_filter *filter, struct ins_error *err);

/**
 * ins_plan_print - the plan as text or JSON
 * @ret_text: to be freed with free()
 *
 * Return: 0, −ENOMEM.
 */
int ins_plan_print(const struct ins_plan *plan, const struct ins_host *host,
	enum ins_format format, char **ret_text, struct ins_error *err);

/* ins_op_describe - what an operation does, in one line for people: "mount tmpfs on /run". Used by
 * the printer and by every error message. Never fails; cuts what does not fit. */
void ins_op_describe(const struct ins_op *op, char *buffer, size_t size);

/* ins_stage_name, ins_op_name - as in the printed plan; "?" for what is none. */
const char *ins_stage_name(enum ins_stage stage);
const char *ins_op_name(enum ins_op_kind kind);

#endif
