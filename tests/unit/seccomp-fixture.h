/* SPDX-License-Identifier: Apache-2.0 */
/* linux.seccomp written as a C expression: SPEC("SCMP_ACT_ALLOW", RULES({ .names = NAMES("read") })).
 * It lives as long as the block that it stands in. */
#ifndef INSULA_TESTS_UNIT_SECCOMP_FIXTURE_H
#define INSULA_TESTS_UNIT_SECCOMP_FIXTURE_H

#include "spec/spec.h"

#define NAMES(...)                                                                  \
	{                                                                           \
		.n = sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), \
		.v = (const char *const[])                                          \
		{                                                                   \
			__VA_ARGS__                                                 \
		}                                                                   \
	}

#define ARGS(...)                                                                \
	.n_args = sizeof((const struct ins_spec_seccomp_arg[]){ __VA_ARGS__ }) / \
		  sizeof(struct ins_spec_seccomp_arg),                           \
	.args = (const struct ins_spec_seccomp_arg[])                            \
	{                                                                        \
		__VA_ARGS__                                                      \
	}

#define RULES(...)                                                                 \
	.n_rules = sizeof((const struct ins_spec_seccomp_rule[]){ __VA_ARGS__ }) / \
		   sizeof(struct ins_spec_seccomp_rule),                           \
	.rules = (const struct ins_spec_seccomp_rule[])                            \
	{                                                                          \
		__VA_ARGS__                                                        \
	}

#define SPEC(action, ...) \
	(&(const struct ins_spec_seccomp){ .present = true, .default_action = action, __VA_ARGS__ })

#endif
