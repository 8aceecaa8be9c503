/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "absent.h"
#include "exec_relay.h"
#include "verb.h"

struct enter_options {
	const char *user;
};

static const struct option enter_options[] = {
	{ "user", 'u', OPTION_STRING, offsetof(struct enter_options, user), "UID[:GID]", NULL,
		"as these numbers" },
	{},
};

/* What the guest has: the better one first. */
#define SHELL "[ ! -x /bin/bash ] || exec /bin/bash -l; exec /bin/sh -l"

static int enter(const struct call *call, struct ins_error *err)
{
	const struct enter_options *options = call->options;
	const char *terminal = getenv("TERM");
	char variable[128];
	char *env[] = { NULL, NULL };
	char *shell[] = { (char *)"/bin/sh", (char *)"-c", (char *)SHELL, NULL };
	struct ins_exec_args args = { .id = call->args[0],
		.args = call->n_args > 1 ? call->args + 1 : shell,
		.env = env,
		.user = options->user,
		.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) };
	int status = 0, r;

	if (terminal &&
		snprintf(variable, sizeof(variable), "TERM=%s", terminal) < (int)sizeof(variable))
		env[0] = variable;
	r = exec_apart(call, &args, &status, err);
	return r < 0 ? absent_tell(call->context, args.id, r, err) : status;
}

const struct verb verb_enter = {
	.name = "enter",
	.summary = "open a shell in a partition",
	.synopsis = "NAME [COMMAND...]",
	.options = enter_options,
	.options_size = sizeof(struct enter_options),
	.min_args = 1,
	.max_args = SIZE_MAX,
	.in_order = true,
	.runs_program = true,
	.failure = 255,
	.run = enter,
};
