/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child's side: what init knows while it walks the plan, and what its operations may use.
 *
 * init is a program of its own: static, freestanding, a few pages, embedded in the library and run
 * from a sealed memfd. It starts in the place where the container will be, and its last act is the
 * program's execve. All that a guest could find in its memory is the plan; all that it could find
 * behind /proc/PID/exe is the sealed copy, never the runtime's own file (CVE-2019-5736).
 *
 * An operation makes bare system calls (sys/bare.h, which return −errno), allocates nothing, takes
 * no lock, logs nothing. It returns 0 or −errno, and may say more with ins_child_detail().
 */
#ifndef INSULA_INIT_CHILD_H
#define INSULA_INIT_CHILD_H

#include "plan/message.h"
#include "plan/plan.h"

struct ins_child {
	const struct ins_plan *plan;
	int socket;         /* to the parent; after START to the process that runs `start` */
	int *slots;         /* plan->n_slots fds, −1 where the parent sent none */
	int root_fd;        /* the new root, O_PATH: all guest paths are resolved below it; −1 before
	                       ROOT_ATTACH; stays valid after PIVOT. In an exec: the guest's root */
	int state_fd;       /* the state object for hooks (a memfd), −1 */
	int console_fd;     /* the pty's slave, −1 */
	int mask_fd;        /* empty read-only directory that masks directories, −1 before the first */
	bool null_attached; /* the null device that masks files is attached somewhere */
	bool has_fds;       /* /proc/self/fd has been seen: links in /dev lead there */
	int page_fd;        /* in EXEC: the memfd of the page, −1 before */
	struct ins_exec_page *page; /* in EXEC: where errors are told, NULL before */
	const char **argv_end; /* in EXEC: where the NULL behind argv has to lie, see struct ins_exec_page */
	uint32_t step;      /* for messages: the step of the running operation that failed */
	uint32_t detail_kind;
	uint32_t detail_size;
	uint8_t detail[INS_MESSAGE_DETAIL];
	char program[4096]; /* what FIND_PROGRAM found, for EXECVE */
	bool is_noexec;     /* it lies on a noexec mount */
	uint32_t header_size;
	uint8_t header[INS_MESSAGE_DETAIL]; /* of the program, as INS_DETAIL_HEADER */
	char home[512];     /* "HOME=…" for EXECVE, "" */
	char listen_pid[24]; /* "LISTEN_PID=…" for EXECVE, "" */
	const char *const *env; /* EXECVE's environment if one of them had to be added, else NULL */
	bool in_cwd;        /* the working directory is set */
};

typedef int ins_child_op_fn(struct ins_child *child, const struct ins_op *op);

/* Declares all child operations; each is defined in its room's *_child.c. */
#define INS_CHILD_SIDE_PARENT(function)
#define INS_CHILD_SIDE_CHILD(function) ins_child_op_fn function;
#define INS_DECLARE_CHILD_OP(name, side, function) INS_CHILD_SIDE_##side(function)
INS_OPS(INS_DECLARE_CHILD_OP)

/* ins_child_detail - keep text for the error message, cut to what fits. Return: @code, for
 * `return ins_child_detail(child, path, -ENOENT)`. */
int ins_child_detail(struct ins_child *child, const char *text, int code);

/* ins_child_send - send one message, with @fd unless it is −1. Return: 0 or −errno. */
int ins_child_send(struct ins_child *child, struct ins_message *message, int fd);

/* ins_child_receive - wait for one message; fds go to @fds. Return: number of fds, or −errno;
 * −EPIPE if the parent is gone. */
int ins_child_receive(struct ins_child *child, struct ins_message *message, int *fds,
	unsigned int max_fds);

/**
 * ins_child_confine - become who the program will be: user, capabilities, label, limits, seccomp filter
 *
 * For a hook whose file is the guest's, in a process of its own: nothing of a guest runs with more than
 * its program has. Return: 0 or −errno.
 */
int ins_child_confine(struct ins_child *child);

/* Paths of the guest: fds only, see init/path.c. */

/**
 * ins_child_open - open a path below the root
 * @flags: O_…; O_CLOEXEC is added. O_NOFOLLOW keeps a final symlink from being followed.
 *
 * Symlinks are followed within the root only (RESOLVE_IN_ROOT), magic links never. Linux 5.6.
 * Return: an fd or −errno.
 */
int ins_child_open(struct ins_child *child, const char *path, uint64_t flags);

/* ins_child_open_strict - the same, but no symlink anywhere on the way (RESOLVE_NO_SYMLINKS). */
int ins_child_open_strict(struct ins_child *child, const char *path, uint64_t flags);

/**
 * ins_child_make - open (O_PATH) a mount point below the root, and make it if it is missing
 * @mode: S_IFDIR to make a directory, S_IFREG an empty file; missing parents are made 0755
 *
 * Works component by component with *at calls below an fd, so that no step leaves the root.
 * Return: an fd or −errno.
 */
int ins_child_make(struct ins_child *child, const char *path, uint32_t mode);

/**
 * ins_child_parent - open the directory that holds @path's last component, making what is missing
 * @ret_name: points into @path
 *
 * Return: an O_PATH fd or −errno.
 */
int ins_child_parent(struct ins_child *child, const char *path, const char **ret_name);

/* ins_child_proc_write - write @text to a file below the trusted procfs; not through any mount that
 * lies over it (RESOLVE_NO_XDEV), nor a magic link. Return: 0 or −errno. */
int ins_child_proc_write(struct ins_child *child, const char *path, const char *text);

#endif
