/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of a container's or an exec's start: run init and walk the plan with it. */
#ifndef INSULA_GUEST_LAUNCH_H
#define INSULA_GUEST_LAUNCH_H

#include "base/arena.h"
#include "plan/message.h"
#include "plan/run.h"

/* The name of init's memfd: /proc/PID/exe says it as long as a process is still init. */
#define INS_INIT_NAME "insula-init"

/**
 * ins_run_init - make a run ready
 *
 * Everything that it comes to own is given back by ins_run_release(), also after a failure.
 */
int ins_run_init(struct ins_run *run, struct ins_context *context, const struct ins_plan *plan,
	const struct ins_host *host, struct ins_error *err);

/* ins_run_release - close all fds; does not touch the container. */
void ins_run_release(struct ins_run *run);

/**
 * ins_run_stage - do the parent's operations of one stage
 *
 * An error says the operation's key and what it was.
 */
int ins_run_stage(struct ins_run *run, enum ins_stage stage, struct ins_error *err);

/**
 * ins_launch - start init in its new namespaces and its cgroup, and hand it the fds of the plan
 * @arena: the plan's, sealed
 *
 * On success run->pid and run->pidfd are known. The process is killed and reaped by the undo list.
 */
int ins_launch(struct ins_run *run, const struct ins_arena *arena, struct ins_error *err);

/* ins_run_kill - end the process of run->pidfd, a child of ours, and reap it. */
void ins_run_kill(struct ins_run *run);

/**
 * ins_run_check_silence - nothing was heard of init for a while: has the guest a hand in it?
 *
 * It can stop a process that enters its pid namespace, or have its own cgroup frozen, and all who enter
 * it with that.
 *
 * Return: 0: go on waiting; −EBUSY; −EINTR: a signal to us is held, and would have ended us; −errno.
 */
int ins_run_check_silence(const struct ins_run *run, struct ins_error *err);

/**
 * ins_run_hold_signals - block what attendance passes on
 *
 * Called before the program may be executed; does nothing where nobody is to wait for it. Init has its
 * signal mask by then. Return: 0, −errno.
 */
int ins_run_hold_signals(struct ins_run *run, struct ins_error *err);

/* ins_run_is_interrupted - a signal that asks us to end is blocked and pending. */
bool ins_run_is_interrupted(void);

/* ins_run_release_signals - the caller's mask again; what the process should have had and has not ends us
 * now, in the ordinary way. */
void ins_run_release_signals(struct ins_run *run);

/**
 * ins_run_go - let the child go through @stage and those behind it that it goes through alone
 * @fd: goes along, −1: none; not closed
 *
 * It is sent what has come into the slots since the last time. That the child is gone is no error: what
 * it said last is still to be read, and says why.
 */
int ins_run_go(struct ins_run *run, enum ins_stage stage, int fd, struct ins_error *err);

/* What ins_converse() comes back for. */
enum ins_converse {
	INS_CONVERSE_CREATED, /* the child waits for `start` */
	INS_CONVERSE_EXECUTED, /* execve has succeeded */
};

/**
 * ins_converse - answer the child until it is where @until says
 * @listener: the listening socket that the child gets when it is created; −1: it does not wait
 *
 * A child that fails or ends is an error, in the words of the operation that it was at.
 */
int ins_converse(struct ins_run *run, enum ins_converse until, int listener,
	struct ins_error *err);

/* ins_message_send - one packet with at most INS_MESSAGE_FDS fds. Return: 0, −EPIPE if nobody reads any
 * more (no error recorded), or −errno. */
int ins_message_send(int socket, const struct ins_message *message, const int *fds, size_t n,
	struct ins_error *err);

/**
 * ins_message_receive - one packet
 * @ret_fd: the fd that came along, −1: none; to be closed by the caller
 *
 * Return: 0; without an error recorded −EPIPE at the end of the stream, −EAGAIN if nothing came in the time
 * that the socket has for it (SO_RCVTIMEO); or −errno.
 */
int ins_message_receive(int socket, struct ins_message *message, int *ret_fd,
	struct ins_error *err);

/* ins_run_tell - name to the debug log what is to be done up to the end of @stage and was not named
 * yet, on both sides. */
void ins_run_tell(struct ins_run *run, enum ins_stage stage);

/* ins_run_child_failed - put an ERROR message into words; any other message is out of order.
 * Return: −errno. */
int ins_run_child_failed(struct ins_run *run, const struct ins_message *message,
	struct ins_error *err);

/* ins_run_child_ended - the stream ended too early: say how the process ended. Return: −errno. */
int ins_run_child_ended(struct ins_run *run, struct ins_error *err);

/* ins_run_take_listener - a LISTENER message came: fetch the notify fd and hand it to its receiver. */
int ins_run_take_listener(struct ins_run *run, struct ins_error *err);

#endif
