/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent learns while it walks a plan: fds, pids, and how to take everything back. */
#ifndef INSULA_PLAN_RUN_H
#define INSULA_PLAN_RUN_H

#include <signal.h>
#include <sys/types.h>

#include "base/undo.h"
#include "plan/host.h"
#include "plan/plan.h"

struct ins_context;
struct ins_guest;
struct ins_limits_before;

/* In run->slots: the child has it, the parent has closed it. */
#define INS_SLOT_SENT (-2)

/* The caller's waiting for the process in the foreground, if they wait. */
enum ins_attendance {
	INS_ATTENDANCE_NONE,
	INS_ATTENDANCE_COMES, /* until then signals are ours */
	INS_ATTENDANCE_HOLDS, /* they are kept for the process, or go to it */
	INS_ATTENDANCE_ENDED, /* there is nobody any more to pass them on to */
};

struct ins_run {
	const struct ins_plan *plan;
	const struct ins_host *host;
	struct ins_context *context;
	struct ins_guest *guest; /* what the verbs know; opaque to the rooms */
	const char *state_root;  /* the state directory, for caches; NULL: none */
	struct ins_undo undo;    /* the inverse of each effect on the host so far, run on failure */
	bool undo_failed;        /* something could not be taken back: the record, which names it, stays */
	bool record_failed;      /* it was the record that could not be written: no property is to blame */
	void (*warn)(void *data, const char *text); /* NULL: nobody listens */
	void *warn_data;

	/* The container process. */
	pid_t pid; /* 0 before CLONE */
	int pidfd;
	bool is_sibling;      /* it is a child of our parent: we can see that it ends, not how */
	uint32_t owner;       /* the user id outside whose the new user namespace is to be; 0: the caller's */
	int socket;           /* the parent's end */
	int *slots;           /* plan->n_slots fds, −1 where not opened, else INS_SLOT_SENT */
	int console;          /* master of the pty, −1 */
	int listener;         /* seccomp notify fd, −1 */
	int userns;           /* of the container, for idmapped mounts; −1 */
	int page;             /* in EXEC: the child's page of errors (message.h), −1 before */
	enum ins_stage stage; /* the last one that parent and child have met at */
	int failed_kind;      /* enum ins_op_kind of the operation that the child failed at, −1 */
	enum ins_attendance attendance;
	sigset_t signals_before; /* the caller's mask, while signals are held */
	uint32_t told;        /* so many of the plan's operations are in the debug log */

	/* Its cgroup. */
	int cgroup_fd;     /* directory, −1: none */
	bool cgroup_is_shared; /* with processes that are there already, and may have filled it */
	bool waits_frozen; /* that the cgroup is frozen is no reason to give up */
	struct ins_limits_before *limits_before; /* of a cgroup that was there before; NULL: ours */
	const char *unit;  /* exec: the systemd unit whose cgroup that is; NULL: none */
	bool user_manager; /* it is one of the user's systemd */

	/* What else it has of the host. */
	const char *rdt_group; /* the directory of the container's resctrl group, NULL: none */
	const char *rdt_made;  /* of what was made there for it, NULL: nothing */
	int net_socket;        /* to insula-net, while net_pid is not 0 */
	pid_t net_pid;         /* the process of insula-net, 0: none */

	/* Called by CGROUP_CREATE before it makes anything: so many of the path's last components
	 * will be its work. Whatever happens next, the record then names all there is to remove. */
	int (*cgroup_will_be_made)(struct ins_run *run, unsigned int made, struct ins_error *err);
	/* Called by CGROUP_SCOPE, whose unit was in the record before: this is its cgroup. */
	int (*cgroup_was_made)(struct ins_run *run, const char *path, struct ins_error *err);
	/* Called by RDT_ASSIGN before it makes anything: rdt_group and rdt_made are known. */
	int (*rdt_will_be_used)(struct ins_run *run, struct ins_error *err);
	/* The state object for hooks; *ret_text is freed by the caller. */
	int (*state_json)(struct ins_run *run, const char *status, char **ret_text,
		struct ins_error *err);
};

/* ins_run_warn - tell the user of what is wrong but no error. */
static inline void ins_run_warn(const struct ins_run *run, const char *text)
{
	if (run->warn)
		run->warn(run->warn_data, text);
}

/* ins_run_undo_failed - an effect on the host could not be taken back: the record stays, and names it. */
static inline void ins_run_undo_failed(struct ins_run *run, const struct ins_error *why)
{
	run->undo_failed = true;
	ins_run_warn(run, why->text);
}

/* An operation's function on the parent's side. */
typedef int ins_parent_op_fn(struct ins_run *run, const struct ins_op *op, struct ins_error *err);

/* Declares all of them; each is defined in its room's *_parent.c. */
#define INS_SIDE_IS_PARENT(function) ins_parent_op_fn function;
#define INS_SIDE_IS_CHILD(function)
#define INS_DECLARE_PARENT_OP(name, side, function) INS_SIDE_IS_##side(function)
INS_OPS(INS_DECLARE_PARENT_OP)

#endif
