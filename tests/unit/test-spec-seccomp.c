/* SPDX-License-Identifier: Apache-2.0 */
#include "test-spec.h"

#define SECCOMP(members) LINUX("'seccomp':{" members "}")
#define ALLOW            "'defaultAction':'SCMP_ACT_ALLOW'"

static void whole(void **state)
{
	struct ins_spec *spec = parse(
		SECCOMP("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,"
			"'architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_X32'],"
			"'flags':['SECCOMP_FILTER_FLAG_LOG'],'listenerPath':'/s',"
			"'listenerMetadata':'m','syscalls':[{'names':['read','write'],"
			"'action':'SCMP_ACT_TRACE','errnoRet':65535,'args':[{'index':5,"
			"'value':18446744073709551615,'valueTwo':2,'op':'SCMP_CMP_MASKED_EQ'}]},"
			"{'names':['exit'],'action':'SCMP_ACT_ALLOW','comment':'x'}]"));
	const struct ins_spec_seccomp *seccomp = &spec->seccomp;
	const struct ins_spec_seccomp_rule *rule = seccomp->rules;

	(void)state;
	assert_true(seccomp->present && seccomp->has_default_errno);
	assert_string_equal(seccomp->default_action, "SCMP_ACT_ERRNO");
	assert_int_equal(seccomp->default_errno, 38);
	assert_string_equal(seccomp->architectures.v[1], "SCMP_ARCH_X32");
	assert_string_equal(seccomp->flags.v[0], "SECCOMP_FILTER_FLAG_LOG");
	assert_string_equal(seccomp->listener_path, "/s");
	assert_string_equal(seccomp->listener_metadata, "m");
	assert_int_equal(seccomp->n_rules, 2);
	assert_int_equal(rule[0].names.n, 2);
	assert_true(rule[0].has_errno && rule[0].errno_ret == 65535);
	assert_int_equal(rule[0].n_args, 1);
	assert_true(rule[0].args[0].value == UINT64_MAX && rule[0].args[0].value_two == 2);
	assert_int_equal(rule[0].args[0].index, 5);
	assert_string_equal(rule[0].args[0].op, "SCMP_CMP_MASKED_EQ");
	assert_false(rule[1].has_errno);
	ins_spec_free(spec);
}

static void refused(void **state)
{
	(void)state;
	refuse(SECCOMP(""), "linux.seccomp.defaultAction: is required");
	refuse(SECCOMP("'defaultAction':'SCMP_ACT_X'"),
		"linux.seccomp.defaultAction: unknown value 'SCMP_ACT_X'; known: "
		"SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL, SCMP_ACT_KILL_PROCESS, "
		"SCMP_ACT_KILL_THREAD, SCMP_ACT_LOG, SCMP_ACT_NOTIFY, SCMP_ACT_TRACE, "
		"SCMP_ACT_TRAP");
	refuse(SECCOMP(ALLOW ",'defaultErrnoRet':1"),
		"linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has no errno");
	refuse(SECCOMP(ALLOW ",'listenerMetadata':'x'"),
		"linux.seccomp.listenerMetadata: has no meaning without listenerPath");
	refuse(SECCOMP(ALLOW ",'flags':['SECCOMP_FILTER_FLAG_X']"),
		"linux.seccomp.flags[0]: unknown value 'SECCOMP_FILTER_FLAG_X'; known: "
		"SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, "
		"SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
	refuse(SECCOMP(ALLOW ",'architectures':['x86_64']"),
		"linux.seccomp.architectures[0]: unknown value 'x86_64'");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':[],'action':'SCMP_ACT_KILL'}]"),
		"linux.seccomp.syscalls[0].names: has to name a system call");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':['a']}]"),
		"linux.seccomp.syscalls[0].action: is required");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_KILL','errnoRet':1}]"),
		"linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_KILL has no errno");
	refuse(SECCOMP(ALLOW
		       ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_ERRNO','errnoRet':4096}]"),
		"linux.seccomp.syscalls[0].errnoRet: 4096 is above 4095, the most that "
		"SCMP_ACT_ERRNO can return");
	refuse(SECCOMP(ALLOW
		       ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_TRACE','errnoRet':65536}]"),
		"linux.seccomp.syscalls[0].errnoRet: 65536 is above 65535, the most that "
		"SCMP_ACT_TRACE can return");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':"
			     "[{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]}]"),
		"linux.seccomp.syscalls[0].args[0].index: 6 is not in the range 0 to 5");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':"
			     "[{'index':1,'value':1,'op':'EQ'}]}]"),
		"linux.seccomp.syscalls[0].args[0].op: unknown value 'EQ'; known: "
		"SCMP_CMP_NE, SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, "
		"SCMP_CMP_GT, SCMP_CMP_MASKED_EQ");
	refuse(SECCOMP(ALLOW ",'syscalls':[{'names':['a'],'action':'SCMP_ACT_LOG','args':"
			     "[{'index':1,'op':'SCMP_CMP_EQ'}]}]"),
		"linux.seccomp.syscalls[0].args[0].value: is required");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
