/* SPDX-License-Identifier: Apache-2.0 */
/*
 * insula-keeper: the one process that stays for all partitions of a state directory, where systemd is not.
 *
 *     insula-keeper STATE-DIRECTORY LIBRARY INSULA [LOCK]
 *
 * LOCK is the descriptor of the lock of the keeper before, whose guard has become this one (guard.c).
 *
 *     insula-keeper --terminal STATE-DIRECTORY NAME
 *
 * serves the terminal of one guest, which systemd keeps, in that guest's unit, so that what it says is the unit's
 * output. Its standard input is the master, 3 a pidfd of the guest. It ends with the guest.
 *
 * It knows names, process ids and nothing else of them; all that takes a parser it has `insula` do. Nothing is
 * allocated but one table, whose pages come as they are used: it has to stay small with thousands of guests. So no
 * stdio either.
 *
 *     STATE-DIRECTORY/.keeper/lock          held (flock) by the one that runs
 *     STATE-DIRECTORY/.keeper/socket        a request is a packet "start NAME", "stop NAME" or "attach NAME", an
 *                                           answer is "ERRNO WORDS". That of attach brings the master of the
 *                                           guest's terminal, and what this says follows.
 *     STATE-DIRECTORY/.keeper/notify        sd_notify(3), from `insula start --supervised`, with the master of the
 *                                           guest's terminal if it has one
 *     STATE-DIRECTORY/.keeper/guests/NAME   a symlink to "PID:STARTTIME", by which a next keeper finds them;
 *                                           with ":FD" behind, the descriptor of the terminal
 *     STATE-DIRECTORY/.keeper/terminals/NAME  the socket of one with --terminal
 *     STATE-DIRECTORY/.keeper/output/NAME   the fifo that is a guest's standard output
 */
#ifndef RUNTIME_KEEPER_KEEPER_H
#define RUNTIME_KEEPER_KEEPER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define NAME_SIZE  64
#define GUESTS_MAX 32768

enum state {
	STATE_FREE,     /* this row of the table */
	STATE_STARTING, /* helper: insula start */
	STATE_RUNNING,  /* pid */
	STATE_SETTLING, /* helper: insula settle */
	STATE_WAITING,  /* until due, then it is started again */
};

/* Of the output of one that has ended: more than the largest pipe of an ordinary user has. */
#define TAKES_AT_END 256

struct guest {
	char name[NAME_SIZE];
	enum state state;
	pid_t pid, helper;
	int pidfd;      /* of one that is no child of ours; −1 */
	int fifo;       /* its output; −1 */
	int terminal;   /* the master; −1 */
	int client;     /* who waits for an answer; −1 */
	bool is_start;  /* what they have asked for */
	bool has_status;
	int status;     /* of waitpid(2) */
	unsigned int delay;  /* seconds until it is started again the next time */
	uint64_t since, due; /* nanoseconds of CLOCK_MONOTONIC */
};

struct keeper {
	const char *own, *root, *library, *program;
	char notify_path[48]; /* for others, too, through our fds */
	bool is_alone;                       /* --terminal */
	int dir;                             /* .keeper */
	int lock;
	int guard;        /* pidfd; −1: there is none */
	size_t terminals; /* so many guests have one */
	int epoll, listener, notify, signals;
	struct guest *guests;
	size_t n; /* rows that were ever used */
	char buffer[PATH_MAX]; /* for what guests say; before there are any, for paths */
};

/* What an event of epoll is of; the number of the guest or of the descriptor is in the lower half. */
enum source {
	SOURCE_LISTENER,
	SOURCE_NOTIFY,
	SOURCE_SIGNAL,
	SOURCE_CLIENT,
	SOURCE_END,
	SOURCE_OUTPUT,
	SOURCE_TERMINAL,
	SOURCE_ATTACHED,
};

/* keeper_watch - wait for input. Return: 0, −errno. */
int keeper_watch(struct keeper *keeper, int fd, enum source source, size_t number);

/* keeper_watch_edges - wait for what is new only. Of a descriptor that is watched already: what there is counts
 * as new. */
int keeper_watch_edges(struct keeper *keeper, int fd, enum source source, size_t number);
void keeper_unwatch(struct keeper *keeper, int fd);
uint64_t keeper_now(void);

/* guests_adopt - those that a keeper before us has left. */
void guests_adopt(struct keeper *keeper);

/* guests_serve - the one guest of which we only have the terminal. Both descriptors are taken. Return: 0, −errno. */
int guests_serve(struct keeper *keeper, const char *name, int master, int pidfd);

/* guests_request - a client's request; from now on the descriptor is the guests'. */
void guests_request(struct keeper *keeper, int client, const char *request);

/* guests_notice - take in what helpers tell, and see which children have ended. */
void guests_notice(struct keeper *keeper);

/* guests_end - one that is no child of ours has ended. */
void guests_end(struct keeper *keeper, struct guest *guest);

/* guests_wake - start again what is due. Return: nanoseconds until the next is, −1 for none. */
int64_t guests_wake(struct keeper *keeper);

/* guests_any - is there anything to stay for? */
bool guests_any(const struct keeper *keeper);

/* guard_begin, guard_end - while there are terminals, somebody else has them, too. */
void guard_begin(struct keeper *keeper);
void guard_end(struct keeper *keeper);

/* guard_claim - a descriptor that the guard has left us. Return: it, −1: that is no terminal's master.
 * guard_close_unclaimed - what nobody has claimed is of guests that have ended. */
int guard_claim(int fd);
void guard_close_unclaimed(void);

/* helper_start, helper_settle - have insula work for a guest. Return: a pid, −errno. */
pid_t helper_start(const struct keeper *keeper, const struct guest *guest);
pid_t helper_settle(const struct keeper *keeper, const struct guest *guest);

/* output_open - the guest's fifo, made if need be. Return: 0, −errno. */
int output_open(struct keeper *keeper, struct guest *guest);

/* output_take - write what it has said to its log. Return: there may be more. */
bool output_take(struct keeper *keeper, const struct guest *guest);
void output_log(const struct keeper *keeper, const struct guest *guest, const char *text, size_t n);

/* console_begin - the guest has a terminal: what it says goes to its log and to who is attached.
 * @master: is ours from now on. */
void console_begin(struct keeper *keeper, struct guest *guest, int master);
void console_take(struct keeper *keeper, struct guest *guest);

/* console_end - its processes have ended, and so what they say on it. */
void console_end(struct keeper *keeper, struct guest *guest);

/* console_attach - a client is told what the terminal says from now on. Return: 0: the client is ours; −errno. */
int console_attach(struct keeper *keeper, const struct guest *guest, int client);

/* console_leave - a client has gone. */
void console_leave(struct keeper *keeper, int client);

/* record_write, record_remove, record_read - by which a next keeper finds a guest.
 * record_read: a pidfd; −ESRCH: it has ended. @ret_terminal: its number then; −1 */
void record_write(const struct keeper *keeper, const struct guest *guest);
void record_remove(const struct keeper *keeper, const struct guest *guest);
int record_read(
	const struct keeper *keeper, const char *name, pid_t *ret_pid, int *ret_terminal);

/* record_status - of waitpid(2), of a zombie of somebody else's. Return: it is one. */
bool record_status(pid_t pid, int *ret_status);

#endif
