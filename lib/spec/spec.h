/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct ins_spec: an OCI configuration (runtime-spec 1.3.0, config.md and config-linux.md) as
 * plain data. It is filled by the parser and read by the planner; nothing else sees it, and
 * nothing changes it afterwards. Strings belong to the parsed document, arrays to the arena;
 * both live until ins_spec_free().
 *
 * Where the specification tells "absent" from zero, the field has a `bool has_…` beside it or is
 * a pointer (NULL: absent).
 */
#ifndef INSULA_SPEC_SPEC_H
#define INSULA_SPEC_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insula.h"

struct ins_strings {
	size_t n;
	const char *const *v;
};

struct ins_id_map {
	uint32_t container; /* first id inside */
	uint32_t host;      /* first id outside */
	uint32_t size;
};

struct ins_id_maps {
	size_t n;
	const struct ins_id_map *v;
};

struct ins_spec_mount {
	const char *destination;
	const char *type;   /* NULL: absent */
	const char *source; /* NULL: absent */
	struct ins_strings options;
	struct ins_id_maps uid_mappings; /* both or neither (checked by the parser) */
	struct ins_id_maps gid_mappings;
};

struct ins_spec_rlimit {
	const char *type; /* as written, "RLIMIT_NOFILE" */
	int resource;     /* RLIMIT_… of <sys/resource.h> */
	uint64_t soft, hard;
};

/* Capability sets as masks: bit n is capability number n. */
struct ins_spec_caps {
	bool present; /* process.capabilities was given */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct ins_spec_scheduler {
	bool present;
	int policy; /* SCHED_… */
	int32_t nice, priority;
	uint64_t flags; /* SCHED_FLAG_… */
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct ins_spec_process {
	bool present;
	bool terminal;
	bool has_console_size;
	uint16_t console_height, console_width;
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	size_t n_additional_gids;
	const uint32_t *additional_gids;
	const char *cwd;
	struct ins_strings args;
	struct ins_strings env;
	size_t n_rlimits;
	const struct ins_spec_rlimit *rlimits;
	struct ins_spec_caps caps;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;
	const char *apparmor_profile;
	const char *selinux_label;
	struct ins_spec_scheduler scheduler;
	bool has_io_priority;
	int io_priority_class; /* 1 real time, 2 best effort, 3 idle: IOPRIO_CLASS_… */
	int io_priority;       /* 0…7 */
	const char *affinity_initial; /* process.execCPUAffinity, cpu list text, checked; NULL: absent */
	const char *affinity_final;
};

enum ins_hook_kind {
	INS_HOOK_PRESTART,
	INS_HOOK_CREATE_RUNTIME,
	INS_HOOK_CREATE_CONTAINER,
	INS_HOOK_START_CONTAINER,
	INS_HOOK_POSTSTART,
	INS_HOOK_POSTSTOP,
	INS_HOOK_KINDS,
};

struct ins_spec_hook {
	const char *path; /* absolute */
	struct ins_strings args; /* empty: absent, then argv[0] is the path */
	struct ins_strings env;
	int timeout; /* seconds, 0: none */
};

struct ins_spec_hooks {
	size_t n;
	const struct ins_spec_hook *v;
};

/* Bits and order of the namespaces; the bit of CLONE_NEW… is in ins_ns_flag(). */
enum ins_ns {
	INS_NS_USER,
	INS_NS_PID,
	INS_NS_NETWORK,
	INS_NS_MOUNT,
	INS_NS_IPC,
	INS_NS_UTS,
	INS_NS_CGROUP,
	INS_NS_TIME,
	INS_NS_COUNT,
};

struct ins_spec_namespace {
	bool present;     /* false: inherited from the runtime */
	const char *path; /* absolute; NULL: a new one */
	size_t index;     /* in linux.namespaces, for messages */
};

struct ins_spec_time_offset {
	bool present;
	int64_t secs;
	uint32_t nanosecs;
};

struct ins_spec_device {
	const char *path; /* absolute */
	char type;        /* 'c' ('u' is the same), 'b', 'p' */
	uint32_t major, minor;
	bool has_mode;
	uint32_t mode;
	bool has_uid, has_gid;
	uint32_t uid, gid;
};

/* linux.resources.devices[]: a rule; the last that fits decides. −1 as major or minor: any. */
struct ins_spec_device_rule {
	bool allow;
	char type; /* 'a', 'b', 'c' */
	int64_t major, minor;
	bool read, write, mknod;
};

struct ins_spec_weight_device {
	uint32_t major, minor;
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
};

struct ins_spec_throttle {
	uint32_t major, minor;
	uint64_t rate;
};

struct ins_spec_throttles {
	size_t n;
	const struct ins_spec_throttle *v;
};

struct ins_spec_hugepage {
	const char *page_size;
	uint64_t limit;
};

struct ins_spec_rdma {
	const char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

struct ins_spec_interface_priority {
	const char *name;
	uint32_t priority;
};

struct ins_pair {
	const char *key, *value;
};

struct ins_pairs {
	size_t n;
	const struct ins_pair *v;
};

#define INS_SPEC_OPTIONAL(type, name) \
	bool has_##name;              \
	type name

struct ins_spec_resources {
	bool present;
	size_t n_devices;
	const struct ins_spec_device_rule *devices;
	struct {
		INS_SPEC_OPTIONAL(int64_t, limit);
		INS_SPEC_OPTIONAL(int64_t, reservation);
		INS_SPEC_OPTIONAL(int64_t, swap);
		INS_SPEC_OPTIONAL(int64_t, kernel);
		INS_SPEC_OPTIONAL(int64_t, kernel_tcp);
		INS_SPEC_OPTIONAL(uint64_t, swappiness);
		INS_SPEC_OPTIONAL(bool, disable_oom_killer);
		INS_SPEC_OPTIONAL(bool, use_hierarchy);
		INS_SPEC_OPTIONAL(bool, check_before_update);
	} memory;
	struct {
		INS_SPEC_OPTIONAL(uint64_t, shares);
		INS_SPEC_OPTIONAL(int64_t, quota);
		INS_SPEC_OPTIONAL(uint64_t, burst);
		INS_SPEC_OPTIONAL(uint64_t, period);
		INS_SPEC_OPTIONAL(int64_t, realtime_runtime);
		INS_SPEC_OPTIONAL(uint64_t, realtime_period);
		INS_SPEC_OPTIONAL(int64_t, idle);
		const char *cpus;
		const char *mems;
	} cpu;
	struct {
		INS_SPEC_OPTIONAL(uint16_t, weight);
		INS_SPEC_OPTIONAL(uint16_t, leaf_weight);
		size_t n_weight_devices;
		const struct ins_spec_weight_device *weight_devices;
		struct ins_spec_throttles read_bps, write_bps, read_iops, write_iops;
	} block_io;
	size_t n_hugepage_limits;
	const struct ins_spec_hugepage *hugepage_limits;
	struct {
		INS_SPEC_OPTIONAL(uint32_t, class_id);
		size_t n_priorities;
		const struct ins_spec_interface_priority *priorities;
	} network;
	INS_SPEC_OPTIONAL(int64_t, pids_limit);
	size_t n_rdma;
	const struct ins_spec_rdma *rdma;
	struct ins_pairs unified;
};

/* Actions and comparisons keep the specification's names; the seccomp room gives them numbers. */
struct ins_spec_seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	const char *op; /* "SCMP_CMP_EQ" … */
};

struct ins_spec_seccomp_rule {
	struct ins_strings names;
	const char *action; /* "SCMP_ACT_ALLOW" … */
	bool has_errno;
	uint32_t errno_ret;
	size_t n_args;
	const struct ins_spec_seccomp_arg *args;
};

struct ins_spec_seccomp {
	bool present;
	const char *default_action;
	bool has_default_errno;
	uint32_t default_errno;
	struct ins_strings architectures; /* "SCMP_ARCH_X86_64" … */
	struct ins_strings flags;         /* "SECCOMP_FILTER_FLAG_LOG" … */
	const char *listener_path;
	const char *listener_metadata;
	size_t n_rules;
	const struct ins_spec_seccomp_rule *rules;
};

struct ins_spec_intel_rdt {
	bool present;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct ins_strings schemata;
	bool enable_monitoring;
};

struct ins_spec_memory_policy {
	bool present;
	const char *mode, *nodes; /* "MPOL_INTERLEAVE", "0-3" */
	struct ins_strings flags;
};

struct ins_spec_net_device {
	const char *host, *name; /* name in the container; NULL: the same */
};

struct ins_spec {
	const char *oci_version;
	const char *hostname, *domainname;
	const char *root_path; /* as written; NULL: absent */
	bool root_readonly;
	size_t n_mounts;
	const struct ins_spec_mount *mounts;
	struct ins_spec_process process;
	struct ins_spec_hooks hooks[INS_HOOK_KINDS];
	struct ins_pairs annotations;

	/* config-linux.md */
	struct ins_spec_namespace namespaces[INS_NS_COUNT];
	struct ins_id_maps uid_mappings, gid_mappings;
	struct ins_spec_time_offset monotonic, boottime;
	size_t n_devices;
	const struct ins_spec_device *devices;
	size_t n_net_devices;
	const struct ins_spec_net_device *net_devices;
	const char *cgroups_path;
	struct ins_spec_resources resources;
	struct ins_spec_intel_rdt intel_rdt;
	struct ins_spec_memory_policy memory_policy;
	struct ins_pairs sysctl;
	struct ins_spec_seccomp seccomp;
	const char *rootfs_propagation; /* "shared" "slave" "private" "unbindable", and their r forms */
	struct ins_strings masked_paths, readonly_paths;
	const char *mount_label;
	bool has_personality;
	const char *personality_domain; /* "LINUX", "LINUX32" */
	struct ins_strings personality_flags;

	struct ins_strings warnings; /* what the specification wants logged, not refused: unknown capabilities */
	struct ins_strings unknown;  /* the same for properties, which may come from a later version */

	const char *process_json; /* the process object as compact JSON; NULL if absent: kept for exec */
	const char *hooks_json;   /* the hooks object likewise: kept for start and delete */
};

/**
 * ins_spec_parse - a configuration from its text
 * @text: UTF-8 JSON, @size bytes; not changed and not needed afterwards
 * @ret_spec: to be freed with ins_spec_free()
 *
 * Unknown properties are ignored (config.md "Extensibility"); an unknown or unsupported value, a
 * wrong type, a duplicate key, a missing required property or a broken rule between properties of
 * one object is an error that names the property's path. Depth, size and counts are bounded.
 *
 * Return: 0, −EINVAL, −E2BIG, −ENOMEM.
 */
int ins_spec_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err);

/* ins_spec_take - the same of what has been read or built already; the specification holds a reference to @root. */
struct json_t;
int ins_spec_take(struct json_t *root, struct ins_spec **ret_spec, struct ins_error *err);

/* ins_spec_load - the same from a file, read through fd-relative @path below @dirfd (or AT_FDCWD). */
int ins_spec_load(int dirfd, const char *path, struct ins_spec **ret_spec, struct ins_error *err);

/* ins_spec_process_parse - only a process object: what `exec --process` is given. The result has
 * nothing else set. */
int ins_spec_process_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err);

/* ins_spec_hooks_parse - only a hooks object: what was kept as hooks_json. The result has nothing
 * else set. */
int ins_spec_hooks_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err);

/* ins_spec_resources_parse - only a linux.resources object: what `update` is given. The result has
 * nothing else set. */
int ins_spec_resources_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err);

/* ins_spec_free - with all that it points to; NULL is allowed. */
void ins_spec_free(struct ins_spec *spec);

static inline void ins_cleanup_spec(struct ins_spec **spec)
{
	ins_spec_free(*spec);
}

#define cleanup_spec __attribute__((cleanup(ins_cleanup_spec)))

/* Annotations that a runtime is asked by, where the specification has no property for it. */
#define INS_ANNOTATION_FAMILY     "run.oci."
#define INS_ANNOTATION_GROUPS     "run.oci.keep_original_groups" /* no setgroups(2) */
#define INS_ANNOTATION_MOUNTLABEL "run.oci.mount_context_type"   /* context, fscontext, … */
#define INS_ANNOTATION_PROPERTY   "org.systemd.property."        /* and a property of the unit */

/* ins_spec_annotation - the value of an annotation, or NULL. */
const char *ins_spec_annotation(const struct ins_spec *spec, const char *key);

/* ins_ns_flag - CLONE_NEW… of a namespace; ins_ns_name - the specification's name ("network"). */
unsigned int ins_ns_flag(enum ins_ns ns);
const char *ins_ns_name(enum ins_ns ns);

/* ins_capability_number - 0…63 of "CAP_CHOWN", −EINVAL if unknown; ins_capability_name - inverse,
 * NULL if unknown. */
int ins_capability_number(const char *name);
const char *ins_capability_name(int number);

/* ins_hook_kind_name - "createRuntime" and so on. */
const char *ins_hook_kind_name(enum ins_hook_kind kind);

/* Bytes of a mask of cpus: as many as Linux can be built for. */
#define INS_CPU_MASK_BYTES (8192 / 8)

/* ins_cpu_list_parse - set the bits of a cpu list ("0-3,7") in @mask of @size bytes (a multiple of 8).
 * Return: 0, −EINVAL, −ERANGE (a cpu that the mask cannot hold). */
int ins_cpu_list_parse(const char *text, unsigned char *mask, size_t size);

#endif
