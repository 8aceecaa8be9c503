/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "absent.h"
#include "duration.h"
#include "output.h"
#include "verb.h"

#define DEFAULT_INTERVAL UINT64_C(5000000000)

struct events_options {
	const char *interval;
	bool stats;
};

static const struct option events_options[] = {
	{ "interval", 0, OPTION_STRING, offsetof(struct events_options, interval), "DURATION", NULL,
		"the time between two reports, as 500ms, 5s, 1m (default: 5s)" },
	{ "stats", 0, OPTION_FLAG, offsetof(struct events_options, stats), NULL, NULL,
		"print one report and exit" },
	{},
};

/* Each line at once: whoever reads is waiting for it. */
static int print_event(void *data, const char *json)
{
	output_line(json);
	return output_flush(data);
}

static int events(const struct call *call, struct ins_error *err)
{
	const struct events_options *options = call->options;
	uint64_t interval = DEFAULT_INTERVAL;

	if (options->interval &&
		(duration_parse(options->interval, &interval) < 0 || interval == 0))
		return error_set(err, EINVAL,
			"--interval: `%s` is not a time with a unit, longer than 0: 500ms, 5s, "
			"1m30s",
			options->interval);
	return absent_tell(call->context, call->args[0],
		ins_events(call->context, call->args[0], options->stats ? 0 : interval, print_event,
			err, err),
		err);
}

const struct verb verb_events = {
	.name = "events",
	.summary = "print what a container uses, as JSON",
	.synopsis = "ID",
	.options = events_options,
	.options_size = sizeof(struct events_options),
	.min_args = 1,
	.max_args = 1,
	.run = events,
};
