/* SPDX-License-Identifier: Apache-2.0 */
#include "absent.h"
#include "verb.h"

static const struct option resume_options[] = { {} };

static int resume(const struct call *call, struct ins_error *err)
{
	return absent_tell(
		call->context, call->args[0], ins_resume(call->context, call->args[0], err), err);
}

const struct verb verb_resume = {
	.name = "resume",
	.summary = "let a paused container go on",
	.synopsis = "ID",
	.options = resume_options,
	.min_args = 1,
	.max_args = 1,
	.run = resume,
};
