/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "absent.h"
#include "each.h"
#include "match.h"
#include "verb.h"

struct kill_options {
	bool all;
	bool regex;
};

static const struct option kill_options[] = {
	{ "all", 'a', OPTION_FLAG, offsetof(struct kill_options, all), NULL, NULL,
		"send the signal to every process in the container" },
	{ "regex", 'r', OPTION_FLAG, offsetof(struct kill_options, regex), NULL, NULL,
		"ID is a regular expression that selects containers" },
	{},
};

struct order {
	int signal;
	bool all;
};

static int kill_one(
	struct ins_context *context, const char *id, const void *data, struct ins_error *err)
{
	const struct order *order = data;

	return ins_kill(context, id, order->signal, order->all, err);
}

static int kill_of_many(
	const struct call *call, const char *name, void *data, struct ins_error *err)
{
	return absent_tell(call->context, name, kill_one(call->context, name, data, err), err);
}

static int kill_many(const struct call *call, struct order *order, struct ins_error *err)
{
	char *words[] = { call->args[0], NULL };
	struct names names = {};
	int r = names_find(call, words, false, NAMES_OF_ALL, &names, err);

	if (r == 0)
		r = names_each(call, &names, 0, kill_of_many, order, err);
	names_clear(&names);
	return r;
}

static int kill_container(const struct call *call, struct ins_error *err)
{
	const struct kill_options *options = call->options;
	struct order order = { .signal = SIGTERM, .all = options->all };

	if (call->n_args > 1) {
		order.signal = ins_signal_parse(call->args[1]);
		if (order.signal < 0)
			return error_set(err, EINVAL, "unknown signal `%s`", call->args[1]);
	}
	if (options->regex)
		return match_each(call, call->args[0], false, kill_one, &order, err);
	if (names_is_many(call->args[0]))
		return kill_many(call, &order, err);
	return absent_tell(call->context, call->args[0],
		kill_one(call->context, call->args[0], &order, err), err);
}

const struct verb verb_kill = {
	.name = "kill",
	.summary = "send a signal to a container",
	.synopsis = "ID [SIGNAL]",
	.options = kill_options,
	.options_size = sizeof(struct kill_options),
	.min_args = 1,
	.max_args = 2,
	.run = kill_container,
};
