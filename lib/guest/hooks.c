/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks after the program has started and after the container is gone: from the record. */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"
#include "hook/hook.h"

static int run_kind(const struct ins_record *record, enum ins_hook_kind kind, const char *status,
	struct ins_error *err)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_free char *state = NULL;
	int r;

	if (!record->hooks_json)
		return 0;
	r = ins_spec_hooks_parse(record->hooks_json, strlen(record->hooks_json), &spec, err);
	if (r < 0 || !spec->hooks[kind].n)
		return r;
	r = ins_record_state_json(record, status, true, &state, err);
	return r < 0 ? r : ins_hooks_run(&spec->hooks[kind], kind, state, err);
}

int ins_guest_poststart(struct ins_context *context, const struct ins_record *record,
	struct ins_error *err)
{
	(void)context;
	return run_kind(record, INS_HOOK_POSTSTART, "running", err);
}

void ins_guest_poststop(struct ins_context *context, const struct ins_record *record)
{
	struct ins_error why = { 0 };

	if (run_kind(record, INS_HOOK_POSTSTOP, "stopped", &why) < 0)
		ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
}
