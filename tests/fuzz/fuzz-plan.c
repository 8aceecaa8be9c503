/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration from its text to its plan, as text and as JSON, on a host that is made up. What is
 * no configuration ends in the parser.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "fuzz.h"
#include "plan/build.h"
#include "spec/spec.h"

static void warn(void *data, const char *text)
{
	(void)data;
	FUZZ_CHECK(text[0]);
}

static void print(const struct ins_plan *plan, const struct ins_host *host, enum ins_format format)
{
	cleanup_free char *text = NULL;
	struct ins_error err = { 0 };
	int r = ins_plan_print(plan, host, format, &text, &err);

	fuzz_check_error(r, &err);
	FUZZ_CHECK(r < 0 || text[strlen(text) - 1] == '\n');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_arena struct ins_arena *arena = NULL;
	struct ins_error err = { 0 };
	const struct ins_create_args args = { .id = "fuzz", .bundle = "/bundle" };
	const struct ins_host host = { .kernel_major = 6,
		.kernel_minor = 18,
		.capabilities = UINT64_MAX >> 23,
		.last_capability = 40,
		.cgroup_mount = "/sys/fs/cgroup" };
	struct ins_plan_builder builder;
	int r = ins_spec_parse((const char *)data, size, &spec, &err);

	fuzz_check_error(r, &err);
	if (r < 0)
		return 0;
	r = ins_arena_new(NULL, INS_ARENA_RESERVE, &arena, &err);
	FUZZ_CHECK(r == 0);
	builder = (struct ins_plan_builder){ .spec = spec,
		.host = &host,
		.args = &args,
		.arena = arena,
		.dry = true,
		.bundle = "/bundle",
		.state_root = "/run/insula",
		.warn = warn };
	r = ins_plan_build(&builder, &err);
	fuzz_check_error(r, &err);
	if (r == 0) {
		print(builder.plan, &host, INS_FORMAT_TEXT);
		print(builder.plan, &host, INS_FORMAT_JSON);
	}
	return 0;
}
