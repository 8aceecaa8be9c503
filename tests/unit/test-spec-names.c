/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/capability.h>
#include <linux/sched.h>

#include "spec/names.h"
#include "test-spec.h"

static void capabilities(void **state)
{
	(void)state;
	for (int i = 0; i <= CAP_LAST_CAP; i++) {
		assert_non_null(ins_capability_name(i));
		assert_int_equal(ins_capability_number(ins_capability_name(i)), i);
	}
	assert_int_equal(ins_capability_number("CAP_CHOWN"), CAP_CHOWN);
	assert_int_equal(ins_capability_number("CAP_SYS_ADMIN"), CAP_SYS_ADMIN);
	assert_int_equal(ins_capability_number("CAP_CHECKPOINT_RESTORE"), CAP_CHECKPOINT_RESTORE);
	assert_int_equal(ins_capability_number("CHOWN"), -EINVAL);
	assert_int_equal(ins_capability_number("cap_chown"), -EINVAL);
	assert_int_equal(ins_capability_number(""), -EINVAL);
	assert_null(ins_capability_name(-1));
	assert_null(ins_capability_name(CAP_LAST_CAP + 1));
	assert_null(ins_capability_name(64));
}

static void namespaces(void **state)
{
	unsigned int all = 0;

	(void)state;
	for (int i = 0; i < INS_NS_COUNT; i++) {
		enum ins_ns ns = (enum ins_ns)i;

		assert_int_equal(ins_name_find(ins_namespace_names, ins_ns_name(ns))->value, ns);
		assert_int_equal(all & ins_ns_flag(ns), 0);
		all |= ins_ns_flag(ns);
	}
	assert_int_equal(ins_ns_flag(INS_NS_MOUNT), CLONE_NEWNS);
	assert_int_equal(ins_ns_flag(INS_NS_TIME), CLONE_NEWTIME);
	assert_string_equal(ins_ns_name(INS_NS_NETWORK), "network");
	assert_string_equal(ins_hook_kind_name(INS_HOOK_CREATE_RUNTIME), "createRuntime");
}

static void cpu_lists(void **state)
{
	static const struct {
		const char *text;
		int r;
		unsigned char mask[2];
	} cases[] = {
		{ "0", 0, { 0x01, 0x00 } },
		{ "0-3,7", 0, { 0x8f, 0x00 } },
		{ "15", 0, { 0x00, 0x80 } },
		{ "0-15", 0, { 0xff, 0xff } },
		{ "1,1,1", 0, { 0x02, 0x00 } },
		{ " 1 - 2 , 8 ", 0, { 0x06, 0x01 } },
		{ "16", -ERANGE, {} },
		{ "0-16", -ERANGE, {} },
		{ "99999999999999999999999", -ERANGE, {} },
		{ "3-1", -EINVAL, {} },
		{ "", -EINVAL, {} },
		{ ",", -EINVAL, {} },
		{ "1,", -EINVAL, {} },
		{ ",1", -EINVAL, {} },
		{ "1-", -EINVAL, {} },
		{ "-1", -EINVAL, {} },
		{ "1-2-3", -EINVAL, {} },
		{ "1 2", -EINVAL, {} },
		{ "a", -EINVAL, {} },
		{ "1\n", -EINVAL, {} },
		{ "0x1", -EINVAL, {} },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned char mask[8] = {};

		assert_int_equal(ins_cpu_list_parse(cases[i].text, mask, 2), cases[i].r);
		if (cases[i].r == 0)
			assert_memory_equal(mask, cases[i].mask, 2);
		assert_int_equal(mask[2], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(cpu_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
