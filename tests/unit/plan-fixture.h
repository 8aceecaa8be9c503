/* SPDX-License-Identifier: Apache-2.0 */
/* A builder for tests of one room's planner, and a look at the operations that it added. */
#ifndef INSULA_TESTS_PLAN_FIXTURE_H
#define INSULA_TESTS_PLAN_FIXTURE_H

#include <linux/capability.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/build.h"

struct plan_fixture {
	struct ins_spec spec;
	struct ins_host host;
	struct ins_create_args args;
	struct ins_plan plan;
	struct ins_plan_builder builder;
	struct ins_error err;
};

#define STRINGS(...)                                                                      \
	((struct ins_strings){ .n = ARRAY_LENGTH(((const char *const[]){ __VA_ARGS__ })), \
		.v = (const char *const[]){ __VA_ARGS__ } })

/* A privileged runtime on a recent kernel; the container has its own mount and cgroup namespaces.
 */
static inline void plan_fixture_start(struct plan_fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->host.kernel_major = 6;
	f->host.capabilities = UINT64_MAX;
	f->args.id = "c";
	f->plan.rootfs = "/bundle/rootfs";
	f->plan.cgroup = "/c";
	f->spec.root_path = "rootfs";
	f->spec.namespaces[INS_NS_MOUNT].present = true;
	f->spec.namespaces[INS_NS_CGROUP].present = true;
	f->builder.spec = &f->spec;
	f->builder.host = &f->host;
	f->builder.args = &f->args;
	f->builder.plan = &f->plan;
	f->builder.bundle = "/bundle";
	f->builder.next_slot = INS_SLOT_FIRST_FREE;
	assert_int_equal(ins_arena_new(NULL, INS_ARENA_RESERVE, &f->builder.arena, &f->err), 0);
}

static inline void plan_fixture_end(struct plan_fixture *f)
{
	free(f->builder.staged);
	ins_arena_free(f->builder.arena);
}

static inline const struct ins_op *plan_fixture_op(
	const struct plan_fixture *f, enum ins_op_kind kind, const char *path)
{
	for (uint32_t i = 0; i < f->builder.n_staged; i++) {
		const struct ins_op *op = &f->builder.staged[i];

		if (op->kind == kind && (!path || (op->path && strcmp(op->path, path) == 0)))
			return op;
	}
	return NULL;
}

static inline bool plan_fixture_holds(const struct plan_fixture *f, const void *pointer)
{
	const char *base = ins_arena_base(f->builder.arena);
	const char *p = pointer;

	return !p || (p >= base && p < base + ins_arena_used(f->builder.arena));
}

#endif
