/* SPDX-License-Identifier: Apache-2.0 */
/* What hooks are told, and the hooks after the container is gone: all that the plan has no stage for. */
#include <string.h>

#include "base/cleanup.h"
#include "guest/guest.h"
#include "hook/hook.h"

int ins_guest_state_json(
	struct ins_run *run, const char *status, char **ret_text, struct ins_error *err)
{
	return ins_record_state_json(&run->guest->record, status, true, ret_text, err);
}

/* runtime.md, lifecycle 13: one that fails is warned of, and the others run all the same. */
static int run_poststop(
	struct ins_context *context, const struct ins_record *record, struct ins_error *err)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_free char *state = NULL;
	const struct ins_spec_hooks *hooks;
	int r = ins_spec_hooks_parse(record->hooks_json, strlen(record->hooks_json), &spec, err);

	if (r < 0)
		return r;
	hooks = &spec->hooks[INS_HOOK_POSTSTOP];
	if (!hooks->n)
		return 0;
	r = ins_record_state_json(record, "stopped", true, &state, err);
	for (size_t i = 0; r == 0 && i < hooks->n; i++) {
		struct ins_error why = { 0 };

		if (ins_hook_run(hooks, INS_HOOK_POSTSTOP, i, state, &why) < 0)
			ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
	}
	return r;
}

void ins_guest_poststop(struct ins_context *context, const struct ins_record *record)
{
	struct ins_error why = { 0 };

	if (record->hooks_json && run_poststop(context, record, &why) < 0)
		ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
}
