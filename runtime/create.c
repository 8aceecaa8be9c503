/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "listen.h"
#include "verb.h"

static const struct option create_options[] = { CREATE_OPTIONS, {} };

int create_take(const struct call *call, struct ins_create_args *ret_args, struct ins_error *err)
{
	struct ins_create_args args = *(const struct ins_create_args *)call->options;
	int r;

	args.id = call->args[0];
	if (!args.bundle && strchr(args.id, '/'))
		return error_set(err, EINVAL,
			"invalid container id '%s': it has a slash in it; a bundle is named by "
			"--bundle %s",
			args.id, args.id);
	r = listen_take(&args, err);
	if (r == 0)
		*ret_args = args;
	return r;
}

static int create(const struct call *call, struct ins_error *err)
{
	struct ins_create_args args;
	int r = create_take(call, &args, err);

	return r < 0 ? r : ins_create(call->context, &args, err);
}

const struct verb verb_create = {
	.name = "create",
	.summary = "make a container that waits to be started",
	.synopsis = "ID",
	.options = create_options,
	.options_size = sizeof(struct ins_create_args),
	.min_args = 1,
	.max_args = 1,
	.run = create,
};
