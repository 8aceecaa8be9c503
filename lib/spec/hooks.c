/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/parts.h"

static const struct ins_range timeout = { 1, INT32_MAX };

static const struct ins_field hook_rows[] = {
	INS_REQUIRED("path", ins_parse_full_path, struct ins_spec_hook, path, NULL),
	INS_FIELD("args", ins_parse_strings, struct ins_spec_hook, args, NULL),
	INS_FIELD("env", ins_parse_strings, struct ins_spec_hook, env, NULL),
	INS_FIELD("timeout", ins_parse_i32, struct ins_spec_hook, timeout, &timeout),
};
static const struct ins_fields hook_fields = INS_FIELDS(hook_rows);
static const struct ins_list_kind hooks = { sizeof(struct ins_spec_hook), ins_parse_object,
	&hook_fields };

#define KIND(name, kind)                                                                         \
	{                                                                                        \
		name, ins_parse_list, kind * sizeof(struct ins_spec_hooks), INS_NO_FIELD, false, \
			&hooks                                                                   \
	}

static const struct ins_field kind_rows[] = {
	KIND("prestart", INS_HOOK_PRESTART),
	KIND("createRuntime", INS_HOOK_CREATE_RUNTIME),
	KIND("createContainer", INS_HOOK_CREATE_CONTAINER),
	KIND("startContainer", INS_HOOK_START_CONTAINER),
	KIND("poststart", INS_HOOK_POSTSTART),
	KIND("poststop", INS_HOOK_POSTSTOP),
};
static const struct ins_fields kind_fields = INS_FIELDS(kind_rows);

int ins_hooks_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)detail;
	return ins_parse_object(cursor, value, target, &kind_fields);
}
