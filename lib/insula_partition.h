/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Partitions: long-lived guests with a name, which insula itself keeps. A partition is a container whose
 * bundle is made of a definition (what a person asked for) and a template (a root file system that many
 * share). While it runs, all calls of insula.h take its name for an id.
 *
 * Errors, contexts and threads are as in insula.h. For whatever takes the name of a partition: −EINVAL it
 * can be none, −ENOENT there is no such partition, −EBUSY another command is at work on it.
 */
#ifndef INSULA_PARTITION_H
#define INSULA_PARTITION_H

#include "insula.h"

#ifdef __cplusplus
extern "C" {
#endif

/* So many a host can have: each has a number, see insula-partitions(7). */
#define INS_PARTITIONS_MAX 12288

/* --- definitions ------------------------------------------------------------------------------------ */

/* When the change of a setting takes effect. */
enum ins_change {
	INS_CHANGE_NONE,    /* nothing differs */
	INS_CHANGE_LIVE,    /* at once, in a running partition too */
	INS_CHANGE_RESTART, /* when it is started again */
	INS_CHANGE_NEVER,   /* another template is another partition */
};

/*
 * X(name, key, kind, change, argument, help): the settings, in the order in which they are shown. The key is
 * that of the file and, with two dashes, the option.
 */
#define INS_SETTINGS(X)                                                                                 \
	X(TEMPLATE, "template", NAME, NEVER, "NAME", "the template that its root is made of")           \
	X(COMMAND, "command", WORDS, RESTART, "WORD", "the program and its arguments")                  \
	X(BOOT, "boot", FLAG, RESTART, NULL, "the program is an init, and is kept as one")              \
	X(TERMINAL, "terminal", FLAG, RESTART, NULL, "it has a terminal, which `insula console` leads to") \
	X(ENV, "env", PAIRS, RESTART, "NAME=VALUE", "a variable of its environment")                    \
	X(USER, "user", USER, RESTART, "UID[:GID]", "who the program is inside")                        \
	X(CWD, "cwd", PATH, RESTART, "DIR", "the directory that the program starts in")                 \
	X(HOSTNAME, "hostname", NAME, RESTART, "NAME", "its host name (default: its name)")             \
	X(MEMORY, "memory", SIZE, LIVE, "SIZE", "the most memory it may use")                           \
	X(SWAP, "swap", SIZE, LIVE, "SIZE", "the most swap it may use beside it")                       \
	X(CPUS, "cpus", CPUS, LIVE, "NUMBER", "so many processors' time, as 1.5")                       \
	X(CPUSET, "cpuset", CPU_LIST, LIVE, "LIST", "the processors it may use, as 0-3,7")              \
	X(CPU_WEIGHT, "cpu-weight", WEIGHT, LIVE, "NUMBER", "its share when processors are short (100)") \
	X(IO_WEIGHT, "io-weight", WEIGHT, LIVE, "NUMBER", "its share when disks are busy (100)")        \
	X(PIDS, "pids", NUMBER, LIVE, "NUMBER", "the most processes and threads")                       \
	X(DISK, "disk", SIZE, LIVE, "SIZE", "the most its root may take beyond the template")        \
	X(NET, "net", NET, RESTART, "KIND", "its network: none, host, routed, bridge, macvlan")         \
	X(ADDRESS, "address", ADDRESS, RESTART, "ADDRESS[/PREFIX]", "an address of its own choice")              \
	X(BRIDGE, "bridge", NAME, RESTART, "NAME", "net bridge: the bridge on the host")                \
	X(PARENT, "parent", NAME, RESTART, "NAME", "net macvlan: the interface on the host")            \
	X(PUBLISH, "publish", PUBLISH, LIVE, "[ADDRESS:]PORT:PORT[/PROTOCOL]",                          \
		"a port of the host's that leads to one of its own")                                    \
	X(DNS, "dns", ADDRESSES, RESTART, "ADDRESS", "a name server, instead of the host's")            \
	X(GROUP, "group", NAMES, LIVE, "NAME", "partitions of one group may talk to each other")        \
	X(MOUNT, "mount", MOUNTS, RESTART, "SOURCE:DIR[:ro]", "a directory or file of the host's")      \
	X(DEVICE, "device", PATHS, RESTART, "PATH", "a device of the host's")                           \
	X(CAP_ADD, "cap-add", CAPS, RESTART, "NAME", "a capability beside the usual ones")              \
	X(CAP_DROP, "cap-drop", CAPS, RESTART, "NAME", "one of the usual capabilities less")            \
	X(READONLY, "read-only", FLAG, RESTART, NULL, "nothing of its root can be changed")             \
	X(RESTART, "restart", RESTART, LIVE, "WHEN", "start it again: no, on-failure, always")          \
	X(STOP_SIGNAL, "stop-signal", SIGNAL, LIVE, "SIGNAL", "the signal that asks it to end")            \
	X(NOTIFY, "notify", FLAG, RESTART, NULL, "its program itself tells when it is ready (sd_notify)")        \
	X(AFTER, "after", NAMES, LIVE, "NAME", "at boot it is started after this one")                  \
	X(DELAY, "delay", NUMBER, LIVE, "SECONDS", "at boot it is started so much later than it could be")       \
	X(COMMENT, "comment", TEXT, LIVE, "TEXT", "what people want to know of it")

enum ins_setting {
#define X(name, key, kind, change, argument, help) INS_SETTING_##name,
	INS_SETTINGS(X)
#undef X
	INS_SETTING_COUNT,
};

/* How a value is written and checked. Those behind INS_KIND_WORDS are lists. */
enum ins_setting_kind {
	INS_KIND_FLAG,     /* "true" or absent; "false" takes it away */
	INS_KIND_NAME,     /* [A-Za-z0-9_.-] */
	INS_KIND_TEXT,
	INS_KIND_PATH,     /* absolute */
	INS_KIND_USER,
	INS_KIND_SIZE,     /* bytes, with a unit: 512M */
	INS_KIND_NUMBER,
	INS_KIND_WEIGHT,   /* 1 to 10000 */
	INS_KIND_CPUS,
	INS_KIND_CPU_LIST,
	INS_KIND_NET,
	INS_KIND_RESTART,
	INS_KIND_SIGNAL,   /* TERM, SIGTERM, 15 or RTMIN+3 */
	INS_KIND_ADDRESS,
	INS_KIND_WORDS,
	INS_KIND_PAIRS,
	INS_KIND_NAMES,
	INS_KIND_PATHS,
	INS_KIND_CAPS,
	INS_KIND_MOUNTS,
	INS_KIND_PUBLISH,
	INS_KIND_ADDRESSES, /* without a prefix */
	INS_KIND_COUNT,
};

/* What a person asks of a partition: for each setting its words. Start with {}; end with
 * ins_definition_clear(). */
struct ins_definition {
	struct ins_definition_value {
		size_t n;
		char **v; /* owned, NULL at the end; NULL if there is none */
	} values[INS_SETTING_COUNT];
};

/* ins_definition_clear - free what it owns; it is empty then, and can be used again. */
void ins_definition_clear(struct ins_definition *definition);

/**
 * ins_definition_set - set one setting, or add to one that is a list
 * @text: checked by the setting's kind, copied. NULL: take the setting away
 *
 * Return: 0, −EINVAL with the key before the words, −ENOMEM.
 */
int ins_definition_set(struct ins_definition *definition, enum ins_setting setting, const char *text,
	struct ins_error *err);

/**
 * ins_definition_parse - from the text of a file: an object of JSON, whose members are the settings
 * @ret_definition: to be cleared
 *
 * Numbers and true may stand without quotes. An unknown member is an error: it would be a setting that
 * does not hold.
 *
 * Return: 0, −EINVAL with the line, or the key, before the words, −ENOMEM.
 */
int ins_definition_parse(const char *text, size_t size, struct ins_definition *ret_definition,
	struct ins_error *err);

/* ins_definition_text - the same back, indented, with a newline at the end. @ret_text: to be freed with free().
 * Return: 0, −ENOMEM. */
int ins_definition_text(
	const struct ins_definition *definition, char **ret_text, struct ins_error *err);

/* --- partitions --------------------------------------------------------------------------------------- */

/**
 * ins_partition_make - a new partition, which does not run yet
 * @name: letters, digits, _ . -, at most 63
 * @definition: borrowed for the call
 *
 * Return: 0, −EEXIST (partition or container of that name), −ENOENT (no such template), −ENOSPC (all numbers
 * are taken), −EINVAL, −errno. A failure leaves nothing behind.
 */
int ins_partition_make(struct ins_context *context, const char *name,
	const struct ins_definition *definition, struct ins_error *err);

/**
 * ins_partition_limits_missing - the default limits that this host cannot enforce
 * @text: becomes "memory, pids", or "" if it enforces all; @size: of it, in bytes: what does not fit is cut
 *
 * One that is asked for and cannot be enforced is an error of ins_partition_make(); these are not.
 *
 * Return: 0, −errno.
 */
int ins_partition_limits_missing(char *text, size_t size, struct ins_error *err);

/* What who supervises has opened for a partition's program: sd_listen_fds(3). */
struct ins_supervised {
	unsigned int listen_fds;    /* so many, from 3 on */
	const char *listen_fdnames; /* LISTEN_FDNAMES; NULL: none */
};

/**
 * ins_partition_start - let a partition run
 * @supervised: the caller was started for this by systemd, or by insula-keeper: the partition's process
 *              becomes a child of the caller's parent, which is told by sd_notify(3). NULL: one of these
 *              two is asked to start it.
 *
 * Return: 0 when its program runs, or is ready if its definition says that it tells (notify) and somebody
 * supervises who hears it; −ENOENT; −EALREADY: it runs; −EOPNOTSUPP (notify: it could not reach who
 * supervises), −errno.
 */
int ins_partition_start(struct ins_context *context, const char *name,
	const struct ins_supervised *supervised, struct ins_error *err);

/**
 * ins_partition_start_check - what would keep it from starting, as far as it can be seen while it still runs
 *
 * That is: sources of mounts, devices, interfaces of the host that are not there, and limits that this host cannot
 * enforce.
 *
 * Return: 0, −ENOENT, −ENODEV, −ENOTSUP, −errno.
 */
int ins_partition_start_check(struct ins_context *context, const char *name, struct ins_error *err);

/**
 * ins_partition_stop - end a partition's processes, and take away what it has on the host while it runs
 * @timeout: nanoseconds that they are given between the request and the killing
 *
 * That it does not run is no error.
 *
 * Return: 0, −ENOENT, −ETIMEDOUT (a process hangs in the kernel), −errno.
 */
int ins_partition_stop(
	struct ins_context *context, const char *name, uint64_t timeout, struct ins_error *err);

/**
 * ins_partition_revive - see that the partitions that run are looked after
 *
 * Where systemd does not do that, insula-keeper does. If it was killed it is started again and picks them up: till then
 * nobody takes what they say, and their exit statuses are lost. To be called before anything else is done.
 *
 * Return: 0: somebody does, or nothing runs; −errno.
 */
int ins_partition_revive(struct ins_context *context, struct ins_error *err);

/**
 * ins_partition_settle - called by who supervises, after a partition's process has ended
 * @status: of waitpid(2)
 * @ret_again: its definition wants it to be started again
 *
 * Return: 0, −ENOENT, −errno.
 */
int ins_partition_settle(struct ins_context *context, const char *name, int status, bool *ret_again,
	struct ins_error *err);

/**
 * ins_partition_settle_unit - the same for ExecStopPost= of insula@.service, whose Restart= is on-failure
 * @status: of waitpid(2)
 * @failed: systemd takes the end for a failure (SERVICE_RESULT is not "success")
 * @ret_fail: who calls has to fail, so that systemd starts it again
 *
 * What is not to be started again has been told to systemd. That there is no such partition any more is no
 * error. Return: 0, −errno.
 */
int ins_partition_settle_unit(struct ins_context *context, const char *name, int status, bool failed,
	bool *ret_fail, struct ins_error *err);

/* A connection to a partition's terminal. Start with { -1, -1 }. */
struct ins_console {
	int output;   /* SOCK_SEQPACKET: what the terminal says from now on; at its end the terminal is gone */
	int terminal; /* the master, to be written to and to be given a size; insula-keeper alone reads it */
};

/**
 * ins_console_open - attach to the terminal of a partition that has the setting "terminal"
 * @ret_console: to be closed with ins_console_close()
 *
 * Any number may be attached at once. Who does not read loses output; the partition never waits.
 *
 * Return: 0, −ENOENT, −ENOTTY (it has no terminal; the text says what to do), −ESRCH (it does not run), −errno.
 */
int ins_console_open(struct ins_context *context, const char *name, struct ins_console *ret_console,
	struct ins_error *err);

/**
 * ins_console_relay - join the caller's standard input and output to it
 * @ret_detached: the caller's person has pressed ^] three times within a second, or what is no terminal has
 *                come to its end and nothing has been said for a second; else the terminal is gone
 *
 * The caller's terminal is raw meanwhile, and as before afterwards, whatever happens; the partition's gets its
 * size. Signals that end a program end this, too, and are pending until then.
 *
 * Return: 0, −errno.
 */
int ins_console_relay(
	const struct ins_console *console, bool *ret_detached, struct ins_error *err);

/* ins_console_close - both descriptors; it is as at the start then. */
void ins_console_close(struct ins_console *console);

/* ins_partition_enable - is it to be started at boot? By `insula boot`, which insula.service calls.
 * Return: 0, −ENOENT, −errno. */
int ins_partition_enable(
	struct ins_context *context, const char *name, bool enabled, struct ins_error *err);

/* ins_partition_remove - the partition and all it has. @force: also one that runs. Return: 0, −ENOENT,
 * −EBUSY (it runs, or another command is about to make one of that name), −errno. */
int ins_partition_remove(
	struct ins_context *context, const char *name, bool force, struct ins_error *err);

/* ins_partition_remove_end - after the last one of many: wait until the kernel has deleted the interfaces of those that
 * ran, which it does by itself. Return: 0, −errno. */
int ins_partition_remove_end(struct ins_context *context, struct ins_error *err);

/* ins_partition_definition - what was asked for. @ret_definition: to be cleared. Return: 0, −ENOENT, −errno. */
int ins_partition_definition(struct ins_context *context, const char *name,
	struct ins_definition *ret_definition, struct ins_error *err);

/* Told of each setting that has changed: @key, and when that takes effect in this partition: LIVE has
 * happened. */
typedef void ins_change_fn(void *data, const char *key, enum ins_change change);

/**
 * ins_partition_apply - replace a partition's definition
 * @definition: borrowed for the call
 * @visit: called with each setting that differs; may be NULL
 *
 * All that the kernel can change in a running partition is changed, or nothing is.
 *
 * Return: 0, −ENOENT, −EINVAL (of a setting, which is named; the template cannot be changed), −errno.
 */
int ins_partition_apply(struct ins_context *context, const char *name,
	const struct ins_definition *definition, ins_change_fn *visit, void *data, struct ins_error *err);

/* One partition, as `list` and `show` tell of it. */
struct ins_partition_info {
	const char *name;
	enum ins_status status;
	pid_t pid;            /* 0: does not run */
	const char *template; /* as asked for */
	const char *image;    /* that it is made of */
	uint32_t number;
	uint32_t first_id;    /* of 65,536 on the host */
	const char *address, *address6; /* NULL: none */
	const char *made;     /* RFC 3339 */
	bool enabled;         /* is started at boot */
	int exit_status;      /* of the last end: as of waitpid(2); −1: never ended */
	const struct ins_definition *definition;
	const char *directory; /* of the partition, absolute */
	const char *unit;      /* of systemd's, that it runs as and whose journal has its output; NULL: its log has */
	const char *json;      /* all of this, as one indented object */
};

/* Is told of one partition; @info is valid during the call. */
typedef int ins_partition_visit_fn(void *data, const struct ins_partition_info *info);

/* ins_partition_show - call @visit once. Return: as @visit, −ENOENT, −errno. */
int ins_partition_show(struct ins_context *context, const char *name, ins_partition_visit_fn *visit,
	void *data, struct ins_error *err);

/* ins_partition_list - ins_list(), with the partitions that do not run among the containers. Return: as
 * ins_list(). */
int ins_partition_list(struct ins_context *context, ins_container_visit_fn *visit, void *data,
	struct ins_error *err);

/* ins_partition_names - of all partitions, sorted; free each and the list, which is NULL if there are
 * none. Return: 0, −errno. */
int ins_partition_names(
	struct ins_context *context, char ***ret_names, size_t *ret_n, struct ins_error *err);

/* --- snapshots ------------------------------------------------------------------------------------------ */

/**
 * ins_partition_snapshot - remember what a partition's root is now
 * @snapshot: a name, as of a partition
 *
 * Of one that does not run nothing is copied. One that runs is frozen while what it has changed is copied.
 *
 * Return: 0, −ENOENT, −EEXIST, −E2BIG (too many layers, or snapshots), −errno.
 */
int ins_partition_snapshot(struct ins_context *context, const char *name, const char *snapshot,
	struct ins_error *err);

struct ins_snapshot_info {
	const char *name;
	const char *made; /* RFC 3339 */
	size_t n_layers;  /* that it consists of, beside the template */
};

/* Is told of one snapshot; @info is valid during the call. What it returns below 0 ends the visits, and
 * is returned. */
typedef int ins_snapshot_visit_fn(void *data, const struct ins_snapshot_info *info);

/* ins_partition_snapshots - all of a partition, the oldest first. Return: as @visit, −ENOENT, −errno. */
int ins_partition_snapshots(struct ins_context *context, const char *name,
	ins_snapshot_visit_fn *visit, void *data, struct ins_error *err);

/* ins_partition_snapshot_remove - forget one. Its files go when no partition and no other snapshot has
 * them. Return: 0, −ENOENT (no such partition, or snapshot), −errno. */
int ins_partition_snapshot_remove(struct ins_context *context, const char *name,
	const char *snapshot, struct ins_error *err);

/**
 * ins_partition_rollback - let a partition's root be again what it was at a snapshot
 *
 * What it has changed since then is gone. All snapshots stay, younger ones, too.
 *
 * Return: 0, −ENOENT, −EBUSY (it runs), −errno.
 */
int ins_partition_rollback(struct ins_context *context, const char *name, const char *snapshot,
	struct ins_error *err);

/**
 * ins_partition_clone - a new partition with the root and the definition of another
 * @snapshot: its root as it was then; NULL: as it is now
 * @to: the name of the new one, which does not run yet and has no snapshots
 *
 * address, publish and hostname are not copied; a warning names those that there were.
 *
 * Return: as ins_partition_make() and ins_partition_snapshot().
 */
int ins_partition_clone(struct ins_context *context, const char *name, const char *snapshot,
	const char *to, struct ins_error *err);

/**
 * ins_partition_export - write a partition as one tar: its files, snapshots, settings
 * @fd: to be written to
 * @with_image: also its image, which is the largest part; without it the archive is of use where that image is
 *
 * One that runs is frozen while what it has changed is copied.
 *
 * Return: 0, −ENOENT, −EOPNOTSUPP (insula-image is not installed), −errno.
 */
int ins_partition_export(struct ins_context *context, const char *name, int fd, bool with_image,
	struct ins_error *err);

/**
 * ins_partition_import - make a partition of such a tar
 * @name: of the new one; NULL: what it was called where the archive was made
 * @fd: to be read to the end
 * @ret_name: what it is called, to be freed; NULL: not wanted
 *
 * Whoever made the archive may have meant harm. A failure leaves nothing behind.
 *
 * Return: as ins_partition_make(); −ENOENT: the image is not here, and not in the archive.
 */
int ins_partition_import(struct ins_context *context, const char *name, int fd, char **ret_name,
	struct ins_error *err);

/* --- what was left ------------------------------------------------------------------------------------ */

/* Something that a command has left which was killed, or that nobody needs any more. */
struct ins_leftover {
	const char *kind; /* "container", "cgroup", "directory", "file", "number", "layer", "image", "mount",
	                     "member" (of groups), "bundle" */
	const char *name; /* a path, an id, a number, the name of the container */
	const char *json; /* both, as one object */
};

/* Is told of one; @leftover is valid during the call. What it returns below 0 keeps others from being
 * told of, and is returned. */
typedef int ins_leftover_visit_fn(void *data, const struct ins_leftover *leftover);

/**
 * ins_gc - take away what killed commands have left, and the layers and images that nobody has
 * @dry: only tell of it
 * @visit: called for each thing that was taken away; may be NULL
 *
 * What another command is at work on is left alone. What cannot be taken away is a warning, and does not keep
 * the rest from it.
 *
 * Return: 0, as @visit, −errno: something could not be taken away.
 */
int ins_gc(struct ins_context *context, bool dry, ins_leftover_visit_fn *visit, void *data,
	struct ins_error *err);

/* --- templates ---------------------------------------------------------------------------------------- */

/* Where a template comes from. */
enum ins_template_source {
	INS_TEMPLATE_RECIPE,    /* a folder of rootfs-templates */
	INS_TEMPLATE_DIRECTORY, /* copied */
	INS_TEMPLATE_TAR,       /* in any compression; "-": standard input */
	INS_TEMPLATE_OCI,       /* a directory in OCI image layout, with ":TAG" behind it if it has several */
	INS_TEMPLATE_GUESS,     /* directory, tar or OCI: what it looks like */
};

struct ins_template_args {
	const char *name; /* one that is there is replaced; partitions that use it keep what they have */
	enum ins_template_source source;
	const char *from;        /* path, or the recipe's name */
	char *const *arguments;  /* of the recipe; NULL-terminated, may be NULL */
	bool erofs;              /* keep it as one erofs image instead of a directory */
};

/* ins_template_make - make a template and give it a name. A failure leaves nothing behind. Return: 0, −EINVAL,
 * −EOPNOTSUPP (insula-image is not installed), −errno with the words of insula-image. */
int ins_template_make(
	struct ins_context *context, const struct ins_template_args *args, struct ins_error *err);

struct ins_template_info {
	const char *name;    /* NULL: an image that has none any more, but users */
	const char *image;   /* its id: the first 16 digits of the digest */
	const char *digest;  /* "sha256:…" of the content */
	const char *kind;    /* "directory", "erofs" */
	uint64_t size;       /* bytes of its files */
	const char *made;    /* RFC 3339 */
	const char *source;  /* as "recipe debian", "tar" */
	/* What a partition has if nothing else is asked for; NULL: the image says nothing of it. */
	const char *const *command, *const *env; /* NULL at the end */
	const char *user, *cwd, *stop_signal;
	const char *json;    /* all of this, as one object */
};

/* Is told of one template; @info is valid during the call. What it returns below 0 ends the visits, and
 * is returned. */
typedef int ins_template_visit_fn(void *data, const struct ins_template_info *info);

/* ins_template_list - all of them, by name. @name: only that one; NULL: all. Return: 0 or as @visit;
 * −ENOENT (not there), −errno. */
int ins_template_list(struct ins_context *context, const char *name, ins_template_visit_fn *visit,
	void *data, struct ins_error *err);

/* ins_template_remove - the name, and the image if nobody has it any more. Return: 0, −ENOENT, −errno. */
int ins_template_remove(struct ins_context *context, const char *name, struct ins_error *err);

/* ins_template_check - is its content what its digest says? Return: 0, −EBADMSG (it is not), −ENOENT,
 * −EOPNOTSUPP (insula-image is not installed), −errno. */
int ins_template_check(struct ins_context *context, const char *name, struct ins_error *err);

/* --- the host ------------------------------------------------------------------------------------------ */

enum ins_finding_kind {
	INS_FINDING_FEATURE, /* something that the host has or has not */
	INS_FINDING_LIMIT,   /* something that it has so much of */
};

enum ins_finding_state {
	INS_FINDING_OK,
	INS_FINDING_SHORT,   /* something of less weight does not work without; a limit that is near */
	INS_FINDING_MISSING, /* no partition runs without; a limit that is reached */
};

/* No limit; or, of what is in use, not known. */
#define INS_FINDING_NONE UINT64_MAX

struct ins_finding {
	enum ins_finding_kind kind;
	enum ins_finding_state state;
	const char *name;    /* for a limit that can be set its sysctl: "kernel.pid_max" */
	const char *value;   /* of a feature: what was found; may be NULL */
	uint64_t now;        /* of a limit: in use, or INS_FINDING_NONE */
	uint64_t maximum;    /* INS_FINDING_NONE: no limit */
	uint64_t each;       /* what a partition takes of it at least; 0: nothing of the host's */
	uint64_t room;       /* so many more partitions fit, INS_FINDING_NONE: any number */
	const char *only;    /* the partitions that it holds for, as "net bridge"; NULL: all */
	const char *purpose; /* what it is needed for */
	const char *remedy;  /* what to do about it; NULL: nothing is wrong, or nothing can be done */
};

/* What it returns below 0 ends the check, and is returned. */
typedef int ins_finding_fn(void *data, const struct ins_finding *finding);

/**
 * ins_check - what this host can do, and how many more partitions it has room for
 * @visit: called with each feature, then with each limit; the finding is valid during the call
 *
 * Changes nothing. Limits are counted for a partition that holds one process: a larger one takes more.
 *
 * Return: 0 or as @visit; −errno.
 */
int ins_check(struct ins_context *context, ins_finding_fn *visit, void *data, struct ins_error *err);

#ifdef __cplusplus
}
#endif

#endif
