/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/sched.h>
#include <string.h>

#include "spec/names.h"
#include "spec/parts.h"

/* --- user ----------------------------------------------------------------------------------------
 */

static const struct ins_range umask_range = { 0, 0777 };
static const struct ins_list_kind gids = { sizeof(uint32_t), ins_parse_id, NULL };

static const struct ins_field user_rows[] = {
	INS_REQUIRED("uid", ins_parse_id, struct ins_spec_process, uid, NULL),
	INS_REQUIRED("gid", ins_parse_id, struct ins_spec_process, gid, NULL),
	INS_OPTIONAL(
		"umask", ins_parse_u32, struct ins_spec_process, umask, has_umask, &umask_range),
	INS_LIST("additionalGids", struct ins_spec_process, n_additional_gids, additional_gids,
		&gids),
};
static const struct ins_fields user_fields = INS_FIELDS(user_rows);

/* The kernel's NGROUPS_MAX. */
#define GROUPS_MAX 65536

static int parse_user(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_process *process = target;
	int r = ins_parse_object(cursor, value, process, &user_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (process->n_additional_gids > GROUPS_MAX) {
		ins_cursor_enter(cursor, "additionalGids", 0);
		return ins_cursor_fail(cursor, "has more than %d groups", GROUPS_MAX);
	}
	return 0;
}

/* --- env -----------------------------------------------------------------------------------------
 */

static int parse_variable(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *text;
	int r = ins_parse_string(cursor, value, &text, detail);

	if (r < 0)
		return r;
	if (text[0] == '=' || !strchr(text, '='))
		return ins_cursor_fail(cursor, "\"%s\" is not of the form NAME=VALUE", text);
	*(const char **)target = text;
	return 0;
}

static const struct ins_list_kind variables = { sizeof(const char *), parse_variable, NULL };

/* --- capabilities --------------------------------------------------------------------------------
 */

static int warn_of_capability(struct ins_cursor *cursor, const char *name)
{
	struct ins_nearest nearest = { .word = name };
	const char *known;
	char hint[64];

	if (cursor->warnings.n == INS_CURSOR_REMARKS_MAX)
		return 0;
	for (int i = 0; (known = ins_capability_name(i)); i++)
		ins_nearest_offer(&nearest, known);
	return ins_cursor_warn(cursor, "unknown capability \"%.64s\" is not given%s", name,
		ins_did_you_mean(&nearest, hint, sizeof(hint)));
}

/* Names that nobody knows are no error (config.md, "capabilities"): a caller may know a newer
 * kernel than this program. */
static int parse_capabilities(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_strings names = {};
	uint64_t *mask = target;
	int r = ins_parse_strings(cursor, value, &names, detail);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		int number = ins_capability_number(names.v[i]);

		if (number >= 0) {
			*mask |= UINT64_C(1) << number;
			continue;
		}
		ins_cursor_enter(cursor, NULL, i);
		r = warn_of_capability(cursor, names.v[i]);
		ins_cursor_leave(cursor);
	}
	return r;
}

static const struct ins_field capability_rows[] = {
	INS_FIELD("bounding", parse_capabilities, struct ins_spec_caps, bounding, NULL),
	INS_FIELD("effective", parse_capabilities, struct ins_spec_caps, effective, NULL),
	INS_FIELD("inheritable", parse_capabilities, struct ins_spec_caps, inheritable, NULL),
	INS_FIELD("permitted", parse_capabilities, struct ins_spec_caps, permitted, NULL),
	INS_FIELD("ambient", parse_capabilities, struct ins_spec_caps, ambient, NULL),
};
static const struct ins_fields capability_fields = INS_FIELDS(capability_rows);

/* --- rlimits -------------------------------------------------------------------------------------
 */

static int parse_rlimit_type(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_rlimit *rlimit = target;
	int r = ins_parse_name(cursor, value, &rlimit->resource, detail);

	if (r < 0)
		return r;
	rlimit->type = json_string_value(value);
	return 0;
}

static const struct ins_field rlimit_rows[] = {
	{ "type", parse_rlimit_type, 0, INS_NO_FIELD, true, ins_rlimit_names },
	INS_REQUIRED("soft", ins_parse_u64, struct ins_spec_rlimit, soft, NULL),
	INS_REQUIRED("hard", ins_parse_u64, struct ins_spec_rlimit, hard, NULL),
};
static const struct ins_fields rlimit_fields = INS_FIELDS(rlimit_rows);

static int parse_rlimit(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_rlimit *rlimit = target;
	int r = ins_parse_object(cursor, value, rlimit, &rlimit_fields);

	(void)detail;
	if (r < 0)
		return r;
	/* setrlimit(2) refuses it, so what was asked for could not be. */
	if (rlimit->soft > rlimit->hard)
		return ins_cursor_fail(cursor, "the soft limit is above the hard one");
	return 0;
}

static const struct ins_list_kind rlimits = { sizeof(struct ins_spec_rlimit), parse_rlimit, NULL };

static int check_rlimits(struct ins_cursor *cursor, const struct ins_spec_process *process)
{
	uint32_t seen = 0;

	for (size_t i = 0; i < process->n_rlimits; i++) {
		uint32_t bit = UINT32_C(1) << process->rlimits[i].resource;

		if (seen & bit) {
			ins_cursor_enter(cursor, "rlimits", 0);
			ins_cursor_enter(cursor, NULL, i);
			return ins_cursor_fail(cursor, "%s is set twice", process->rlimits[i].type);
		}
		seen |= bit;
	}
	return 0;
}

/* --- scheduler, I/O priority, affinity -----------------------------------------------------------
 */

/* An array of words that stand for bits. */
static int parse_flags(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_list_kind kind = { sizeof(int), ins_parse_name, detail };
	struct {
		size_t n;
		const int *v;
	} bits = {};
	int r = ins_parse_list(cursor, value, &bits, &kind);

	for (size_t i = 0; r == 0 && i < bits.n; i++)
		*(uint64_t *)target |= (uint64_t)bits.v[i];
	return r;
}

static const struct ins_range nice_range = { -20, 19 };
static const struct ins_range rt_priority_range = { 0, 99 };

static const struct ins_field scheduler_rows[] = {
	INS_REQUIRED("policy", ins_parse_name, struct ins_spec_scheduler, policy,
		ins_scheduler_policies),
	INS_FIELD("nice", ins_parse_i32, struct ins_spec_scheduler, nice, &nice_range),
	INS_FIELD(
		"priority", ins_parse_i32, struct ins_spec_scheduler, priority, &rt_priority_range),
	INS_FIELD("flags", parse_flags, struct ins_spec_scheduler, flags, ins_scheduler_flags),
	INS_FIELD("runtime", ins_parse_u64, struct ins_spec_scheduler, runtime, NULL),
	INS_FIELD("deadline", ins_parse_u64, struct ins_spec_scheduler, deadline, NULL),
	INS_FIELD("period", ins_parse_u64, struct ins_spec_scheduler, period, NULL),
};
static const struct ins_fields scheduler_fields = INS_FIELDS(scheduler_rows);

/* sched_setattr(2) refuses a priority with the other policies, and drops deadline times. */
static int parse_scheduler(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_scheduler *scheduler = target;
	int r = ins_parse_object(cursor, value, scheduler, &scheduler_fields);

	(void)detail;
	if (r < 0)
		return r;
	scheduler->present = true;
	if (scheduler->priority != 0 && scheduler->policy != SCHED_FIFO &&
		scheduler->policy != SCHED_RR)
		return ins_cursor_fail(cursor, "priority is only for SCHED_FIFO and SCHED_RR");
	if ((scheduler->runtime || scheduler->deadline || scheduler->period) &&
		scheduler->policy != SCHED_DEADLINE)
		return ins_cursor_fail(
			cursor, "runtime, deadline and period are only for SCHED_DEADLINE");
	return 0;
}

static const struct ins_range io_priority_range = { 0, 7 };

static const struct ins_field io_priority_rows[] = {
	INS_REQUIRED("class", ins_parse_name, struct ins_spec_process, io_priority_class,
		ins_io_priority_classes),
	INS_REQUIRED("priority", ins_parse_i32, struct ins_spec_process, io_priority,
		&io_priority_range),
};
static const struct ins_fields io_priority_fields = INS_FIELDS(io_priority_rows);

static const struct ins_field affinity_rows[] = {
	INS_FIELD("initial", ins_parse_cpu_list, struct ins_spec_process, affinity_initial, NULL),
	INS_FIELD("final", ins_parse_cpu_list, struct ins_spec_process, affinity_final, NULL),
};
static const struct ins_fields affinity_fields = INS_FIELDS(affinity_rows);

/* --- the whole -----------------------------------------------------------------------------------
 */

static const struct ins_field console_rows[] = {
	INS_REQUIRED("height", ins_parse_u16, struct ins_spec_process, console_height, NULL),
	INS_REQUIRED("width", ins_parse_u16, struct ins_spec_process, console_width, NULL),
};
static const struct ins_fields console_fields = INS_FIELDS(console_rows);

/* parse_console_size() has a look at it afterwards. */
static int pass_over(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)cursor;
	(void)value;
	(void)target;
	(void)detail;
	return 0;
}

static const struct ins_range oom_range = { -1000, 1000 };

/* Rows with offset 0 fill several fields of the process itself. */
static const struct ins_field process_rows[] = {
	{ "user", parse_user, 0, INS_NO_FIELD, false, NULL },
	INS_FIELD("args", ins_parse_strings, struct ins_spec_process, args, NULL),
	INS_FIELD("env", ins_parse_list, struct ins_spec_process, env, &variables),
	INS_REQUIRED("cwd", ins_parse_full_path, struct ins_spec_process, cwd, NULL),
	INS_OPTIONAL("capabilities", ins_parse_object, struct ins_spec_process, caps, caps.present,
		&capability_fields),
	INS_LIST("rlimits", struct ins_spec_process, n_rlimits, rlimits, &rlimits),
	INS_FIELD("terminal", ins_parse_bool, struct ins_spec_process, terminal, NULL),
	INS_FIELD("noNewPrivileges", ins_parse_bool, struct ins_spec_process, no_new_privileges,
		NULL),
	INS_FIELD(
		"apparmorProfile", ins_parse_text, struct ins_spec_process, apparmor_profile, NULL),
	INS_FIELD("selinuxLabel", ins_parse_text, struct ins_spec_process, selinux_label, NULL),
	INS_OPTIONAL("oomScoreAdj", ins_parse_i32, struct ins_spec_process, oom_score_adj,
		has_oom_score_adj, &oom_range),
	INS_FIELD("scheduler", parse_scheduler, struct ins_spec_process, scheduler, NULL),
	{ "ioPriority", ins_parse_object, 0, offsetof(struct ins_spec_process, has_io_priority),
		false, &io_priority_fields },
	{ "execCPUAffinity", ins_parse_object, 0, INS_NO_FIELD, false, &affinity_fields },
	{ "consoleSize", pass_over, 0, INS_NO_FIELD, false, NULL },
};
static const struct ins_fields process_fields = INS_FIELDS(process_rows);

/* Without a terminal, consoleSize has to be ignored, and that is known only at the end. */
static int parse_console_size(
	struct ins_cursor *cursor, json_t *process_value, struct ins_spec_process *process)
{
	json_t *value = json_object_get(process_value, "consoleSize");
	int r;

	if (!process->terminal || !value || json_is_null(value))
		return 0;
	ins_cursor_enter(cursor, "consoleSize", 0);
	r = ins_parse_object(cursor, value, process, &console_fields);
	if (r < 0)
		return r;
	ins_cursor_leave(cursor);
	process->has_console_size = true;
	return 0;
}

int ins_process_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_process *process = target;
	int r = ins_parse_object(cursor, value, process, &process_fields);

	(void)detail;
	if (r < 0)
		return r;
	process->present = true;
	if (process->args.n == 0) {
		ins_cursor_enter(cursor, "args", 0);
		return ins_cursor_fail(cursor, "has to name a program");
	}
	r = check_rlimits(cursor, process);
	if (r < 0)
		return r;
	return parse_console_size(cursor, value, process);
}
