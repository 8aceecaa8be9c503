/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state store. Each container has a directory in the state directory, named by its id:
 *
 *     state.json   what is known of it (struct ins_record); replaced by rename, never changed in place
 *     start        the socket on which init waits while the container is created
 *     plan         the plan of a created container, for start
 *     filter       the seccomp program, for exec
 *
 * The directory is the container's lock (flock): a verb that changes something holds it. It is made
 * first and removed last, and state.json names every effect on the host before it is made, so
 * whatever kills a verb half-way, `delete --force` finds all there is to remove.
 */
#ifndef INSULA_GUEST_RECORD_H
#define INSULA_GUEST_RECORD_H

#include <jansson.h>
#include <sys/types.h>
#include <sys/un.h>

#include "guest/context.h"
#include "spec/spec.h"
#include "spec/state.h"

/* The file names. */
#define INS_START_SOCKET "start"
#define INS_PLAN_FILE    "plan"
#define INS_FILTER_FILE  "filter"

/* The longest id: a file name, and no more than sun_path needs through /proc/self/fd. */
#define INS_ID_MAX 255

struct ins_record {
	enum ins_status status; /* CREATING, or CREATED from then on: the rest is seen, not written */
	const char *id, *bundle, *rootfs;
	const char *created;    /* RFC 3339 with nanoseconds */
	uid_t owner;
	pid_t pid;              /* 0: not yet known */
	uint64_t start_time;    /* field 22 of /proc/PID/stat: tells a reused pid */
	const char *cgroup_mount, *cgroup; /* NULL: none */
	unsigned int cgroup_made; /* how many of the path's last components were made by us */
	const char *unit;       /* the systemd unit that has the cgroup; NULL: none. Known before @cgroup is */
	bool user_manager;      /* it is one of the user's systemd */
	const char *rdt_group;  /* directory of its resctrl group; NULL: none */
	const char *rdt_made;   /* of what we have made there for it; NULL: nothing */
	uint32_t namespaces;    /* CLONE_NEW… to enter for an exec */
	bool no_new_privileges;
	bool has_filter;
	bool root_in_place;     /* no mount namespace of its own: only changed into (chroot) */
	const char *listener_path, *listener_metadata;
	const char *personality; /* linux.personality.domain; NULL: as the runtime's */
	struct ins_pairs annotations;
	const char *hooks_json;   /* as in struct ins_spec */
	const char *process_json;
	json_t *document;       /* owns the strings above after loading; NULL while building */
	struct ins_pair *annotation_pairs; /* owned after loading */
};

/* An opened container. Start with ins_store_open(), end with ins_store_close(). */
struct ins_store {
	int root;  /* the state directory */
	int dir;   /* the container's directory, locked if asked for; −1 */
	struct ins_record record;
	bool is_locked; /* by us */
};

enum ins_lock {
	INS_LOCK_NONE,
	INS_LOCK_WAIT,  /* wait for the other verb, for INS_LOCK_SECONDS at most */
};

#define INS_LOCK_SECONDS 10

/* ins_id_check - is this an id? [A-Za-z0-9_+.-], not "." nor "..", not hidden by a leading dot. */
int ins_id_check(const char *id, struct ins_error *err);

/**
 * ins_store_create - make a container's directory and lock it
 *
 * Return: 0, −EEXIST with the text that callers look for, −errno.
 */
int ins_store_create(struct ins_context *context, const char *id, struct ins_store *ret_store,
	struct ins_error *err);

/**
 * ins_store_open - find a container, lock it, read its record
 *
 * A directory without a record is what a killed create leaves: with @allow_broken it is opened
 * (record.id NULL), else it does not exist.
 *
 * Return: 0, −ENOENT with the text "container … does not exist", −EBUSY, −errno.
 */
int ins_store_open(struct ins_context *context, const char *id, enum ins_lock lock,
	bool allow_broken, struct ins_store *ret_store, struct ins_error *err);

/* ins_store_start_address - of INS_START_SOCKET, as long as the store is open: sun_path is too short for
 * its path. */
struct sockaddr_un ins_store_start_address(const struct ins_store *store);

/* ins_store_close - unlock, close, and free the record. Also for one that was never opened. */
void ins_store_close(struct ins_store *store);

/* ins_store_save - replace state.json by @record. */
int ins_store_save(struct ins_store *store, const struct ins_record *record,
	struct ins_error *err);

/* ins_store_remove - remove the directory with what is in it; the id is free then. */
int ins_store_remove(struct ins_store *store, const char *id, struct ins_error *err);

/* ins_store_ids - the ids of all containers, sorted; free each and the list. */
int ins_store_ids(struct ins_context *context, char ***ret_ids, size_t *ret_n,
	struct ins_error *err);

/**
 * ins_store_busy - another verb holds the lock of this container right now
 *
 * Tells a container that is being created from what a killed create left.
 *
 * Return: 1, 0, or −errno.
 */
int ins_store_busy(const struct ins_store *store, struct ins_error *err);

/* ins_record_load - read state.json in @dir. Return: 0, −ENOENT, −EINVAL (not a record), −errno. */
int ins_record_load(int dir, struct ins_record *ret_record, struct ins_error *err);

/* ins_record_clear - free what loading allocated. */
void ins_record_clear(struct ins_record *record);

/* ins_process_start_time - field 22 of /proc/PID/stat. @pidfd: of the same process. Return: 0, −ESRCH (it
 * has ended), or −errno: it cannot be told. */
int ins_process_start_time(pid_t pid, int pidfd, uint64_t *ret_time);

/**
 * ins_record_pidfd - a pidfd of the container process, if it is still the one that was recorded
 *
 * Return: an fd, −ESRCH if it is gone, or −errno: it cannot be told. No error is recorded.
 */
int ins_record_pidfd(const struct ins_record *record);

/* ins_store_status - what the container is now, judged by its process and its cgroup. Whoever took one
 * that cannot be looked at for stopped would take it away from under its processes: it is an error. */
int ins_store_status(const struct ins_store *store, enum ins_status *ret_status,
	struct ins_error *err);

/* Room for the owner's name. */
#define INS_OWNER_SIZE 64

/**
 * ins_record_state - what state objects are made from
 * @status: the word; without a process ("stopped") the pid is 0
 * @owner: buffer for the owner's name, to which @ret_state points
 */
void ins_record_state(const struct ins_record *record, const char *status,
	struct ins_state *ret_state, char *owner, size_t owner_size);

/**
 * ins_record_state_json - the state object of runtime.md
 * @compact: one line (hooks), else indented (people)
 * @ret_text: to be freed with free()
 */
int ins_record_state_json(const struct ins_record *record, const char *status, bool compact,
	char **ret_text, struct ins_error *err);

#endif
