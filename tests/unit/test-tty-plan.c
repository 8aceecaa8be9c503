/* SPDX-License-Identifier: Apache-2.0 */
/* lib/tty: process.terminal in the plan. */
#include "planner-fixture.h"

#define PROC(more) ",'process':{'cwd':'/','args':['a']" more "}"

static void planned_console(void **data)
{
	struct planned *p = *data;
	const struct ins_op *op;

	plan_with(p, ins_tty_plan, CONFIG(PROC("")));
	assert_int_equal(p->builder.n_staged, 0);
	plan_with(p, ins_tty_plan,
		CONFIG(PROC(",'terminal':true,'user':{'uid':7,'gid':8},"
			    "'consoleSize':{'height':30,'width':90}") ",'linux':{'namespaces':[{'"
								      "type':'mount'}]}"));
	expect_ops(p, INS_STAGE_MOUNT, "CONSOLE");
	op = get_op(p, INS_OP_CONSOLE);
	assert_true(op->console.has_size);
	assert_int_equal(op->console.height, 30);
	assert_int_equal(op->console.width, 90);
	assert_int_equal(op->console.uid, 7);
	assert_true(op->console.bind_console);
	/* The host's /dev/console stays what it is. */
	plan_with(p, ins_tty_plan, CONFIG(PROC(",'terminal':true")));
	assert_false(get_op(p, INS_OP_CONSOLE)->console.bind_console);
	p->plan.is_exec = true;
	plan_with(p, ins_tty_plan,
		CONFIG(PROC(",'terminal':true") ",'linux':{'namespaces':[{'type':'mount'}]}"));
	assert_false(get_op(p, INS_OP_CONSOLE)->console.bind_console);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		plan_test(planned_console),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
