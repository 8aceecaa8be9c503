/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp room: linux.seccomp becomes a BPF program once, is kept, and is loaded by init.
 *
 * Compiling podman's default profile with libseccomp takes some 20 ms, loading it 0.2: so a
 * compiled program is looked up in a cache below the state directory first. What a hit hands out is
 * never weaker than what would have been compiled: the entry holds the whole of what it was made
 * from.
 */
#ifndef INSULA_SECCOMP_SECCOMP_H
#define INSULA_SECCOMP_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "plan/plan.h"
#include "plan/run.h"
#include "spec/spec.h"

struct sock_filter;

/* As the kernel's BPF_MAXINSNS: a longer program is not loaded. */
#define INS_SECCOMP_MAX 4096

/* --- compiling ------------------------------------------------------------------------------- */

/* What compiling gives, while it is not in the plan's arena yet. */
struct ins_seccomp_program {
	uint32_t n;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_… for seccomp(2) */
	bool listener;
	bool has_hole; /* a rule that forbids something names a system call that is not known */
	struct sock_filter *instructions; /* to be freed with free() */
};

/**
 * ins_seccomp_generate - compile a configuration, and check every value in it
 * @ret_program: also has the flags
 * @warn: told of what has_hole means, with @warn_data; NULL: nobody
 *
 * Return: 0, −EINVAL for a value that is not known or not possible (the key is named), −E2BIG,
 * −ENOMEM.
 */
int ins_seccomp_generate(const struct ins_spec_seccomp *spec,
	struct ins_seccomp_program *ret_program, void (*warn)(void *data, const char *text),
	void *warn_data, struct ins_error *err);

/**
 * ins_seccomp_optimize - an equal program that the kernel loads and runs faster
 * @program: replaced if a better one was found
 * @n: its length, likewise
 *
 * Return: 0, also if there is nothing better; −ENOMEM.
 */
int ins_seccomp_optimize(struct sock_filter **program, uint32_t *n, struct ins_error *err);

/* --- the cache, and a container's own filter ------------------------------------------------------- */

/* ins_seccomp_key - what a program is made from, as bytes; to be freed with free(). −ENOMEM. */
int ins_seccomp_key(const struct ins_spec_seccomp *spec, void **ret_key, size_t *ret_size,
	struct ins_error *err);

/**
 * ins_seccomp_cache_read - look a program up
 * @state_root: the state directory; NULL: there is none
 * @arena: where the instructions go
 *
 * Return: true if there is a whole entry for exactly this key. Anything else, from a missing
 * directory to a damaged or foreign file, means false: then the program has to be compiled.
 */
bool ins_seccomp_cache_read(const char *state_root, const void *key, size_t key_size,
	struct ins_arena *arena, struct ins_plan_filter *ret_filter);

/**
 * ins_seccomp_cache_write - keep a program for the next time
 *
 * Nothing depends on it, so it has no result: without room, or rights, it does nothing.
 */
void ins_seccomp_cache_write(const char *state_root, const void *key, size_t key_size,
	const struct ins_plan_filter *filter);

/**
 * ins_seccomp_filter_store - save a container's filter, for those that `exec` brings into it
 * @dirfd: the container's state directory
 * @name: of the file, which is made or replaced
 *
 * Return: 0, −errno.
 */
int ins_seccomp_filter_store(
	int dirfd, const char *name, const struct ins_plan_filter *filter, struct ins_error *err);

/**
 * ins_seccomp_filter_load - read it back
 * @arena: the plan's
 *
 * A missing or damaged file is an error: whether there is a filter, the caller knows from the
 * container's state, and a lost one must not mean that there is none. Return: 0, −EBADMSG (damaged), −ENOMEM,
 * −errno.
 */
int ins_seccomp_filter_load(struct ins_arena *arena, int dirfd, const char *name,
	struct ins_plan_filter *ret_filter, struct ins_error *err);

/* --- the notify descriptor --------------------------------------------------------------------
 *
 * Once the filter is loaded, any system call of init may be one that waits for the answer of the
 * process that listens, and that does not have the descriptor yet. So init makes none: it sends
 * LISTENER before, loads, writes the descriptor's number into the page that it shares with the
 * parent (struct ins_exec_page), and looks at that page until the parent has fetched the descriptor
 * with pidfd_getfd(2) (Linux 5.6) and sent it on.
 */

/**
 * ins_seccomp_listener_fetch - after LISTENER: take the notify descriptor out of the child
 * @run: its page and pidfd are used; on success its listener is the descriptor
 *
 * The listener stays −1 if the child could not load its filter: then its end is near, and the page
 * says why. Otherwise the child waits until ins_seccomp_listener_release().
 *
 * Return: 0, −ETIMEDOUT, −ESRCH if the child was killed, −errno of pidfd_getfd.
 */
int ins_seccomp_listener_fetch(struct ins_run *run, struct ins_error *err);

/**
 * ins_seccomp_listener_send - hand the descriptor to the process that listens
 * @path: linux.seccomp.listenerPath, an AF_UNIX stream socket
 * @state: the containerProcessState, as JSON
 *
 * One connection, one containerProcessState; the descriptor is in the first packet. Return: 0,
 * −ENAMETOOLONG, −errno: −EAGAIN if nobody reads for some seconds.
 */
int ins_seccomp_listener_send(
	const char *path, const char *state, int listener, struct ins_error *err);

/* ins_seccomp_listener_release - let the child go on. Return: 0, −errno. */
int ins_seccomp_listener_release(struct ins_run *run, struct ins_error *err);

#endif
