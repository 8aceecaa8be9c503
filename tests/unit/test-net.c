/* SPDX-License-Identifier: Apache-2.0 */
#include "planner-fixture.h"

static void loopback(void **data)
{
	struct planned *p = *data;

	plan_with(p, ins_net_plan, LINUX("'namespaces':[{'type':'pid'},{'type':'network'}]"));
	expect_ops(p, INS_STAGE_NET, "LOOPBACK");
	assert_string_equal(get_op(p, INS_OP_LOOPBACK)->key, "linux.namespaces[1]");
	/* Another's interfaces are not ours to set up. */
	plan_with(p, ins_net_plan, LINUX("'namespaces':[{'type':'network','path':'/n/net'}]"));
	assert_int_equal(p->builder.n_staged, 0);
	plan_with(p, ins_net_plan, CONFIG(""));
	assert_int_equal(p->builder.n_staged, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
