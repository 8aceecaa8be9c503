/* SPDX-License-Identifier: Apache-2.0 */
/* The child speaks in numbers; here they become words. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "cgroup/limits.h"
#include "creds/creds.h"
#include "guest/context.h"
#include "guest/launch.h"
#include "plan/build.h"

void ins_run_tell(struct ins_run *run, enum ins_stage stage)
{
	uint32_t end = run->plan->stage_start[stage + 1];
	char what[512];

	if (!ins_context_wants(run->context, INS_LOG_DEBUG))
		return;
	for (; run->told < end; run->told++) {
		const struct ins_op *op = &run->plan->ops[run->told];

		ins_op_describe(op, what, sizeof(what));
		ins_context_log(run->context, INS_LOG_DEBUG, "%s: %s%s%s",
			ins_stage_name((enum ins_stage)op->stage), op->key, op->key[0] ? ": " : "",
			what);
	}
}

int ins_run_child_failed(
	struct ins_run *run, const struct ins_message *message, struct ins_error *err)
{
	const struct ins_op *op;
	char what[512], detail[INS_MESSAGE_DETAIL + 1];
	int code = message->err > 0 && message->err < 4096 ? message->err : EPROTO;

	if (message->type != INS_MESSAGE_ERROR)
		return ins_error_text(err, EPROTO, "the container process spoke out of turn");
	memcpy(detail, message->detail, message->detail_size);
	detail[message->detail_size] = '\0';
	if (message->op >= run->plan->n_ops)
		return ins_error_set(err, code, "the container process: %s", detail);
	op = &run->plan->ops[message->op];
	run->failed_kind = op->kind;
	if (op->kind == INS_OP_EXECVE || op->kind == INS_OP_FIND_PROGRAM)
		return ins_creds_exec_explain(op, message, err);
	ins_op_describe(op, what, sizeof(what));
	if (message->detail_kind == INS_DETAIL_TEXT && detail[0])
		ins_error_set(err, code, "%s: %s", what, detail);
	else if (message->detail_kind == INS_DETAIL_SENTENCE)
		ins_error_text(err, code, "%s: %s", what, detail);
	else
		ins_error_set(err, code, "%s", what);
	if (op->key[0])
		ins_error_prefix(err, "%s", op->key);
	return -code;
}

static bool has_filter(const struct ins_plan *plan)
{
	INS_FOR_EACH_OP(op, plan, INS_STAGE_EXEC) {
		if (op->kind == INS_OP_SECCOMP || op->kind == INS_OP_SECCOMP_EARLY)
			return true;
	}
	return false;
}

int ins_run_child_ended(struct ins_run *run, struct ins_error *err)
{
	/* From EXEC on the process may be under its filter. */
	bool filtered = run->page >= 0 && has_filter(run->plan);
	siginfo_t info = { 0 };

	if (run->cgroup_fd >= 0 && ins_limits_memory_was_short(run->cgroup_fd))
		return ins_error_text(err, ENOMEM,
			"the container process ended before its program ran: the memory limit of "
			"its cgroup is too low even for that");
	/* WNOWAIT: whoever is the parent reaps it later. A process that is not our child (`start`)
	 * can only be said to be gone. */
	if (run->pidfd < 0 || waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED | WNOWAIT) < 0)
		return ins_error_text(err, ECHILD,
			"the container process ended before its program ran%s",
			filtered ? " (does linux.seccomp allow all that this takes, as execve?)"
				 : "");
	if (filtered && info.si_code != CLD_EXITED && info.si_status == SIGSYS)
		return ins_error_key(err, ECHILD, "linux.seccomp",
			"the filter killed the container process before its program ran: at the "
			"least it has to allow execve");
	if (info.si_code == CLD_EXITED)
		return ins_error_text(err, ECHILD,
			"the container process exited with status %d before its program ran",
			info.si_status);
	return ins_error_text(err, ECHILD,
		"the container process was killed by signal %d%s before its program ran",
		info.si_status, info.si_status == SIGKILL ? " (out of memory?)" : "");
}
