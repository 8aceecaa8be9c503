/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parent and child say to each other over their SOCK_SEQPACKET pair, and `start` to init over
 * init's listening socket: one fixed-size structure a packet. Fds go along as SCM_RIGHTS.
 */
#ifndef INSULA_PLAN_MESSAGE_H
#define INSULA_PLAN_MESSAGE_H

#include <stdint.h>

/* X(name): the messages. */
#define INS_MESSAGES(X)                                                                   \
	X(SLOTS)    /* parent → child: fds for the next slots; value: the first one's number */ \
	X(PID)      /* intermediate child → parent: value is the pid, a pidfd comes along */ \
	X(ENTER)    /* child → parent: value is the stage whose work is yours now */      \
	X(GO)       /* parent → child: the stage in value is done, go on; an fd may come along */ \
	X(CONSOLE)  /* child → parent: the pty's master comes along */                    \
	X(LISTENER) /* child → parent: the notify fd will be in the page in a moment */   \
	X(START)    /* `start` → child: go on from CREATED; a state file comes along */   \
	X(EXECVE)   /* child → parent: EXEC begins; a page comes along, see struct ins_exec_page */ \
	X(ERROR)    /* child → parent: op failed with err; detail may help to say why */

enum ins_message_type {
#define X(name) INS_MESSAGE_##name,
	INS_MESSAGES(X)
#undef X
	INS_MESSAGE_TYPES,
};

#define INS_MESSAGE_DETAIL 512

/* The most fds in one SLOTS packet (the kernel's SCM_MAX_FD is 253). */
#define INS_MESSAGE_FDS 128

/* How detail is to be read. */
enum ins_detail {
	INS_DETAIL_NONE,
	INS_DETAIL_TEXT,   /* a file name or other text that belongs to the error */
	INS_DETAIL_SENTENCE, /* the same, and the errno adds nothing to it */
	INS_DETAIL_HEADER, /* EXECVE: the first bytes of the program that could not be executed; of an
	                      ELF file the first 64, and then the path of its interpreter */
};

struct ins_message {
	uint32_t type;        /* enum ins_message_type */
	uint32_t op;          /* ERROR: index into plan->ops */
	int32_t err;          /* ERROR: positive errno */
	uint32_t detail_kind; /* enum ins_detail */
	int64_t value;
	uint32_t detail_size; /* bytes of detail that count */
	uint32_t step;        /* ERROR: which of the operation's steps, 0 if it has but one */
	uint8_t detail[INS_MESSAGE_DETAIL]; /* from the child: untrusted */
};

/*
 * The last stage may run under a seccomp filter that allows no sendmsg, or hands it to a listener.
 * So before it begins the child makes a shared page (a memfd), sends it with EXECVE, and from then
 * on speaks by writing there: needs no system call. The socket is close-on-exec, so the end of the
 * stream is the news that the execve has succeeded, or that the process is dead: an error stands in
 * the page, or a filter has killed it at that very call. What tells them apart is the argv that execve
 * is given. It lies in the same file, behind the structure, and the NULL that ends it alone in the
 * last INS_EXEC_WITNESS bytes, which nobody touches: only the kernel does, when it counts the arguments,
 * and then it is past all filters. By that the hole at the file's end becomes data. (That is proof, but
 * no lasting one: the kernel may drop a page that was only read. See lib/guest/converse.c.)
 */
struct ins_exec_page {
	struct ins_message error;       /* child: type is INS_MESSAGE_ERROR once something failed */
	volatile uint32_t failed;       /* child: 1 after error is complete */
	volatile uint32_t listener;     /* child: the notify fd's number + 1 once it has the filter */
	volatile uint32_t listener_taken; /* parent: 1 once it holds the notify fd */
};

/* At least a page on every machine. */
#define INS_EXEC_WITNESS 65536

#endif
