/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces from outside: the text of an id map, writing it, a namespace that is only an fd.
 */
#ifndef INSULA_SYS_USERNS_H
#define INSULA_SYS_USERNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "insula.h"

/* The kernel takes at most this many ranges a map (Linux 4.15) … */
#define INS_MAP_MAX 340

/* … and a map has to arrive in one write of less than a page. */
#define INS_MAP_TEXT 4096

/* A map as uid_map and gid_map take it. Start with `struct ins_map_text text = {}`. */
struct ins_map_text {
	size_t used; /* bytes of @text, without its final zero */
	unsigned int n;
	char text[INS_MAP_TEXT];
};

/**
 * ins_map_text_add - append one range
 *
 * Return: 0, −E2BIG if the kernel would not take a map of that length (nothing is appended).
 */
int ins_map_text_add(struct ins_map_text *map, uint32_t container, uint32_t host, uint32_t size);

/**
 * ins_proc_open - open the /proc that the runtime itself sees, and make sure that it is a procfs
 *
 * Return: an O_PATH fd or −errno.
 */
int ins_proc_open(struct ins_error *err);

/**
 * ins_proc_pid_write - write a whole file of a process in one call
 * @proc: a procfs of the runtime's own pid namespace
 * @pid: the process; the caller's own child, so that the number cannot be another's
 * @file: "uid_map", "oom_score_adj", …
 *
 * No mount that lies over it, and no link, is followed. Return: 0 or −errno; no error is recorded,
 * because only the caller knows what the errno means.
 */
int ins_proc_pid_write(int proc, pid_t pid, const char *file, const char *text, size_t size);

/**
 * ins_userns_open - a new user namespace without a process in it, for an id-mapped mount
 * @uid, @gid: its maps, not empty
 * @ret_fd: the namespace
 *
 * Needs the privilege to map these ids. A child holds the namespace for as long as it takes to
 * write the maps; it shares the caller's memory and does nothing but wait.
 *
 * Return: 0 or −errno.
 */
int ins_userns_open(const struct ins_map_text *uid, const struct ins_map_text *gid, int *ret_fd,
	struct ins_error *err);

#endif
