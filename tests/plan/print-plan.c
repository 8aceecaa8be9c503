/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the plan of a configuration on a host that is made up, so that the golden files are the same
 * everywhere:
 *
 *     print-plan CONFIG [unprivileged] [systemd]
 *
 * as an ordinary user, and with systemd as the maker of cgroups.
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

static void note(void *data, const char *text)
{
	(void)data;
	printf("note: %s\n", text);
}

static int fail(const struct ins_error *err)
{
	printf("error: %s\n", err->text);
	return 0;
}

static bool has_word(char **argv, const char *word)
{
	while (*argv && strcmp(*argv, word) != 0)
		argv++;
	return *argv;
}

int main(int argc, char **argv)
{
	cleanup_spec struct ins_spec *spec = NULL;
	cleanup_arena struct ins_arena *arena = NULL;
	cleanup_free char *text = NULL;
	struct ins_error err = { 0 };
	bool privileged = !has_word(argv, "unprivileged"), systemd = has_word(argv, "systemd");
	const struct ins_create_args args = { .id = "golden" };
	const struct ins_host host = { .kernel_major = 6,
		.kernel_minor = 18,
		.euid = privileged ? 0 : 1000,
		.capabilities = privileged ? UINT64_MAX >> 23 : 0,
		.last_capability = 40,
		.cgroup_mount = "/sys/fs/cgroup",
		.resctrl_mount = "/sys/fs/resctrl",
		.controllers = (1U << INS_CONTROLLER_COUNT) - 1 };
	struct ins_plan_builder builder;

	if (argc < 2)
		return 2;
	if (ins_arena_new(NULL, INS_ARENA_RESERVE, &arena, &err) < 0)
		return 2;
	if (ins_spec_load(AT_FDCWD, argv[1], &spec, &err) < 0)
		return fail(&err);
	for (size_t i = 0; i < spec->warnings.n; i++)
		warn(NULL, spec->warnings.v[i]);
	builder = (struct ins_plan_builder){ .spec = spec,
		.host = &host,
		.args = &args,
		.arena = arena,
		.cgroup_manager = systemd ? INS_CGROUP_SYSTEMD : INS_CGROUP_CGROUPFS,
		.user_manager = !privileged,
		.dry = true,
		.waits_for_start = true,
		.bundle = "/bundle",
		.state_root = "/nowhere",
		.warn = warn,
		.note = note };
	if (ins_plan_build(&builder, &err) < 0 ||
		ins_plan_print(builder.plan, &host, INS_FORMAT_TEXT, &text, &err) < 0)
		return fail(&err);
	fputs(text, stdout);
	return 0;
}
