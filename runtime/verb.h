/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verb of the program: `insula create`, `insula start` and so on. A verb is one file with one
 * `const struct verb`, one row in main.c, and one man page.
 */
#ifndef RUNTIME_VERB_H
#define RUNTIME_VERB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insula.h"
#include "log.h"
#include "options.h"

/* What a verb is called with. */
struct call {
	struct log *log;
	struct ins_context *context; /* NULL for a verb with no_context */
	const void *options;         /* the structure that the verb's table points into, filled */
	char **args;                 /* what is left of the command line, NULL-terminated */
	size_t n_args;
};

struct verb {
	const char *name;
	const char *summary;          /* one line, for lists of verbs and the man page's title; NULL: it is for
	                                 programs of insula's own, and not shown */
	const char *synopsis;         /* the arguments, as "ID [SIGNAL]" */
	const struct option *options; /* ends in a row without a name */
	size_t options_size;          /* of the structure that the rows' offsets are in */
	size_t min_args, max_args;
	bool in_order;     /* the first argument ends the options: what follows belongs to others */
	bool no_context;   /* does without a context, so without a state directory */
	bool runs_program; /* the answer is a program's exit status, so failures have their own */
	int failure;       /* runs_program: the exit status when the program did not run */

	/* Return: the exit status, or −errno with @err set. */
	int (*run)(const struct call *call, struct ins_error *err);
};

/* All verbs, in the order of a container's life; ends in NULL. */
extern const struct verb *const verbs[];

/* The options before the verb. */
extern const struct option global_options[];

extern const struct verb verb_create,
	verb_start,
	verb_state,
	verb_kill,
	verb_delete,
	verb_run,
	verb_exec,
	verb_ps,
	verb_events,
	verb_list,
	verb_pause,
	verb_resume,
	verb_update,
	verb_spec,
	verb_features,
	verb_plan,
	verb_spawn,
	verb_show,
	verb_set,
	verb_apply,
	verb_edit,
	verb_enter,
	verb_console,
	verb_stop,
	verb_restart,
	verb_freeze,
	verb_thaw,
	verb_remove,
	verb_snapshot,
	verb_rollback,
	verb_clone,
	verb_export,
	verb_import,
	verb_logs,
	verb_stats,
	verb_top,
	verb_check,
	verb_enable,
	verb_disable,
	verb_boot,
	verb_settle,
	verb_gc,
	verb_template,
	verb_help;

/* verb_find - the verb with that name, or NULL: then @err says so, and which may have been meant. */
const struct verb *verb_find(const char *name, struct ins_error *err);

/* The rows that create, run and plan share. Their structures are or begin with ins_create_args. */
#define CREATE(member) offsetof(struct ins_create_args, member)
#define CREATE_OPTIONS                                                                             \
	{ "bundle", 'b', OPTION_PATH, CREATE(bundle), "DIR", NULL,                               \
		"the bundle's directory; without it the current one" },                            \
	{ "config", 'f', OPTION_PATH, CREATE(config), "FILE", NULL,                              \
		"the configuration, instead of config.json in the bundle" },                       \
	{ "console-socket", 0, OPTION_PATH, CREATE(console_socket), "SOCKET", NULL,              \
		"send the terminal's master to this AF_UNIX socket" },                             \
	{ "pidfd-socket", 0, OPTION_PATH, CREATE(pidfd_socket), "SOCKET", NULL,                  \
		"send a pidfd of the container process to this AF_UNIX socket" },                  \
	{ "pid-file", 0, OPTION_PATH, CREATE(pid_file), "FILE", NULL,                            \
		"write the pid of the container process to this file" },                           \
	{ "no-pivot", 0, OPTION_FLAG, CREATE(no_pivot), NULL, NULL,                                \
		"move the root and chroot instead of pivot_root: weaker, for a root on ramfs" },   \
	{ "no-new-keyring", 0, OPTION_FLAG, CREATE(no_new_keyring), NULL, NULL,                    \
		"keep the caller's session keyring" },                                             \
	{ "preserve-fds", 0, OPTION_NUMBER, CREATE(preserve_fds), "N", NULL,                       \
		"hand N file descriptors, from 3 on, to the container process" }

/* create_take - what create and run ask the library for: their options, the id, and the sockets of a
 * service manager. Return: 0 or −EINVAL. */
int create_take(const struct call *call, struct ins_create_args *ret_args, struct ins_error *err);

#endif
