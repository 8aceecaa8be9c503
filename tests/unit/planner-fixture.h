/* SPDX-License-Identifier: Apache-2.0 */
/* One room's planner on one configuration: what it adds, what it refuses, what it warns about. */
#ifndef INSULA_TESTS_UNIT_PLANNER_FIXTURE_H
#define INSULA_TESTS_UNIT_PLANNER_FIXTURE_H

#include "plan/build.h"
#include "test-spec.h"

struct planned {
	struct ins_spec *spec;
	struct ins_host host;
	struct ins_create_args args;
	struct ins_plan plan;
	struct ins_plan_builder builder;
	struct ins_error err;
	unsigned int n_warnings;
	char warning[1024]; /* the last */
	char note[1024];    /* the last */
};

static inline void note_warning(void *data, const char *text)
{
	struct planned *p = data;

	p->n_warnings++;
	snprintf(p->warning, sizeof(p->warning), "%s", text);
}

static inline void keep_note(void *data, const char *text)
{
	struct planned *p = data;

	snprintf(p->note, sizeof(p->note), "%s", text);
}

/* A privileged runtime on a kernel with 41 capabilities. */
static inline int set_up_planner(void **data)
{
	struct planned *p = calloc(1, sizeof(*p));

	*data = p;
	p->host = (struct ins_host){ .kernel_major = 6,
		.kernel_minor = 1,
		.capabilities = (UINT64_C(1) << 41) - 1,
		.last_capability = 40 };
	p->args.id = "c1";
	p->plan.id = "c1";
	p->builder = (struct ins_plan_builder){ .host = &p->host,
		.args = &p->args,
		.plan = &p->plan,
		.warn = note_warning,
		.note = keep_note,
		.warn_data = p,
		.next_slot = INS_SLOT_FIRST_FREE };
	return ins_arena_new(NULL, 4 << 20, &p->builder.arena, &p->err);
}

static inline int tear_down_planner(void **data)
{
	struct planned *p = *data;

	ins_arena_free(p->builder.arena);
	ins_spec_free(p->spec);
	free(p->builder.staged);
	free(p);
	return 0;
}

/* Run @planner on @config, with nothing left of an earlier run. */
static inline int run_planner(struct planned *p, ins_planner_fn *planner, const char *config)
{
	ins_spec_free(p->spec);
	p->spec = parse(config);
	p->builder.spec = p->spec;
	p->builder.n_staged = 0;
	p->n_warnings = 0;
	p->note[0] = '\0';
	p->plan.clone_flags = 0;
	p->plan.join_flags = p->plan.is_exec ? p->plan.join_flags : 0;
	p->err = (struct ins_error){ 0 };
	return planner(&p->builder, &p->err);
}

static inline void plan_with(struct planned *p, ins_planner_fn *planner, const char *config)
{
	if (run_planner(p, planner, config) < 0)
		fail_msg("%s: %s", config, p->err.text);
	assert_int_equal(p->err.code, 0);
}

static inline void refuse_plan(
	struct planned *p, ins_planner_fn *planner, const char *config, int code, const char *words)
{
	assert_int_equal(run_planner(p, planner, config), -code);
	assert_string_equal(p->err.text, words);
}

/* The @index-th operation of a kind, NULL if there are not so many. */
static inline const struct ins_op *find_op(
	const struct planned *p, enum ins_op_kind kind, unsigned int index)
{
	for (uint32_t i = 0; i < p->builder.n_staged; i++) {
		if (p->builder.staged[i].kind == kind && index-- == 0)
			return &p->builder.staged[i];
	}
	return NULL;
}

/* The first operation of a kind that is about @path, NULL if there is none. */
static inline const struct ins_op *find_op_on(
	const struct planned *p, enum ins_op_kind kind, const char *path)
{
	const struct ins_op *op;

	for (unsigned int i = 0; (op = find_op(p, kind, i)); i++) {
		if (op->path && strcmp(op->path, path) == 0)
			return op;
	}
	return NULL;
}

/* The child has nothing of the parent's memory but the arena. */
static inline bool is_in_arena(const struct planned *p, const void *pointer)
{
	const char *base = ins_arena_base(p->builder.arena);
	const char *at = pointer;

	return !at || (at >= base && at < base + ins_arena_used(p->builder.arena));
}

static inline const struct ins_op *get_op(const struct planned *p, enum ins_op_kind kind)
{
	const struct ins_op *op = find_op(p, kind, 0);

	if (!op)
		fail_msg("no operation %s", ins_op_name(kind));
	return op;
}

/* All kinds that were added to @stage, in order: "CWD RLIMIT IDS". */
static inline void expect_ops(const struct planned *p, enum ins_stage stage, const char *kinds)
{
	char found[1024] = "";

	for (uint32_t i = 0; i < p->builder.n_staged; i++) {
		const struct ins_op *op = &p->builder.staged[i];

		if (op->stage != stage)
			continue;
		if (found[0])
			strcat(found, " ");
		strcat(found, ins_op_name(op->kind));
	}
	assert_string_equal(found, kinds);
}

#define plan_test(function) \
	cmocka_unit_test_setup_teardown(function, set_up_planner, tear_down_planner)

#endif
