/* SPDX-License-Identifier: Apache-2.0 */
/* Device rules: what the program answers, by an interpreter. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/devices.h"

#define R BPF_DEVCG_ACC_READ
#define W BPF_DEVCG_ACC_WRITE
#define M BPF_DEVCG_ACC_MKNOD

#define RULE(the_allow, the_type, the_major, the_minor, access)                                   \
	{                                                                                         \
		.allow = the_allow, .type = the_type, .major = the_major, .minor = the_minor,     \
		.read = ((access)&R) != 0, .write = ((access)&W) != 0, .mknod = ((access)&M) != 0 \
	}

/* The few instructions that the programs are made of; anything else, or a way out, aborts. */
static uint64_t run_program(const struct bpf_insn *program, uint32_t n, char type, uint32_t major,
	uint32_t minor, uint32_t access)
{
	const uint32_t kind = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
	const uint32_t context[3] = { access << 16 | kind, major, minor };
	uint64_t reg[11] = { 0 };

	for (uint32_t at = 0; at < n; at++) {
		const struct bpf_insn *i = &program[at];
		uint64_t *to = &reg[i->dst_reg], from = reg[i->src_reg];
		uint64_t value = (uint64_t)(int64_t)i->imm; /* sign-extended */

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(i->src_reg, BPF_REG_1);
			assert_in_range(i->off, 0, 8);
			*to = context[i->off / 4];
			break;
		case BPF_LD | BPF_DW | BPF_IMM:
			assert_true(++at < n);
			assert_int_equal(program[at].code, 0);
			*to = (uint64_t)(uint32_t)program[at].imm << 32 | (uint32_t)i->imm;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_X:
			*to = from;
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			*to = value;
			break;
		case BPF_ALU64 | BPF_AND | BPF_X:
			*to &= from;
			break;
		case BPF_ALU64 | BPF_AND | BPF_K:
			*to &= value;
			break;
		case BPF_ALU64 | BPF_OR | BPF_X:
			*to |= from;
			break;
		case BPF_ALU64 | BPF_OR | BPF_K:
			*to |= value;
			break;
		case BPF_ALU64 | BPF_XOR | BPF_X:
			*to ^= from;
			break;
		case BPF_ALU64 | BPF_XOR | BPF_K:
			*to ^= value;
			break;
		case BPF_ALU64 | BPF_NEG | BPF_K:
			*to = -*to;
			break;
		case BPF_ALU64 | BPF_LSH | BPF_K:
			*to <<= value;
			break;
		case BPF_ALU64 | BPF_RSH | BPF_K:
			*to >>= value;
			break;
		case BPF_ALU64 | BPF_ARSH | BPF_K:
			*to = (uint64_t)((int64_t)*to >> value);
			break;
		case BPF_JMP | BPF_JNE | BPF_K:
			at += *to != value ? (uint32_t)i->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return reg[0];
		default:
			fail_msg("instruction %u: code %02x", at, i->code);
		}
	}
	fail_msg("ran out of the program");
	return 0;
}

struct compiled {
	struct bpf_insn *v;
	uint32_t n;
};

static struct compiled compile(const struct ins_spec_device_rule *rules, size_t n)
{
	struct ins_spec spec = { .resources = { .devices = rules, .n_devices = n } };
	struct ins_error err = { 0 };
	struct compiled program;

	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), 0);
	return program;
}

static bool allowed(
	const struct compiled *program, char type, uint32_t major, uint32_t minor, uint32_t access)
{
	return !program->v || run_program(program->v, program->n, type, major, minor, access) == 1;
}

static void test_default(void **unused)
{
	const struct ins_spec_device_rule deny = RULE(false, 'a', -1, -1, R | W | M);
	struct compiled none = compile(NULL, 0), denied = compile(&deny, 1);

	(void)unused;
	assert_int_equal(none.n, denied.n);
	assert_memory_equal(none.v, denied.v, none.n * sizeof(*none.v));
	for (uint32_t minor = 0; minor < 16; minor++) {
		bool usual = minor == 3 || minor == 5 || (minor >= 7 && minor <= 9);

		assert_int_equal(allowed(&none, 'c', 1, minor, R | W), usual);
		assert_int_equal(allowed(&none, 'b', 1, minor, R), false);
		assert_int_equal(allowed(&none, 'c', 5, minor, R | W), minor <= 2);
	}
	assert_true(allowed(&none, 'c', 136, 77, R | W));
	assert_true(allowed(&none, 'b', 8, 0, M));
	assert_false(allowed(&none, 'b', 8, 0, M | R));
	assert_false(allowed(&none, 'c', 1, 1, W));
	assert_false(allowed(&none, 'c', 10, 200, R));
	free(none.v);
	free(denied.v);
}

static void test_everything_allowed(void **unused)
{
	const struct ins_spec_device_rule rules[] = { RULE(false, 'b', 8, 0, R),
		RULE(true, 'a', -1, -1, R | W | M), RULE(true, 'c', 1, 3, R) };
	struct compiled program = compile(rules, ARRAY_LENGTH(rules));

	(void)unused;
	assert_null(program.v);
	assert_int_equal(program.n, 0);
}

static void test_userns_without_rules(void **unused)
{
	struct ins_spec spec = { 0 };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, true, &program.v, &program.n, &err), 0);
	assert_null(program.v);
}

static void test_devices_without_rules(void **unused)
{
	const struct ins_spec_device devices[] = {
		{ .path = "/dev/kvm", .type = 'c', .major = 10, .minor = 232 },
		{ .path = "/pipe", .type = 'p' }
	};
	struct ins_spec spec = { .devices = devices, .n_devices = 2 };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), 0);
	assert_true(allowed(&program, 'c', 10, 232, R | W));
	assert_false(allowed(&program, 'c', 10, 231, R));
	free(program.v);
}

static void test_wrong_numbers(void **unused)
{
	const struct ins_spec_device_rule rules[] = { RULE(true, 'c', 1, 1, R),
		RULE(true, 'c', (int64_t)1 << 32, 1, R) };
	struct ins_spec spec = { .resources = { .devices = rules, .n_devices = 2 } };
	struct ins_error err = { 0 };
	struct compiled program;

	(void)unused;
	assert_int_equal(ins_devices_compile(&spec, false, &program.v, &program.n, &err), -EINVAL);
	assert_string_equal(
		err.text, "linux.resources.devices[1]: no device has the number 4294967296:1");
}

static uint32_t state = 7;

static uint32_t pick(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)state * below >> 32);
}

/* The meaning, told in the plainest way: for each right the last rule that names it decides. */
static bool expected(const struct ins_spec_device_rule *rules, size_t n, char type, uint32_t major,
	uint32_t minor, uint32_t access)
{
	for (uint32_t right = 1; right <= 4; right <<= 1) {
		bool yes = false;

		if (!(access & right))
			continue;
		for (size_t i = 0; i < n; i++) {
			const struct ins_spec_device_rule *rule = &rules[i];
			uint32_t names = (rule->read ? R : 0) | (rule->write ? W : 0) |
					 (rule->mknod ? M : 0);

			if ((names & right) && (rule->type == 'a' || rule->type == type) &&
				(rule->major < 0 || rule->major == major) &&
				(rule->minor < 0 || rule->minor == minor))
				yes = rule->allow;
		}
		if (!yes)
			return false;
	}
	return true;
}

static void test_random(void **unused)
{
	/* Numbers that our own rules do not name, and with no mknod, which these always allow. */
	static const int64_t numbers[] = { -1, 0, 20, 21, 4095 };
	struct ins_spec_device_rule rules[12];

	(void)unused;
	for (unsigned int round = 0; round < 2000; round++) {
		size_t n = 1 + pick(ARRAY_LENGTH(rules));
		struct compiled program;

		for (size_t i = 0; i < n; i++)
			rules[i] = (struct ins_spec_device_rule)RULE(pick(2), "abc"[pick(3)],
				numbers[pick(5)], numbers[pick(5)], pick(8));
		program = compile(rules, n);
		for (unsigned int query = 0; query < 60; query++) {
			char type = "bc"[pick(2)];
			uint32_t major = (uint32_t)numbers[1 + pick(4)];
			uint32_t minor = (uint32_t)numbers[1 + pick(4)];
			uint32_t access = "\2\4\6"[pick(3)];

			assert_int_equal(allowed(&program, type, major, minor, access),
				expected(rules, n, type, major, minor, access));
		}
		free(program.v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_everything_allowed),
		cmocka_unit_test(test_userns_without_rules),
		cmocka_unit_test(test_devices_without_rules),
		cmocka_unit_test(test_wrong_numbers),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
