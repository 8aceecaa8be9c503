/* SPDX-License-Identifier: Apache-2.0 */
#include "test-spec.h"

#define HOOKS(members) CONFIG(",'hooks':{" members "}")

static void all_kinds(void **state)
{
	char text[200];

	(void)state;
	for (int kind = 0; kind < INS_HOOK_KINDS; kind++) {
		struct ins_spec *spec;

		snprintf(text, sizeof(text), HOOKS("'%s':[{'path':'/a'},{'path':'/b'}]"),
			ins_hook_kind_name((enum ins_hook_kind)kind));
		spec = parse(text);
		for (int other = 0; other < INS_HOOK_KINDS; other++)
			assert_int_equal(spec->hooks[other].n, other == kind ? 2 : 0);
		assert_string_equal(spec->hooks[kind].v[1].path, "/b");
		ins_spec_free(spec);
	}
}

static void one_hook(void **state)
{
	struct ins_spec *spec = parse(HOOKS(
		"'poststop':[{'path':'/a','args':['x','y'],'env':['A=b'],'timeout':5}],'new':1"));
	const struct ins_spec_hook *hook = spec->hooks[INS_HOOK_POSTSTOP].v;

	(void)state;
	assert_string_equal(hook->path, "/a");
	assert_int_equal(hook->args.n, 2);
	assert_string_equal(hook->env.v[0], "A=b");
	assert_int_equal(hook->timeout, 5);
	assert_string_equal(spec->hooks_json,
		"{\"poststop\":[{\"path\":\"/a\",\"args\":[\"x\",\"y\"],\"env\":[\"A=b\"],"
		"\"timeout\":5}],\"new\":1}");
	ins_spec_free(spec);
}

static void refused(void **state)
{
	(void)state;
	refuse(HOOKS("'prestart':[{'path':'a'}]"),
		"hooks.prestart[0].path: 'a' is not an absolute path");
	refuse(HOOKS("'createRuntime':[{'path':'/a','timeout':0}]"),
		"hooks.createRuntime[0].timeout: 0 is not in the range 1 to 2147483647");
	refuse(HOOKS("'poststart':[{'path':'/a'},{'path':'/a','timeout':-1}]"),
		"hooks.poststart[1].timeout: -1 is not in the range 1 to 2147483647");
	refuse(HOOKS("'poststart':[{'path':'/a','args':[1]}]"),
		"hooks.poststart[0].args[0]: expected a string, not an integer");
	refuse(HOOKS("'poststart':{}"), "hooks.poststart: expected an array, not an object");
	refuse(CONFIG(",'hooks':[]"), "hooks: expected an object, not an array");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds),
		cmocka_unit_test(one_hook),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
