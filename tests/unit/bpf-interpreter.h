/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a classic BPF program on a system call, as seccomp does. For tests. */
#ifndef INSULA_TESTS_BPF_INTERPRETER_H
#define INSULA_TESTS_BPF_INTERPRETER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "seccomp/seccomp.h"

/* Anything that the filters here have no use for, and any way out of the program, aborts. */
static inline uint32_t interpret(
	const struct sock_filter *program, uint32_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (uint32_t at = 0; at < n; at++) {
		const struct sock_filter *instruction = &program[at];
		uint32_t k = instruction->k;

		switch (instruction->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (k > sizeof(*data) - sizeof(a))
				abort();
			memcpy(&a, (const char *)data + k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= k;
			break;
		case BPF_RET | BPF_K:
			return k;
		case BPF_JMP | BPF_JA:
			at += k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += a == k ? instruction->jt : instruction->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			at += a > k ? instruction->jt : instruction->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += a >= k ? instruction->jt : instruction->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += a & k ? instruction->jt : instruction->jf;
			break;
		default:
			abort();
		}
	}
	abort();
}

/* What the program says to a system call of this machine, with these arguments first. */
static inline uint32_t answer(const struct ins_seccomp_program *program, const char *name, uint64_t a0,
	uint64_t a1, uint64_t a2)
{
	const struct seccomp_data data = { .arch = seccomp_arch_native(),
		.nr = seccomp_syscall_resolve_name(name),
		.args = { a0, a1, a2 } };

	return interpret(program->instructions, program->n, &data);
}

#endif
