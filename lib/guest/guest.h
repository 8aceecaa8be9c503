/* SPDX-License-Identifier: Apache-2.0 */
/* One container on its way from the configuration to its process: what create, run, exec share. */
#ifndef INSULA_GUEST_GUEST_H
#define INSULA_GUEST_GUEST_H

#include "base/arena.h"
#include "guest/context.h"
#include "guest/launch.h"
#include "guest/record.h"
#include "plan/build.h"
#include "plan/run.h"
#include "spec/spec.h"

/* What a partition's container has that no configuration can say. */
struct ins_guest_extras {
	const struct ins_overlay *overlay; /* its root; NULL: root.path */
	const struct ins_network *network; /* made for it; NULL: none */
	bool is_sibling; /* its process is to be a child of our parent, who reaps it: see struct ins_run */
	uint32_t owner;  /* of its user namespace: see struct ins_run */
	struct ins_spec **spec; /* what the bundle's config.json holds, which need not be read then; it is taken */
};

struct ins_guest {
	struct ins_context *context;
	const struct ins_guest_extras *extras; /* NULL: none */
	const struct ins_create_args *create; /* NULL: an exec */
	const struct ins_exec_args *exec;     /* NULL: create or run */
	struct ins_host host;
	struct ins_spec *spec;
	struct ins_arena *arena;   /* the plan's */
	const struct ins_plan *plan;
	size_t plan_size;          /* of a plan that start has mapped; 0: it is in the arena */
	struct ins_store store;
	struct ins_record record;  /* being built by create; borrowed from the store by exec */
	struct ins_run run;
	char *bundle;              /* absolute */
	char *cgroup;              /* the one that systemd has made; NULL: none */
	char created[64];
	int console_socket;        /* connected, −1 */
	bool wants_poststop;       /* from here on a failure ends with the poststop hooks */
};

/**
 * ins_guest_load - read the configuration of create, run or plan and make the plan
 * @waits: the container waits for `start` once it is created
 * @dry: for `insula plan`
 *
 * On failure nothing on the host is changed; ins_guest_release() frees what was loaded.
 */
int ins_guest_load(struct ins_guest *guest, struct ins_context *context,
	const struct ins_create_args *args, bool waits, bool dry, struct ins_error *err);

/* ins_guest_has_labels - something asks for AppArmor or SELinux. */
bool ins_guest_has_labels(const struct ins_spec *spec);

/* ins_guest_make - from the plan to a process that waits (create) or runs its program (run).
 * A failure leaves nothing behind. */
int ins_guest_make(struct ins_guest *guest, bool waits, struct ins_error *err);

/* ins_guest_release - free memory and fds; the container is left as it is. */
void ins_guest_release(struct ins_guest *guest);

static inline void ins_cleanup_guest(struct ins_guest *guest)
{
	ins_guest_release(guest);
}

#define cleanup_guest __attribute__((cleanup(ins_cleanup_guest)))

/* ins_guest_save_plan, ins_guest_save_filter - keep in the state directory what `start` needs to put
 * an error into words, and the filter for `exec`. */
int ins_guest_save_plan(struct ins_guest *guest, struct ins_error *err);
int ins_guest_save_filter(struct ins_guest *guest, struct ins_error *err);

/* ins_guest_preserve_check - are fds 3…2+n open? Return: 0 or −EBADF, naming the one that is not. */
int ins_guest_preserve_check(unsigned int n, struct ins_error *err);

/* ins_guest_fit_terminal - in the foreground (no console socket) the terminal has the size of the
 * caller's before the program looks at it. */
void ins_guest_fit_terminal(struct ins_guest *guest, const char *console_socket);

/* ins_guest_console_check - do terminal, console socket and detaching fit together? Connects the
 * socket, so that a wrong path fails before anything is made. */
int ins_guest_console_check(struct ins_guest *guest, const char *console_socket, bool stays,
	struct ins_error *err);

/* ins_guest_hand_over - what the caller asked to be told of the process: the terminal to the console
 * socket, the pidfd to the pidfd socket, the pid to the pid file. */
int ins_guest_hand_over(struct ins_guest *guest, struct ins_error *err);

/* ins_guest_remove_pid_file - the process that it names has come to nothing. */
void ins_guest_remove_pid_file(const struct ins_guest *guest);

/* ins_guest_state_json - the state object for the hooks of a run (see struct ins_run), from run->guest's record. */
int ins_guest_state_json(struct ins_run *run, const char *status, char **ret_text,
	struct ins_error *err);

/* ins_guest_poststop - the poststop hooks of a record. Their failures are logged, not returned
 * (runtime.md, lifecycle 13). */
void ins_guest_poststop(struct ins_context *context, const struct ins_record *record);

/**
 * ins_guest_attend - wait in the foreground for the process of run->pidfd
 *
 * Passes signals on, and relays the terminal if run->console is one.
 * @ret_status: exit status, or 128 + the signal that ended it
 *
 * On failure the process is killed.
 */
int ins_guest_attend(struct ins_guest *guest, int *ret_status, struct ins_error *err);

/**
 * ins_guest_kill_process - end the container process, and wait until it is gone
 *
 * That it is gone already is no error.
 */
int ins_guest_kill_process(const struct ins_record *record, struct ins_error *err);

/**
 * ins_guest_destroy - take away all that a container has on the host: processes, cgroup, state
 *
 * What is already gone is no error. Runs the poststop hooks.
 */
int ins_guest_destroy(struct ins_context *context, struct ins_store *store, const char *id,
	struct ins_error *err);

#endif
