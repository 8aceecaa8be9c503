/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "insula_partition.h"
#include "verb.h"

static const struct option console_options[] = { {} };

/* To a person, who else would not know how to come out again. */
static void say(const char *format, const char *name)
{
	if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		fprintf(stderr, format, name);
}

static int console(const struct call *call, struct ins_error *err)
{
	const char *name = call->args[0];
	struct ins_console console = { -1, -1 };
	bool detached = false;
	int r = ins_console_open(call->context, name, &console, err);

	if (r < 0)
		return r;
	say("This is the terminal of %s. Press ^] three times within a second to leave it.\n",
		name);
	r = ins_console_relay(&console, &detached, err);
	ins_console_close(&console);
	if (r == 0)
		say(detached ? "\nLeft %s, which goes on.\n" : "\nThe terminal of %s is gone.\n",
			name);
	return r;
}

const struct verb verb_console = {
	.name = "console",
	.summary = "use the terminal of a partition",
	.synopsis = "NAME",
	.options = console_options,
	.min_args = 1,
	.max_args = 1,
	.run = console,
};
