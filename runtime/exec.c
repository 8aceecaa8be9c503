/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "absent.h"
#include "exec_many.h"
#include "exec_relay.h"
#include "names.h"
#include "verb.h"

struct exec_options {
	struct ins_exec_args args;
	struct option_list env, caps, gids;
	bool all;
};

#define EXEC(member) offsetof(struct exec_options, member)

static const struct option exec_options[] = {
	{ "all", 'a', OPTION_FLAG, EXEC(all), NULL, NULL,
		"in all partitions that run, instead of ID" },
	{ "process", 'p', OPTION_PATH, EXEC(args.process_file), "FILE", NULL,
		"take the whole process from this JSON file" },
	{ "tty", 't', OPTION_FLAG, EXEC(args.tty), NULL, NULL, "give it a terminal of its own" },
	{ "user", 'u', OPTION_STRING, EXEC(args.user), "UID[:GID]", NULL, "run as these numbers" },
	{ "additional-gids", 'g', OPTION_LIST, EXEC(gids), "GID[,GID]...", NULL,
		"add supplementary groups; may be repeated" },
	{ "cwd", 0, OPTION_PATH, EXEC(args.cwd), "DIR", NULL,
		"the working directory in the container" },
	{ "env", 'e', OPTION_LIST, EXEC(env), "NAME=VALUE", NULL,
		"add an environment variable; may be repeated" },
	{ "cap", 'c', OPTION_LIST, EXEC(caps), "CAPABILITY", NULL,
		"add a capability; may be repeated" },
	{ "no-new-privs", 0, OPTION_FLAG, EXEC(args.no_new_privs), NULL, NULL,
		"let it gain no privileges by execve" },
	{ "process-label", 0, OPTION_STRING, EXEC(args.process_label), "LABEL", NULL,
		"the SELinux label of the process" },
	{ "apparmor", 0, OPTION_STRING, EXEC(args.apparmor), "PROFILE", NULL,
		"the AppArmor profile of the process" },
	{ "cgroup", 0, OPTION_STRING, EXEC(args.cgroup), "PATH", NULL,
		"run it in this cgroup below the container's" },
	{ "ignore-paused", 0, OPTION_FLAG, EXEC(args.ignore_paused), NULL, NULL,
		"also into a paused container, where it waits for resume" },
	{ "detach", 'd', OPTION_FLAG, EXEC(args.detach), NULL, NULL,
		"return once the program runs" },
	{ "console-socket", 0, OPTION_PATH, EXEC(args.console_socket), "SOCKET", NULL,
		"send the terminal's master to this AF_UNIX socket" },
	{ "pidfd-socket", 0, OPTION_PATH, EXEC(args.pidfd_socket), "SOCKET", NULL,
		"send a pidfd of the process to this AF_UNIX socket" },
	{ "pid-file", 0, OPTION_PATH, EXEC(args.pid_file), "FILE", NULL,
		"write the pid of the process to this file" },
	{ "preserve-fds", 0, OPTION_NUMBER, EXEC(args.preserve_fds), "N", NULL,
		"hand N file descriptors, from 3 on, to the process" },
	{},
};

/* An id of −1 means "leave as it is" to the kernel, so it is no group. */
#define GID_LARGEST 0xfffffffeU

/* "1,2" and "3" become 1, 2, 3. @ret_gids: to be freed, also on failure. */
static int parse_gids(
	const struct option_list *list, gid_t **ret_gids, size_t *ret_n, struct ins_error *err)
{
	size_t room = 0;

	for (size_t i = 0; i < list->n; i++)
		room += strlen(list->items[i]) + 1;
	*ret_gids = calloc(room, sizeof(gid_t));
	if (!*ret_gids)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < list->n; i++) {
		const char *text = list->items[i];
		size_t size;

		for (;; text += size + 1) {
			size = strcspn(text, ",");
			if (options_number(text, size, GID_LARGEST, &(*ret_gids)[(*ret_n)++]) < 0)
				return error_set(err, EINVAL,
					"--additional-gids: `%s` is not a list of numbers",
					list->items[i]);
			if (!text[size])
				break;
		}
	}
	return 0;
}

/* People put "--" before it, as with other programs of the kind. */
static char **command_of(const struct call *call)
{
	const struct exec_options *options = call->options;
	char **command = call->args + (options->all ? 0 : 1);

	if (command[0] && !strcmp(command[0], "--"))
		command++;
	return command[0] ? command : NULL;
}

/* The process file says all of this: an option that it would silently win over is an error. */
static int check_process_file(
	const struct exec_options *options, bool has_command, struct ins_error *err)
{
	const struct ins_exec_args *args = &options->args;
	const struct {
		const char *name;
		bool given;
	} excluded[] = {
		{ "a command", has_command },
		{ "--user", args->user },
		{ "--additional-gids", options->gids.n > 0 },
		{ "--cwd", args->cwd },
		{ "--env", options->env.n > 0 },
		{ "--cap", options->caps.n > 0 },
		{ "--no-new-privs", args->no_new_privs },
		{ "--process-label", args->process_label },
		{ "--apparmor", args->apparmor },
	};

	if (!args->process_file) {
		if (has_command)
			return 0;
		return error_set(err, EINVAL, "exec needs a command or --process");
	}
	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (excluded[i].given)
			return error_set(err, EINVAL, "--process and %s exclude each other",
				excluded[i].name);
	}
	return 0;
}

static int exec(const struct call *call, struct ins_error *err)
{
	const struct exec_options *options = call->options;
	struct ins_exec_args args = options->args;
	gid_t *gids = NULL;
	int status = 0;
	int r;

	r = check_process_file(options, command_of(call) != NULL, err);
	if (r < 0)
		return r;
	args.id = options->all ? NULL : call->args[0];
	args.args = command_of(call);
	args.env = (char *const *)options->env.items;
	args.caps = (char *const *)options->caps.items;
	if (options->gids.n > 0) {
		r = parse_gids(&options->gids, &gids, &args.additional_gids_count, err);
		args.additional_gids = gids;
	}
	if (r == 0 && (options->all || names_is_many(args.id))) {
		r = exec_many(call, options->all ? NULL : call->args[0], &args, err);
		free(gids);
		return r;
	}
	if (r == 0)
		r = exec_apart(call, &args, &status, err);
	free(gids);
	return r < 0 ? absent_tell(call->context, args.id, r, err) : status;
}

const struct verb verb_exec = {
	.name = "exec",
	.summary = "run a further process in a running container",
	.synopsis = "ID [COMMAND [ARGUMENT]...]",
	.options = exec_options,
	.options_size = sizeof(struct exec_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.in_order = true,
	.runs_program = true,
	/* Programs use the small numbers, shells 126 and up; 255 is what the callers of other
	 * runtimes know as "the runtime failed, not the program". */
	.failure = 255,
	.run = exec,
};
