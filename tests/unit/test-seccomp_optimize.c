/* SPDX-License-Identifier: Apache-2.0 */
/* The optimized program has to answer as the one it is made from, for whatever system call. */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "seccomp/seccomp.h"

#include "bpf-interpreter.h"

struct program {
	struct sock_filter *instructions;
	uint32_t n;
};

static const uint32_t architectures[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_AARCH64,
	AUDIT_ARCH_ARM, AUDIT_ARCH_S390X, 0, UINT32_MAX };

/* The same values are used in rules and in calls, so that comparisons meet. */
static const uint64_t values[] = { 0, 1, 2, 8, 9, 16, 0x20000, 0x7e020000, 0xffffffff, 0x100000000,
	0x100000008, UINT64_MAX };

static uint32_t state = 1;

static uint32_t pick(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)state * below >> 32);
}

static struct program export(scmp_filter_ctx context)
{
	int fd = memfd_create("test", 0);
	struct program program = {};
	off_t size;

	assert_true(fd >= 0);
	assert_int_equal(seccomp_export_bpf(context, fd), 0);
	size = lseek(fd, 0, SEEK_END);
	program.n = (uint32_t)size / sizeof(struct sock_filter);
	program.instructions = malloc((size_t)size);
	assert_int_equal(pread(fd, program.instructions, (size_t)size, 0), size);
	close(fd);
	return program;
}

static void compare_call(const struct program *a, const struct program *b, uint32_t architecture,
	uint32_t number, unsigned int rounds)
{
	struct seccomp_data data = { .arch = architecture, .nr = (int)number };

	for (unsigned int round = 0; round < rounds; round++) {
		for (size_t i = 0; i < 6; i++)
			data.args[i] = values[pick(ARRAY_LENGTH(values))];
		if (interpret(a->instructions, a->n, &data) !=
			interpret(b->instructions, b->n, &data))
			fail_msg("arch %x, call %u differs", architecture, number);
	}
}

static void compare_programs(const struct program *a, const struct program *b)
{
	for (size_t i = 0; i < ARRAY_LENGTH(architectures); i++) {
		for (uint32_t number = 0; number < 500; number++) {
			compare_call(a, b, architectures[i], number, 12);
			compare_call(a, b, architectures[i], number | 0x40000000, 2);
		}
		for (uint32_t number = 983030; number < 983060; number++) /* ARM's own */
			compare_call(a, b, architectures[i], number, 2);
		for (unsigned int round = 0; round < 100; round++)
			compare_call(a, b, architectures[i], pick(UINT32_MAX), 2);
		compare_call(a, b, architectures[i], UINT32_MAX, 2);
		compare_call(a, b, architectures[i], 0x3fffffff, 2);
	}
}

static void add_random_rule(scmp_filter_ctx context)
{
	static const uint32_t actions[] = { SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(1), SCMP_ACT_ERRNO(38),
		SCMP_ACT_LOG, SCMP_ACT_TRAP, SCMP_ACT_KILL_PROCESS };
	struct scmp_arg_cmp args[3] = {};
	unsigned int n = pick(3) == 0 ? pick(4) : 0;

	for (unsigned int i = 0; i < n; i++) {
		args[i].arg = i * 2;
		args[i].op = (enum scmp_compare)(SCMP_CMP_NE + pick(7));
		args[i].datum_a = values[pick(ARRAY_LENGTH(values))];
		args[i].datum_b = values[pick(ARRAY_LENGTH(values))];
	}
	/* Refused are the default action and what exists already. */
	(void)seccomp_rule_add_array(
		context, actions[pick(ARRAY_LENGTH(actions))], (int)pick(400), n, args);
}

static void test_random(void **unused)
{
	static const uint32_t others[] = { SCMP_ARCH_X86, SCMP_ARCH_X32, SCMP_ARCH_AARCH64,
		SCMP_ARCH_ARM, SCMP_ARCH_RISCV64 };

	(void)unused;
	for (unsigned int round = 0; round < 40; round++) {
		scmp_filter_ctx context =
			seccomp_init(pick(2) ? SCMP_ACT_ERRNO(38) : SCMP_ACT_ALLOW);
		struct program old, new;
		struct ins_error err = {};

		seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 1 + pick(2));
		for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
			if (pick(3) == 0)
				(void)seccomp_arch_add(context, others[i]);
		}
		for (unsigned int n = pick(150); n > 0; n--)
			add_random_rule(context);
		old = export(context);
		new = export(context);
		seccomp_release(context);
		assert_int_equal(ins_seccomp_optimize(&new.instructions, &new.n, &err), 0);
		assert_true(new.n <= old.n);
		compare_programs(&old, &new);
		free(old.instructions);
		free(new.instructions);
	}
}

static void unchanged(const struct sock_filter *instructions, uint32_t n)
{
	struct sock_filter *copy = malloc(n * sizeof(*copy));
	struct sock_filter *same = copy;
	struct ins_error err = {};
	uint32_t n_same = n;

	memcpy(copy, instructions, n * sizeof(*copy));
	assert_int_equal(ins_seccomp_optimize(&same, &n_same, &err), 0);
	assert_ptr_equal(same, copy);
	assert_int_equal(n_same, n);
	assert_memory_equal(same, instructions, n * sizeof(*copy));
	free(copy);
}

#define LOAD(field)       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RESULT(value)     BPF_STMT(BPF_RET | BPF_K, value)
#define JUMP(op, k, t, f) BPF_JUMP(BPF_JMP | (op) | BPF_K, k, t, f)

/* What it does not understand it leaves alone. */
static void test_not_understood(void **unused)
{
	/* a mask on the number */
	const struct sock_filter masked[] = { LOAD(nr), BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1),
		JUMP(BPF_JEQ, 1, 0, 1), RESULT(1), RESULT(2) };
	/* bits of the number, an order of architectures */
	const struct sock_filter bits[] = { LOAD(nr), JUMP(BPF_JSET, 1, 0, 1), RESULT(1),
		RESULT(2) };
	const struct sock_filter order[] = { LOAD(arch), JUMP(BPF_JGT, 1, 0, 1), RESULT(1),
		RESULT(2) };
	/* the number on one way, an argument on the other */
	const struct sock_filter mixed[] = { LOAD(arch), JUMP(BPF_JEQ, 1, 0, 2), LOAD(nr),
		BPF_STMT(BPF_JMP | BPF_JA, 1), LOAD(args[0]), JUMP(BPF_JEQ, 1, 0, 1), RESULT(1),
		RESULT(2) };
	/* a result out of the accumulator, a store, a comparison with X */
	const struct sock_filter computed[] = { LOAD(nr), BPF_STMT(BPF_RET | BPF_A, 0) };
	const struct sock_filter stored[] = { LOAD(nr), BPF_STMT(BPF_ST, 0), RESULT(1) };
	const struct sock_filter with_x[] = { LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1), RESULT(1), RESULT(2) };
	/* ways out of the program */
	const struct sock_filter no_end[] = { LOAD(nr) };
	const struct sock_filter outside[] = { LOAD(nr), JUMP(BPF_JEQ, 1, 7, 0), RESULT(1) };
	const struct sock_filter far_away[] = { LOAD(nr), BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX),
		RESULT(1) };

	(void)unused;
	unchanged(masked, ARRAY_LENGTH(masked));
	unchanged(bits, ARRAY_LENGTH(bits));
	unchanged(order, ARRAY_LENGTH(order));
	unchanged(mixed, ARRAY_LENGTH(mixed));
	unchanged(computed, ARRAY_LENGTH(computed));
	unchanged(stored, ARRAY_LENGTH(stored));
	unchanged(with_x, ARRAY_LENGTH(with_x));
	unchanged(no_end, ARRAY_LENGTH(no_end));
	unchanged(outside, ARRAY_LENGTH(outside));
	unchanged(far_away, ARRAY_LENGTH(far_away));
}

/* So many results that jumps become longer than a byte can say. */
static void test_long_jumps(void **unused)
{
	struct sock_filter raw[2 * 1200 + 2];
	struct program old = { .instructions = raw }, new;
	struct ins_error err = {};
	struct seccomp_data data = {};

	(void)unused;
	raw[old.n++] = (struct sock_filter)LOAD(nr);
	for (uint32_t number = 0; number < 1200; number++) {
		raw[old.n++] = (struct sock_filter)JUMP(BPF_JEQ, number, 0, 1);
		raw[old.n++] = (struct sock_filter)RESULT(SECCOMP_RET_ERRNO | (number / 3));
	}
	raw[old.n++] = (struct sock_filter)RESULT(SECCOMP_RET_ALLOW);
	new.n = old.n;
	new.instructions = malloc(sizeof(raw));
	memcpy(new.instructions, raw, sizeof(raw));
	assert_int_equal(ins_seccomp_optimize(&new.instructions, &new.n, &err), 0);
	assert_in_range(new.n, 256, old.n / 2);
	for (uint32_t number = 0; number < 1500; number++) {
		data.nr = (int)number;
		assert_int_equal(
			interpret(raw, old.n, &data), interpret(new.instructions, new.n, &data));
	}
	free(new.instructions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_long_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
