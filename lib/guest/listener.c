/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a container: kept for exec, and its notify fd on the way to who listens. */
#include "base/cleanup.h"
#include "base/error.h"
#include "guest/guest.h"
#include "seccomp/seccomp.h"

int ins_guest_save_filter(struct ins_guest *guest, struct ins_error *err)
{
	INS_FOR_EACH_OP(op, guest->plan, INS_STAGE_EXEC) {
		if (op->kind == INS_OP_SECCOMP || op->kind == INS_OP_SECCOMP_EARLY)
			return ins_seccomp_filter_store(
				guest->store.dir, INS_FILTER_FILE, &op->seccomp, err);
	}
	/* Without a process there is nothing to filter yet. */
	return 0;
}

static int process_state(const struct ins_guest *guest, char **ret_text, struct ins_error *err)
{
	static const char *const fds[] = { INS_SECCOMP_FD_NAME };
	const struct ins_record *record = &guest->record;
	const char *status = guest->exec ? "running" : "creating";
	char owner[INS_OWNER_SIZE];
	struct ins_state state;

	ins_record_state(record, status, &state, owner, sizeof(owner));
	return ins_process_state_emit(&state, guest->run.pid, record->listener_metadata, fds,
		ARRAY_LENGTH(fds), ret_text, err);
}

int ins_run_take_listener(struct ins_run *run, struct ins_error *err)
{
	struct ins_guest *guest = run->guest;
	cleanup_free char *state = NULL;
	int r = ins_seccomp_listener_fetch(run, err);

	/* Without a descriptor the child could not load its filter: its own error is on the way. */
	if (r < 0 || run->listener < 0)
		return r;
	if (!guest->record.listener_path)
		return ins_error_key(
			err, EINVAL, "linux.seccomp.listenerPath", "is needed for SCMP_ACT_NOTIFY");
	r = process_state(guest, &state, err);
	if (r == 0)
		r = ins_seccomp_listener_send(
			guest->record.listener_path, state, run->listener, err);
	run->listener = ins_close(run->listener);
	return r < 0 ? r : ins_seccomp_listener_release(run, err);
}
