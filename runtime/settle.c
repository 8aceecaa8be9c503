/* SPDX-License-Identifier: Apache-2.0 */
/* What insula@.service or insula-keeper has to say at the end of a partition. systemd.exec(5) has the variables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "insula_partition.h"
#include "verb.h"

/* Any but 0 makes systemd start it again; this one says "for the moment" (sysexits.h). */
#define EXIT_AGAIN 75

static const struct option settle_options[] = { {} };

/* As of waitpid(2). Of a signal systemd tells the name. */
static int read_status(int *ret_status, struct ins_error *err)
{
	const char *code = getenv("EXIT_CODE"), *status = getenv("EXIT_STATUS");
	unsigned int number;
	int signal;

	/* Without a process there is none; and of one that ended while no keeper was there nobody knows it. */
	if (!code || !status)
		return 0;
	if (!strcmp(code, "exited")) {
		if (options_number(status, strlen(status), 255, &number) < 0)
			return error_set(
				err, EINVAL, "EXIT_STATUS: `%s` is no exit status", status);
		*ret_status = W_EXITCODE((int)number, 0);
		return 0;
	}
	signal = ins_signal_parse(status);
	if (signal < 0)
		return error_set(err, EINVAL, "EXIT_STATUS: `%s` is no signal", status);
	*ret_status = W_EXITCODE(0, signal) | (!strcmp(code, "dumped") ? WCOREFLAG : 0);
	return 0;
}

static int settle(const struct call *call, struct ins_error *err)
{
	const char *result = getenv("SERVICE_RESULT");
	bool fail = false;
	int status = -1, r;

	if (!result)
		return error_set(err, EINVAL,
			"SERVICE_RESULT is not set: this is for systemd's insula@.service and "
			"insula-keeper; `insula stop` ends a partition");
	r = read_status(&status, err);
	if (r == 0)
		r = ins_partition_settle_unit(call->context, call->args[0], status,
			strcmp(result, "success") != 0, &fail, err);
	return r < 0 ? r : fail ? EXIT_AGAIN : 0;
}

const struct verb verb_settle = {
	.name = "settle",
	.synopsis = "NAME",
	.options = settle_options,
	.min_args = 1,
	.max_args = 1,
	.run = settle,
};
