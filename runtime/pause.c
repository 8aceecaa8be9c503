/* SPDX-License-Identifier: Apache-2.0 */
#include "absent.h"
#include "verb.h"

static const struct option pause_options[] = { {} };

static int pause_container(const struct call *call, struct ins_error *err)
{
	return absent_tell(
		call->context, call->args[0], ins_pause(call->context, call->args[0], err), err);
}

const struct verb verb_pause = {
	.name = "pause",
	.summary = "freeze all processes of a container",
	.synopsis = "ID",
	.options = pause_options,
	.min_args = 1,
	.max_args = 1,
	.run = pause_container,
};
