/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"
#include "spec/parts.h"

/* A system call has six arguments. */
static const struct ins_range argument_index = { 0, 5 };

static const struct ins_field argument_rows[] = {
	INS_REQUIRED("index", ins_parse_u32, struct ins_spec_seccomp_arg, index, &argument_index),
	INS_REQUIRED("value", ins_parse_u64, struct ins_spec_seccomp_arg, value, NULL),
	INS_FIELD("valueTwo", ins_parse_u64, struct ins_spec_seccomp_arg, value_two, NULL),
	INS_REQUIRED("op", ins_parse_word, struct ins_spec_seccomp_arg, op, ins_seccomp_operators),
};
static const struct ins_fields argument_fields = INS_FIELDS(argument_rows);
static const struct ins_list_kind arguments = { sizeof(struct ins_spec_seccomp_arg),
	ins_parse_object, &argument_fields };

static const struct ins_field rule_rows[] = {
	INS_REQUIRED("names", ins_parse_strings, struct ins_spec_seccomp_rule, names, NULL),
	INS_REQUIRED("action", ins_parse_word, struct ins_spec_seccomp_rule, action,
		ins_seccomp_actions),
	INS_OPTIONAL("errnoRet", ins_parse_u32, struct ins_spec_seccomp_rule, errno_ret, has_errno,
		NULL),
	INS_LIST("args", struct ins_spec_seccomp_rule, n_args, args, &arguments),
};
static const struct ins_fields rule_fields = INS_FIELDS(rule_rows);

/* An errno that the action would drop, or cut, is refused. */
static int check_errno(
	struct ins_cursor *cursor, const char *key, const char *action, uint32_t number)
{
	uint32_t max = 0;

	ins_cursor_enter(cursor, key, 0);
	switch (ins_name_find(ins_seccomp_actions, action)->value) {
	case INS_ACTION_PLAIN:
		return ins_cursor_fail(cursor, "%s has no errno", action);
	case INS_ACTION_ERRNO:
		max = 4095;
		break;
	case INS_ACTION_TRACE:
		max = UINT16_MAX;
		break;
	}
	if (number > max)
		return ins_cursor_fail(
			cursor, "%u is above %u, the most that %s can return", number, max, action);
	ins_cursor_leave(cursor);
	return 0;
}

static int parse_rule(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_seccomp_rule *rule = target;
	int r = ins_parse_object(cursor, value, rule, &rule_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (rule->names.n == 0) {
		ins_cursor_enter(cursor, "names", 0);
		return ins_cursor_fail(cursor, "has to name a system call");
	}
	return rule->has_errno ? check_errno(cursor, "errnoRet", rule->action, rule->errno_ret) : 0;
}

static const struct ins_list_kind rules = { sizeof(struct ins_spec_seccomp_rule), parse_rule,
	NULL };
static const struct ins_list_kind architectures = { sizeof(const char *), ins_parse_word,
	ins_seccomp_architectures };
static const struct ins_list_kind flags = { sizeof(const char *), ins_parse_word,
	ins_seccomp_flags };

static const struct ins_field seccomp_rows[] = {
	INS_REQUIRED("defaultAction", ins_parse_word, struct ins_spec_seccomp, default_action,
		ins_seccomp_actions),
	INS_OPTIONAL("defaultErrnoRet", ins_parse_u32, struct ins_spec_seccomp, default_errno,
		has_default_errno, NULL),
	INS_FIELD("architectures", ins_parse_list, struct ins_spec_seccomp, architectures,
		&architectures),
	INS_FIELD("flags", ins_parse_list, struct ins_spec_seccomp, flags, &flags),
	INS_FIELD("listenerPath", ins_parse_text, struct ins_spec_seccomp, listener_path, NULL),
	INS_FIELD("listenerMetadata", ins_parse_text, struct ins_spec_seccomp, listener_metadata,
		NULL),
	INS_LIST("syscalls", struct ins_spec_seccomp, n_rules, rules, &rules),
};
static const struct ins_fields seccomp_fields = INS_FIELDS(seccomp_rows);

int ins_seccomp_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_seccomp *seccomp = target;
	int r = ins_parse_object(cursor, value, seccomp, &seccomp_fields);

	(void)detail;
	if (r < 0)
		return r;
	seccomp->present = true;
	if (seccomp->listener_metadata && !seccomp->listener_path) {
		ins_cursor_enter(cursor, "listenerMetadata", 0);
		return ins_cursor_fail(cursor, "has no meaning without listenerPath");
	}
	return seccomp->has_default_errno ? check_errno(cursor, "defaultErrnoRet",
						    seccomp->default_action, seccomp->default_errno)
					  : 0;
}
