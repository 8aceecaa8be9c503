/* SPDX-License-Identifier: Apache-2.0 */
/* Messages with descriptors in them (SCM_RIGHTS of unix(7)), over sockets that are connected. */
#ifndef INSULA_SYS_RIGHTS_H
#define INSULA_SYS_RIGHTS_H

#include <stddef.h>
#include <sys/types.h>

/* As many travel in one message; the kernel would take 253. */
#define INS_RIGHTS_MAX 128

/**
 * ins_rights_send - send one message; nobody reading it raises no signal
 * @data: at least one byte, or there is no message of a stream
 * @size: in bytes
 * @fds: go along with its first byte, and stay the caller's
 * @n: at most INS_RIGHTS_MAX; 0: none
 * @flags: of sendmsg(2): MSG_DONTWAIT, or 0
 *
 * Return: how much of @data has been sent: all of it but on a stream; −errno, of sendmsg(2).
 */
ssize_t ins_rights_send(
	int socket, const void *data, size_t size, const int *fds, size_t n, int flags);

/**
 * ins_rights_receive - wait for one message
 * @data: what a packet has above its @size is lost
 * @ret_fd: what came along, the caller's and O_CLOEXEC; −1: nothing. Of several the first, others are closed.
 *          Untouched on failure
 *
 * Return: how much has come, 0: the other end is closed; −errno, of recvmsg(2).
 */
ssize_t ins_rights_receive(int socket, void *data, size_t size, int *ret_fd);

#endif
