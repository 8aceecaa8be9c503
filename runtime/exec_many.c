/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "absent.h"
#include "each.h"
#include "exec_many.h"
#include "exec_relay.h"

struct order {
	const struct ins_exec_args *args;
	bool all;
};

static int exec_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	const struct order *order = data;
	struct ins_exec_args args = *order->args;
	int status = 0, r;

	/* Of all, those that do not run are not meant. */
	if (order->all && each_status(call, name) == INS_STATUS_STOPPED)
		return 0;
	args.id = name;
	r = exec_relayed(call, &args, name, &status, err);
	if (r < 0)
		return absent_tell(call->context, name, r, err);
	return status == 0 ? 0
			   : error_set(err, ECHILD, "the program has ended with the exit status %d",
				     status);
}

int exec_many(const struct call *call, char *word, const struct ins_exec_args *args,
	struct ins_error *err)
{
	const struct {
		const char *option;
		bool given;
	} excluded[] = {
		{ "--tty", args->tty },
		{ "--detach", args->detach },
		{ "--console-socket", args->console_socket },
		{ "--pidfd-socket", args->pidfd_socket },
		{ "--pid-file", args->pid_file },
		{ "--preserve-fds", args->preserve_fds > 0 },
	};
	struct order order = { .args = args, .all = !word };
	char *words[] = { word, NULL };
	struct names names = {};
	int r;

	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (excluded[i].given)
			return error_set(err, EINVAL, "%s is for one, and `%s` may be many",
				excluded[i].option, word ? word : "--all");
	}
	r = names_find(call, words, !word, word ? NAMES_OF_ALL : NAMES_OF_PARTITIONS, &names, err);
	if (r == 0)
		r = names_each(call, &names, 0, exec_one, &order, err);
	names_clear(&names);
	return r;
}
