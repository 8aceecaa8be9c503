/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listen.h"
#include "log.h"
#include "options.h"

int listen_take(struct ins_create_args *args, struct ins_error *err)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	unsigned int number;

	/* The variables of another process that were inherited say nothing about our fds. */
	if (!pid || !fds || options_number(pid, strlen(pid), INT_MAX, &number) < 0 ||
		(pid_t)number != getpid())
		return 0;
	if (options_number(fds, strlen(fds), INT_MAX, &args->listen_fds) < 0)
		return error_set(err, EINVAL, "LISTEN_FDS: `%s` is not a number", fds);
	args->listen_fdnames = getenv("LISTEN_FDNAMES");
	/* Both count from 3 on: podman gives the same number in both ways. */
	if (args->preserve_fds < args->listen_fds)
		args->preserve_fds = args->listen_fds;
	return 0;
}
