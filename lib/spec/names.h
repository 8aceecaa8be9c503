/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the specification that stand for numbers or for themselves: one table for the parser
 * and for `insula features`. */
#ifndef INSULA_SPEC_NAMES_H
#define INSULA_SPEC_NAMES_H

#include "spec/value.h"

extern const struct ins_name ins_namespace_names[];     /* enum ins_ns */
extern const struct ins_name ins_rlimit_names[];        /* RLIMIT_… */
extern const struct ins_name ins_scheduler_policies[];  /* SCHED_… */
extern const struct ins_name ins_scheduler_flags[];     /* SCHED_FLAG_… */
extern const struct ins_name ins_io_priority_classes[]; /* IOPRIO_CLASS_… */
extern const struct ins_name ins_propagation_names[];
extern const struct ins_name ins_personality_domains[];
extern const struct ins_name ins_memory_policy_modes[]; /* MPOL_… */
extern const struct ins_name ins_memory_policy_flags[]; /* MPOL_F_… */

/* The number of an action says whether it can carry an errno. */
enum {
	INS_ACTION_PLAIN,
	INS_ACTION_ERRNO, /* the kernel cuts it to 4095 */
	INS_ACTION_TRACE, /* 16 bits */
};

extern const struct ins_name ins_seccomp_actions[];
extern const struct ins_name ins_seccomp_operators[];
extern const struct ins_name ins_seccomp_architectures[];
extern const struct ins_name ins_seccomp_flags[]; /* SECCOMP_FILTER_FLAG_… */

#endif
