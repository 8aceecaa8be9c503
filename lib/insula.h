/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libinsula: an OS-level container runtime as a library.
 *
 * The library never prints and never exits. Every call that can fail returns 0 (or a count) or
 * −errno and fills the caller's struct ins_error. Outputs named ret_… are untouched on failure.
 * A context may be used by one thread at a time. Calls that make or join containers
 * (ins_create, ins_run, ins_exec) want a single-threaded caller, because they change the
 * caller's umask for a moment, wait for children and (ins_run) take signals.
 *
 * Of the errors the comments name those that say something of their own; any other errno can come
 * from a system call that the host refuses. For whatever takes an id: −EINVAL it can be none, −ENOENT
 * there is no such container, −EBUSY another call has worked on it for ten seconds.
 */
#ifndef INSULA_H
#define INSULA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The runtime specification that is implemented, and the oldest whose configurations are taken. */
#define INS_OCI_VERSION     "1.3.0"
#define INS_OCI_VERSION_MIN "1.0.0"

/* Why something failed. Fixed size, owned by the caller; start with `struct ins_error e = {}`. */
struct ins_error {
	int code;       /* a positive errno value; 0: no error is recorded */
	int status;     /* the exit status that callers of an OCI runtime expect, 0: none in particular */
	char text[896]; /* the words, one line, no final newline */
};

enum ins_log_level {
	INS_LOG_ERROR,
	INS_LOG_WARNING,
	INS_LOG_INFO,
	INS_LOG_DEBUG,
};

/* Receives what the library has to say beside errors; @text is one line without a newline. */
typedef void ins_log_fn(void *data, enum ins_log_level level, const char *text);

enum ins_cgroup_manager {
	INS_CGROUP_CGROUPFS, /* make and remove the directories of the cgroup2 hierarchy */
	INS_CGROUP_SYSTEMD,  /* ask systemd for a scope */
	INS_CGROUP_DISABLED, /* leave the container in the caller's cgroup */
};

enum ins_rootless {
	INS_ROOTLESS_AUTO,
	INS_ROOTLESS_NO,
	INS_ROOTLESS_YES,
};

/* What holds for all calls of a context. Zero everywhere is the default. */
struct ins_options {
	const char *root; /* the state directory; NULL: /run/insula, or below XDG_RUNTIME_DIR */
	const char *library; /* where templates and partitions are kept; NULL: /var/lib/insula, or with another
	                         state directory .library in that */
	enum ins_cgroup_manager cgroup_manager;
	enum ins_rootless rootless;
	enum ins_log_level log_level; /* the most talkative level that @log is called for */
	ins_log_fn *log;              /* NULL: nothing is said */
	void *log_data;
};

struct ins_context;

/**
 * ins_context_new - check the options and make a context
 * @options: copied; NULL for the defaults
 * @ret_context: to be freed with ins_context_free()
 *
 * Touches nothing on the host; the state directory is made by the first call that needs it.
 *
 * Return: 0, −EINVAL (the state directory has an empty name), −ENOMEM.
 */
int ins_context_new(const struct ins_options *options, struct ins_context **ret_context,
	struct ins_error *err);

/* ins_context_free - free it, which touches nothing on the host either; NULL is allowed. */
void ins_context_free(struct ins_context *context);

/* ins_context_show_progress - long work (templates, archives, copies) tells on the standard error how far it has
 * come, if that is a terminal. A new context does not. */
void ins_context_show_progress(struct ins_context *context, bool yes);

/* What `create` and `run` are told beside the bundle's configuration. */
struct ins_create_args {
	const char *id;
	const char *bundle;         /* NULL: the current directory */
	const char *config;         /* NULL: config.json in the bundle */
	const char *console_socket; /* AF_UNIX path that gets the pty's master; NULL: none */
	const char *pidfd_socket;   /* AF_UNIX path that gets a pidfd of the container process */
	const char *pid_file;       /* written with the pid in decimal, no newline */
	unsigned int preserve_fds;  /* so many fds from 3 on are handed to the container process */
	unsigned int listen_fds;    /* the first so many of these it learns of by sd_listen_fds(3) */
	const char *listen_fdnames; /* their LISTEN_FDNAMES; NULL: none */
	bool no_pivot;              /* move the root onto / and chroot instead of pivot_root */
	bool no_new_keyring;        /* keep the caller's session keyring */
	bool no_subreaper;          /* run: do not become a subreaper */
	bool detach;                /* run: return once the program runs */
	bool keep;                  /* run: leave the container's state after its end */
};

/**
 * ins_create - runtime.md "create": all but process.args is applied, the container waits for ins_start()
 *
 * A failure leaves nothing behind.
 *
 * Return: 0, −EEXIST, −EINVAL (of the configuration: the property is named), −EOPNOTSUPP (it asks for
 * what insula, or this host, cannot do), −ECANCELED (a hook has failed), −errno.
 */
int ins_create(struct ins_context *context, const struct ins_create_args *args,
	struct ins_error *err);

/**
 * ins_start - runtime.md "start"
 *
 * Returns when the program's execve has succeeded, or why it did not: then the process is dead.
 *
 * Return: 0, −EINVAL (it is not created, or its configuration has no process), −ESRCH (its process is gone),
 * −ECANCELED (a hook has failed, and the container is deleted), −errno, also of the execve.
 */
int ins_start(struct ins_context *context, const char *id, struct ins_error *err);

/**
 * ins_run - create, start, wait, delete
 * @ret_status: exit status, 128 + signal if one killed it; untouched with args->detach
 *
 * Without args->detach signals are passed on to the container meanwhile, and the caller is a subreaper unless
 * args->no_subreaper says otherwise.
 *
 * Return: 0, and as ins_create() and ins_start(); a failure leaves nothing behind.
 */
int ins_run(struct ins_context *context, const struct ins_create_args *args, int *ret_status,
	struct ins_error *err);

/* A process to run in a container that is there already. NULL and 0 mean: as the container's own. */
struct ins_exec_args {
	const char *id;
	const char *process_file; /* JSON of config.md's process object; excludes what follows it */
	char *const *args;        /* NULL-terminated */
	char *const *env;         /* "KEY=VALUE" to add, NULL-terminated */
	char *const *caps;        /* capability names to add, NULL-terminated */
	const char *cwd;
	const char *user;       /* "UID[:GID]", numbers */
	const char *process_label;
	const char *apparmor;
	const char *cgroup;     /* a cgroup below the container's */
	const gid_t *additional_gids;
	size_t additional_gids_count;
	const char *console_socket;
	const char *pidfd_socket;
	const char *pid_file;
	unsigned int preserve_fds;
	bool tty;
	bool no_new_privs;
	bool ignore_paused;
	bool detach;
};

/**
 * ins_exec - run a further process
 * @ret_status: as for ins_run()
 *
 * Return: 0, −ESRCH (container not running), −EBUSY (it is paused, and args->ignore_paused is not set),
 * −EINVAL (of the process object: the property is named), −errno, also of the execve.
 */
int ins_exec(struct ins_context *context, const struct ins_exec_args *args, int *ret_status,
	struct ins_error *err);

/**
 * ins_kill - runtime.md "kill"
 * @signal: its number; see ins_signal_parse()
 * @all: to every process in the container, not to the first alone
 *
 * Return: 0, −ESRCH (container not running), −errno of the kernel.
 */
int ins_kill(struct ins_context *context, const char *id, int signal, bool all,
	struct ins_error *err);

/**
 * ins_delete - runtime.md "delete": all that a container has on the host
 * @force: also of one that has neither stopped nor is only created; that it is unknown is no error then
 *
 * Return: 0, −EINVAL (it has not stopped), −ETIMEDOUT (its process hangs in the kernel), −errno.
 */
int ins_delete(struct ins_context *context, const char *id, bool force, struct ins_error *err);

/**
 * ins_pause, ins_resume - freeze all processes of a container; let them go on
 *
 * Return: 0, −EINVAL (it does not run; it is not paused), −EOPNOTSUPP (it has no cgroup of its own),
 * −ETIMEDOUT (one of its processes hangs in the kernel; they go on), −errno.
 */
int ins_pause(struct ins_context *context, const char *id, struct ins_error *err);
int ins_resume(struct ins_context *context, const char *id, struct ins_error *err);

enum ins_status {
	INS_STATUS_CREATING,
	INS_STATUS_CREATED,
	INS_STATUS_RUNNING,
	INS_STATUS_PAUSED,
	INS_STATUS_STOPPED,
};

/* ins_status_name - the specification's word for it, as "running". */
const char *ins_status_name(enum ins_status status);

/* One container as `state` and `list` show it. */
struct ins_container_info {
	const char *id;
	enum ins_status status;
	pid_t pid; /* 0 when it has no process */
	const char *bundle;
	const char *rootfs;
	const char *created; /* RFC 3339 with nanoseconds */
	const char *owner;   /* name, or number in decimal if it has none */
	const char *json;    /* the whole state object of runtime.md, as indented JSON */
};

/* Is told of one container; @info is valid during the call. What it returns below 0 ends the visits, and
 * is returned. */
typedef int ins_container_visit_fn(void *data, const struct ins_container_info *info);

/* ins_state - runtime.md "state": call @visit once. Return: as @visit; −errno. */
int ins_state(struct ins_context *context, const char *id, ins_container_visit_fn *visit,
	void *data, struct ins_error *err);

/* ins_list - call @visit for each container, in the order of their ids. One whose record cannot be read
 * is logged and left out. Return: 0 or as @visit; −errno. */
int ins_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err);

/**
 * ins_ps - the processes in a container, as pids of the caller's pid namespace
 * @ret_pids: ascending; to be freed with free(). NULL if there are none
 *
 * Return: 0, −EOPNOTSUPP (it has no cgroup of its own), −errno.
 */
int ins_ps(struct ins_context *context, const char *id, pid_t **ret_pids, size_t *ret_count,
	struct ins_error *err);

/* ins_event_fn - gets one event as a line of JSON without a newline; what it returns below 0 ends the
 * watching, and is returned. */
typedef int ins_event_fn(void *data, const char *json);

/**
 * ins_events - tell what a container uses, until its process has ended
 * @interval: nanoseconds between two reports, at most 2^63 − 1; 0: one report and no more
 * @visit: called with an event of type "stats" at once and after each @interval, and with one of type
 *         "oom" as soon as the out-of-memory killer has been at work
 *
 * The events have the form that runc gives them; what the kernel does not count for this container is
 * left out.
 *
 * Return: 0 or as @visit; −ESRCH (container not running), −EOPNOTSUPP (it has no cgroup of its own), −errno.
 */
int ins_events(struct ins_context *context, const char *id, uint64_t interval,
	ins_event_fn *visit, void *data, struct ins_error *err);

/* What is not counted for a container, and a limit that is not set. */
#define INS_STATS_NONE UINT64_MAX

/* What a container has used. Times are in nanoseconds, sizes in bytes, the rest are numbers. */
struct ins_stats {
	const char *id;
	enum ins_status status;
	pid_t pid;
	uint64_t cpu, cpu_user, cpu_system; /* time of processors, the sum and its parts */
	uint64_t throttled;                 /* time that it had to wait for its limit */
	uint64_t memory, memory_peak, memory_limit;
	uint64_t swap, swap_limit;
	uint64_t oom_kills;                 /* processes that the out-of-memory killer has ended */
	uint64_t pids, pids_limit;          /* processes and threads */
	uint64_t io_read, io_written;       /* of all block devices */
	uint64_t net_received, net_sent;    /* through all interfaces but lo */
	uint64_t cpu_waited, memory_waited, io_waited; /* time in which some process waited for it (PSI) */
};

/* What it returns below 0 ends the visits, and is returned. */
typedef int ins_stats_fn(void *data, const struct ins_stats *stats);

/**
 * ins_stats - what containers have used until now
 * @id: NULL: all that have a process and a cgroup of their own, in the order of their ids
 * @visit: called with each; @stats is valid during the call
 *
 * Return: 0 or as @visit; with an @id also −ENOENT, −ESRCH (it has no process), −EOPNOTSUPP (no cgroup of
 * its own); −errno.
 */
int ins_stats(struct ins_context *context, const char *id, ins_stats_fn *visit, void *data,
	struct ins_error *err);

/* New limits for a container. */
struct ins_update_args {
	const char *id;
	const char *resources;     /* the text of an object like linux.resources in config.json */
	const char *resources_name;  /* where it is from: what is said of the text begins so; may be NULL */
	const char *l3_cache_schema; /* linux.intelRdt.l3CacheSchema; NULL: as it is */
	const char *mem_bw_schema;   /* linux.intelRdt.memBwSchema */
};

/**
 * ins_update - change the limits of a container that is created, running or paused
 *
 * What is not named in the resources stays as it is. Where a property says only half of what the
 * kernel wants, the other half is what holds at the moment. All is changed, or, if the kernel refuses
 * one of the values, nothing.
 *
 * Return: 0, −EINVAL (it has stopped; or of the resources, whose property is named), −EOPNOTSUPP (no
 * cgroup of its own, or a controller that this host has not got), −EBUSY (more is in use than the new
 * limit), −errno.
 */
int ins_update(struct ins_context *context, const struct ins_update_args *args,
	struct ins_error *err);

enum ins_format {
	INS_FORMAT_TEXT,
	INS_FORMAT_JSON,
};

/**
 * ins_plan - tell every step that ins_create() and ins_start() would take, without taking one
 * @args: id may be NULL; nothing of what it names is opened but the configuration
 * @ret_text: to be freed with free(); ends in a newline
 *
 * Needs no privilege.
 *
 * Return: 0, −EINVAL and −EOPNOTSUPP as ins_create(), −errno.
 */
int ins_plan(struct ins_context *context, const struct ins_create_args *args,
	enum ins_format format, char **ret_text, struct ins_error *err);

/* ins_spec_default - the text of a default config.json; @rootless: one for an ordinary user. @ret_text:
 * to be freed with free(). Return: 0, −ENOMEM. */
int ins_spec_default(bool rootless, char **ret_text, struct ins_error *err);

/* ins_features - the text of the features object (features.md). @ret_text: to be freed with free().
 * Return: 0, −errno. */
int ins_features(char **ret_text, struct ins_error *err);

/* ins_version - "1.2.3"; ins_commit - the commit it was built from, or "unknown". */
const char *ins_version(void);
const char *ins_commit(void);

/* Which word was meant: of those that could have been, the one that a mistyped word is most like. */
struct ins_nearest {
	const char *word; /* as it was typed; the rest starts as zero */
	const char *best; /* NULL: none of those offered is like it */
	size_t distance;  /* of @best */
};

/**
 * ins_nearest_offer - one of the words that could have been meant
 * @candidate: outlives @nearest
 *
 * Two words are alike if few letters have to be changed, added, taken away or swapped with their neighbour:
 * about a third of the word as it was typed, without what ends in "_": that is the same in many words. To words of
 * less than three letters none is alike. Capital letters count as small ones. Of words that are equally near the first stays.
 */
void ins_nearest_offer(struct ins_nearest *nearest, const char *candidate);

/**
 * ins_character - the character that @text, of UTF-8 (RFC 3629), begins with
 * @ret_code: its number in Unicode; of what is none the byte's
 *
 * Return: its bytes, 0: what stands there is no UTF-8.
 */
size_t ins_character(const char *text, uint32_t *ret_code);

/* ins_character_is_shown - a terminal may get it with the text of somebody else: it is no control character, and none
 * that is not seen and changes how others look. */
bool ins_character_is_shown(uint32_t code);

/* ins_signal_parse - a signal's number from "TERM", "SIGTERM", "15", "RTMIN+3"; 0 is one, too. −EINVAL:
 * it is none. */
int ins_signal_parse(const char *text);

#ifdef __cplusplus
}
#endif

#endif
