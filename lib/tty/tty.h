/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of terminals. */
#ifndef INSULA_TTY_TTY_H
#define INSULA_TTY_TTY_H

#include <sys/ioctl.h>
#include <termios.h>

#include "insula.h"

/* ins_tty_connect - connect to an AF_UNIX stream socket by its path, however long. Return: an fd or
 * −errno. */
int ins_tty_connect(const char *path, struct ins_error *err);

/* ins_tty_send - send one fd (a pty's master, a pidfd) over a connected socket by SCM_RIGHTS; the
 * text with it is the fd's name. Return: 0, −EPIPE (nobody reads), −errno. */
int ins_tty_send(int socket, int fd, struct ins_error *err);

/* ins_tty_caller_size - the size of the caller's terminal, on fd 0 or 1. Return: false if there is none. */
bool ins_tty_caller_size(struct winsize *ret_size);

/* The caller's terminal, on fd 0, while it is raw. Begin with {}. */
struct ins_tty_raw {
	bool is_set;
	struct termios before;
};

/* ins_tty_raw_set - what is typed comes as it is; output stays processed, for a container's terminal sends bare
 * newlines. Does nothing if fd 0 is no terminal. Return: 0, −errno. */
int ins_tty_raw_set(struct ins_tty_raw *raw, struct ins_error *err);

/* ins_tty_raw_undo - it is as before, if it was set. */
void ins_tty_raw_undo(struct ins_tty_raw *raw);

/* ins_tty_write - all of it, to fd 1. Return: 0, −errno. */
int ins_tty_write(const char *data, size_t size, struct ins_error *err);

/**
 * ins_tty_relay - copy between the caller's terminal (fds 0 and 1) and @master until the process
 * ends
 * @pidfd: of the process; after its end what the pty still holds is copied
 * @signals: a signalfd (non-blocking) of the signals to pass on to it; SIGWINCH is not among them,
 * the relay takes care of the window size itself
 *
 * The caller's terminal is raw meanwhile, and as before afterwards, whatever happens. fds 0 and 1
 * need not be terminals. Return: 0, −errno.
 */
int ins_tty_relay(int master, int pidfd, int signals, struct ins_error *err);

#endif
