/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the plan of a configuration on a host that is made up, so that the golden files are the same
 * everywhere:
 *
 *     print-plan CONFIG [unprivileged]
 */
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "plan/build.h"
#include "spec/spec.h"

static void warn(void *data, const char *text)
{
	(void)data;
	printf("warning: %s\n", text);
}

static int fail(const struct ins_error *err)
{
	printf("error: %s\n", err->text);
	return 0;
}

int main(int argc, char **argv)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_arena struct ins_arena *arena = NULL;
	cleanup_free char *text = NULL;
	struct ins_error err = { 0 };
	bool privileged = argc < 3 || strcmp(argv[2], "unprivileged") != 0;
	const struct ins_create_args args = { .id = "golden" };
	const struct ins_host host = { .kernel_major = 6,
		.kernel_minor = 18,
		.euid = privileged ? 0 : 1000,
		.capabilities = privileged ? UINT64_MAX >> 23 : 0,
		.last_capability = 40,
		.cgroup_mount = "/sys/fs/cgroup" };
	struct ins_plan_builder builder;

	if (argc < 2)
		return 2;
	if (ins_arena_new(NULL, INS_ARENA_RESERVE, &arena, &err) < 0)
		return 2;
	if (ins_spec_load(AT_FDCWD, argv[1], &spec, &err) < 0)
		return fail(&err);
	for (size_t i = 0; i < spec->n_warnings; i++)
		warn(NULL, spec->warnings[i]);
	builder = (struct ins_plan_builder){ .spec = spec,
		.host = &host,
		.args = &args,
		.arena = arena,
		.dry = true,
		.waits_for_start = true,
		.bundle = "/bundle",
		.state_root = "/nowhere",
		.warn = warn };
	if (ins_plan_build(&builder, &err) < 0 ||
		ins_plan_print(builder.plan, &host, INS_FORMAT_TEXT, &text, &err) < 0)
		return fail(&err);
	fputs(text, stdout);
	return 0;
}
