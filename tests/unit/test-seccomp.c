/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp: what the compiled filter answers, and what is refused. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "seccomp/seccomp.h"

#include "bpf-interpreter.h"
#include "seccomp-fixture.h"

static char warned[256];

static void note_warning(void *data, const char *text)
{
	(void)data;
	snprintf(warned, sizeof(warned), "%s", text);
}

static struct ins_seccomp_program compile(const struct ins_spec_seccomp *spec)
{
	struct ins_seccomp_program program = { 0 };
	struct ins_error err = { 0 };
	int r = ins_seccomp_generate(spec, &program, note_warning, NULL, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return program;
}

static void refused(const struct ins_spec_seccomp *spec, const char *words)
{
	struct ins_seccomp_program program = { 0 };
	struct ins_error err = { 0 };

	assert_int_equal(ins_seccomp_generate(spec, &program, NULL, NULL, &err), -EINVAL);
	assert_string_equal(err.text, words);
	assert_null(program.instructions);
}

static void test_actions(void **state)
{
	struct ins_seccomp_program p =
		compile(SPEC("SCMP_ACT_ERRNO", .has_default_errno = true, .default_errno = 38,
			RULES({ .names = NAMES("getpid", "getppid"), .action = "SCMP_ACT_ALLOW" },
				{ .names = NAMES("read"), .action = "SCMP_ACT_ERRNO" },
				{ .names = NAMES("write"),
					.action = "SCMP_ACT_ERRNO",
					.has_errno = true,
					.errno_ret = 0 },
				{ .names = NAMES("open"), .action = "SCMP_ACT_KILL" },
				{ .names = NAMES("close"), .action = "SCMP_ACT_KILL_THREAD" },
				{ .names = NAMES("stat"), .action = "SCMP_ACT_KILL_PROCESS" },
				{ .names = NAMES("fstat"), .action = "SCMP_ACT_TRAP" },
				{ .names = NAMES("lstat"),
					.action = "SCMP_ACT_TRACE",
					.has_errno = true,
					.errno_ret = 4242 },
				{ .names = NAMES("poll"), .action = "SCMP_ACT_LOG" },
				{ .names = NAMES("lseek"), .action = "SCMP_ACT_NOTIFY" },
				{ .names = NAMES("mmap"),
					.action = "SCMP_ACT_ERRNO",
					.has_errno = true,
					.errno_ret = 38 })));

	(void)state;
	assert_int_equal(answer(&p, "getpid", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getppid", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "read", 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer(&p, "write", 0, 0, 0), SECCOMP_RET_ERRNO | 0);
	assert_int_equal(answer(&p, "open", 0, 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(answer(&p, "close", 0, 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(answer(&p, "stat", 0, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(&p, "fstat", 0, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(answer(&p, "lstat", 0, 0, 0), SECCOMP_RET_TRACE | 4242);
	assert_int_equal(answer(&p, "poll", 0, 0, 0), SECCOMP_RET_LOG);
	assert_int_equal(answer(&p, "lseek", 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&p, "mmap", 0, 0, 0), SECCOMP_RET_ERRNO | 38);
	assert_int_equal(answer(&p, "getuid", 0, 0, 0), SECCOMP_RET_ERRNO | 38);
	assert_true(p.listener);
	assert_int_equal(p.flags, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	free(p.instructions);
}

/* A call by an architecture that is not listed ends the process. */
static void test_architectures(void **state)
{
	struct ins_seccomp_program p = compile(SPEC("SCMP_ACT_ERRNO",
		.architectures = NAMES("SCMP_ARCH_X86", "SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"),
		RULES({ .names = NAMES("getpid"), .action = "SCMP_ACT_ALLOW" })));
	struct seccomp_data data = { .arch = AUDIT_ARCH_I386, .nr = 20 };

	(void)state;
	assert_int_equal(interpret(p.instructions, p.n, &data), SECCOMP_RET_ALLOW);
	data.nr = 39;
	assert_int_equal(interpret(p.instructions, p.n, &data), SECCOMP_RET_ERRNO | EPERM);
	data.arch = AUDIT_ARCH_ARM;
	assert_int_equal(interpret(p.instructions, p.n, &data), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(answer(&p, "getpid", 0, 0, 0), SECCOMP_RET_ALLOW);
	free(p.instructions);
}

static uint32_t answer_if(const char *op, uint64_t value, uint64_t value_two, uint64_t arg)
{
	struct ins_seccomp_program p = compile(SPEC("SCMP_ACT_ERRNO",
		RULES({ .names = NAMES("getpid"),
			.action = "SCMP_ACT_ALLOW",
			ARGS({ .index = 1, .value = value, .value_two = value_two, .op = op }) })));
	uint32_t result = answer(&p, "getpid", 0, arg, 0);

	free(p.instructions);
	return result == SECCOMP_RET_ALLOW;
}

static void test_operators(void **state)
{
	(void)state;
	assert_true(answer_if("SCMP_CMP_EQ", UINT64_MAX, 0, UINT64_MAX));
	assert_false(answer_if("SCMP_CMP_EQ", 5, 0, 5 | (uint64_t)1 << 32));
	assert_true(answer_if("SCMP_CMP_NE", 5, 0, 6));
	assert_false(answer_if("SCMP_CMP_NE", 5, 0, 5));
	assert_true(answer_if("SCMP_CMP_LT", 5, 0, 4));
	assert_false(answer_if("SCMP_CMP_LT", 5, 0, 5));
	assert_true(answer_if("SCMP_CMP_LE", 5, 0, 5));
	assert_false(answer_if("SCMP_CMP_LE", 5, 0, (uint64_t)1 << 32));
	assert_true(answer_if("SCMP_CMP_GE", 5, 0, 5));
	assert_false(answer_if("SCMP_CMP_GE", 5, 0, 4));
	assert_true(answer_if("SCMP_CMP_GT", 5, 0, (uint64_t)1 << 32));
	assert_false(answer_if("SCMP_CMP_GT", 5, 0, 5));
	/* value is the mask, valueTwo what has to remain */
	assert_true(answer_if("SCMP_CMP_MASKED_EQ", 0x7e020000, 0, 0x11));
	assert_false(answer_if("SCMP_CMP_MASKED_EQ", 0x7e020000, 0, 0x10000011));
	assert_true(answer_if("SCMP_CMP_MASKED_EQ", 0xff, 0x11, 0x10000011));
}

/* Different arguments: all have to fit. The same one several times: any. */
static void test_several_args(void **state)
{
	struct ins_seccomp_program p = compile(SPEC("SCMP_ACT_ERRNO",
		RULES({ .names = NAMES("getpid"),
			      .action = "SCMP_ACT_ALLOW",
			      ARGS({ .index = 0, .value = 1, .op = "SCMP_CMP_EQ" },
				      { .index = 2, .value = 2, .op = "SCMP_CMP_EQ" }) },
			{ .names = NAMES("getuid"),
				.action = "SCMP_ACT_ALLOW",
				ARGS({ .index = 0, .value = 1, .op = "SCMP_CMP_EQ" },
					{ .index = 0, .value = 2, .op = "SCMP_CMP_EQ" },
					{ .index = 1, .value = 9, .op = "SCMP_CMP_EQ" }) })));

	(void)state;
	assert_int_equal(answer(&p, "getpid", 1, 0, 2), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getpid", 1, 0, 3), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer(&p, "getpid", 0, 0, 2), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(answer(&p, "getuid", 1, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getuid", 2, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getuid", 3, 9, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getuid", 3, 8, 0), SECCOMP_RET_ERRNO | EPERM);
	free(p.instructions);
}

static void test_without_args_wins(void **state)
{
	struct ins_seccomp_program p = compile(SPEC("SCMP_ACT_ERRNO",
		RULES({ .names = NAMES("getpid"),
			      .action = "SCMP_ACT_TRAP",
			      ARGS({ .index = 0, .value = 1, .op = "SCMP_CMP_EQ" }) },
			{ .names = NAMES("getpid"), .action = "SCMP_ACT_ALLOW" },
			{ .names = NAMES("getpid"), .action = "SCMP_ACT_LOG" })));

	(void)state;
	assert_int_equal(answer(&p, "getpid", 1, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&p, "getpid", 2, 0, 0), SECCOMP_RET_ALLOW);
	free(p.instructions);
}

static void test_unknown_calls(void **state)
{
	struct ins_seccomp_program p;

	(void)state;
	warned[0] = '\0';
	p = compile(SPEC("SCMP_ACT_ERRNO", RULES({ .names = NAMES("not_yet_invented", "getpid"),
						   .action = "SCMP_ACT_ALLOW" })));
	assert_int_equal(answer(&p, "getpid", 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_false(p.has_hole);
	assert_string_equal(warned, "");
	free(p.instructions);
	p = compile(SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("getpid", "not_yet_invented"),
						   .action = "SCMP_ACT_ERRNO" })));
	assert_int_equal(answer(&p, "getpid", 0, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_true(p.has_hole);
	assert_string_equal(warned, "linux.seccomp.syscalls[0]: unknown system call "
				    "not_yet_invented stays at the default action");
	free(p.instructions);
	/* podman's profile: what it does not name fails all the same. */
	warned[0] = '\0';
	p = compile(SPEC("SCMP_ACT_ERRNO", .has_default_errno = true, .default_errno = ENOSYS,
		RULES({ .names = NAMES("not_yet_invented"), .action = "SCMP_ACT_ERRNO" })));
	assert_false(p.has_hole);
	assert_string_equal(warned, "");
	free(p.instructions);
}

static void test_flags(void **state)
{
	struct ins_seccomp_program p;

	(void)state;
	p = compile(SPEC("SCMP_ACT_ALLOW",
		.flags = NAMES("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
			"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")));
	assert_int_equal(p.flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
					  SECCOMP_FILTER_FLAG_TSYNC);
	free(p.instructions);
	p = compile(SPEC("SCMP_ACT_ALLOW",
		.flags = NAMES(
			"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
		RULES({ .names = NAMES("getpid"), .action = "SCMP_ACT_NOTIFY" })));
	assert_int_equal(p.flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH |
					  SECCOMP_FILTER_FLAG_NEW_LISTENER | 1 << 5);
	free(p.instructions);
}

static void test_refused(void **state)
{
	(void)state;
	refused(SPEC(NULL), "linux.seccomp.defaultAction: is required");
	refused(SPEC("SCMP_ACT_allow"),
		"linux.seccomp.defaultAction: unknown action SCMP_ACT_allow");
	refused(SPEC("SCMP_ACT_NOTIFY"),
		"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default");
	refused(SPEC("SCMP_ACT_ALLOW", .has_default_errno = true, .default_errno = 1),
		"linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW takes no errno");
	refused(SPEC("SCMP_ACT_ERRNO", .has_default_errno = true, .default_errno = 4096),
		"linux.seccomp.defaultErrnoRet: 4096 is greater than 4095");
	refused(SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("SCMP_ARCH_X86", "SCMP_ARCH_Z80")),
		"linux.seccomp.architectures[1]: unknown architecture SCMP_ARCH_Z80");
	refused(SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("SCMP_ARCH_NATIVE")),
		"linux.seccomp.architectures[0]: unknown architecture SCMP_ARCH_NATIVE");
	refused(SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("SCMP_ARCH_x86")),
		"linux.seccomp.architectures[0]: unknown architecture SCMP_ARCH_x86");
	refused(SPEC("SCMP_ACT_ALLOW", .architectures = NAMES("SCMP_ARCH_S390X")),
		"linux.seccomp.architectures[0]: SCMP_ARCH_S390X has another byte order than this "
		"machine");
	refused(SPEC("SCMP_ACT_ALLOW", .flags = NAMES("SECCOMP_FILTER_FLAG_NEW_LISTENER")),
		"linux.seccomp.flags[0]: unknown flag SECCOMP_FILTER_FLAG_NEW_LISTENER");
	refused(SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("read"), .action = "SCMP_ACT_LOG" },
					       { .names = NAMES("read"), .action = "DENY" })),
		"linux.seccomp.syscalls[1].action: unknown action DENY");
	refused(SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("read"),
					       .action = "SCMP_ACT_LOG",
					       .has_errno = true })),
		"linux.seccomp.syscalls[0].errnoRet: SCMP_ACT_LOG takes no errno");
	refused(SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("read"),
					       .action = "SCMP_ACT_LOG",
					       ARGS({ .index = 6, .op = "SCMP_CMP_EQ" }) })),
		"linux.seccomp.syscalls[0].args[0].index: 6: the arguments are 0 to 5");
	refused(SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("read"),
					       .action = "SCMP_ACT_LOG",
					       ARGS({ .index = 5, .op = "==" }) })),
		"linux.seccomp.syscalls[0].args[0].op: unknown operator ==");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_architectures),
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_several_args),
		cmocka_unit_test(test_without_args_wins),
		cmocka_unit_test(test_unknown_calls),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
