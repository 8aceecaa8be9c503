/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that tell others about a container: runtime.md's state, and what a seccomp agent
 * gets. */
#ifndef INSULA_SPEC_STATE_H
#define INSULA_SPEC_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "insula.h"
#include "spec/spec.h"

struct ins_state {
	const char *oci_version; /* NULL: INS_OCI_VERSION */
	const char *id;
	const char *status; /* the word: "creating" "created" "running" "paused" "stopped" */
	pid_t pid;          /* 0: no process; written all the same, callers decode it */
	const char *bundle;
	struct ins_pairs annotations; /* none: left out */

	/* Not of the specification, but read by callers; NULL: left out. */
	const char *rootfs;
	const char *created;
	const char *owner;
};

/**
 * ins_state_emit - the state object as JSON
 * @compact: one line, as for hooks; otherwise indented, as for people
 * @ret_text: to be freed with free(); no final newline
 *
 * Bytes of paths that are not UTF-8 come out as "?": JSON has no other way.
 *
 * Return: 0 or −ENOMEM.
 */
int ins_state_emit(
	const struct ins_state *state, bool compact, char **ret_text, struct ins_error *err);

/**
 * ins_process_state_emit - config-linux.md's containerProcessState, for linux.seccomp.listenerPath
 * @pid: of the process whose notify fd is passed, as the runtime sees it (an exec has its own)
 * @metadata: linux.seccomp.listenerMetadata; NULL: left out
 * @fds, @n_fds: the names of the fds, in the order of their passing
 * @ret_text: to be freed with free()
 *
 * Return: 0 or −ENOMEM.
 */
int ins_process_state_emit(const struct ins_state *state, pid_t pid, const char *metadata,
	const char *const *fds, size_t n_fds, char **ret_text, struct ins_error *err);

/* The name of the one fd that is passed so far. */
#define INS_SECCOMP_FD_NAME "seccompFd"

#endif
