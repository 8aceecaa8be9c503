/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "absent.h"
#include "each.h"
#include "exec_many.h"
#include "exec_relay.h"

bool exec_is_many(const char *word)
{
	return strpbrk(word, "*?[{");
}

static int exec_one(const struct call *call, const char *name, void *data, struct ins_error *err)
{
	struct ins_exec_args args = *(const struct ins_exec_args *)data;
	int status = 0, r;

	args.id = name;
	r = exec_relayed(call, &args, name, &status, err);
	if (r < 0)
		return absent_tell(call->context, name, r, err);
	return status == 0 ? 0
			   : error_set(err, ECHILD, "the program has ended with the exit status %d",
				     status);
}

int exec_many(const struct call *call, const struct ins_exec_args *args, struct ins_error *err)
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
	char *words[] = { call->args[0], NULL };
	struct names names = {};
	int r;

	for (size_t i = 0; i < sizeof(excluded) / sizeof(excluded[0]); i++) {
		if (excluded[i].given)
			return error_set(err, EINVAL, "%s is for one, and `%s` may be many",
				excluded[i].option, words[0]);
	}
	r = names_find(call, words, false, NAMES_OF_ALL, &names, err);
	if (r == 0)
		r = names_each(call, &names, 0, exec_one, (void *)args, err);
	names_clear(&names);
	return r;
}
