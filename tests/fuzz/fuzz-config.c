/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration. What is accepted has to hold together: the parts of it that are kept for later are
 * read again. */
#include "fuzz.h"
#include "spec/spec.h"

static void check_strings(const struct ins_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++)
		FUZZ_CHECK(strings->v[i]);
}

static void check(const struct ins_spec *spec)
{
	FUZZ_CHECK(spec->oci_version && spec->root_path);
	check_strings(&spec->masked_paths);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		FUZZ_CHECK(spec->mounts[i].destination[0]);
		check_strings(&spec->mounts[i].options);
	}
	for (int kind = 0; kind < INS_HOOK_KINDS; kind++) {
		for (size_t i = 0; i < spec->hooks[kind].n; i++)
			FUZZ_CHECK(spec->hooks[kind].v[i].path[0] == '/');
	}
	for (size_t i = 0; i < spec->seccomp.n_rules; i++)
		FUZZ_CHECK(spec->seccomp.rules[i].action && spec->seccomp.rules[i].names.n > 0);
	FUZZ_CHECK(spec->process.present == (spec->process_json != NULL));
}

static void check_process(const struct ins_spec *spec)
{
	const struct ins_spec_process *process = &spec->process, *copy;
	struct ins_error err = {};
	struct ins_spec *again = NULL;
	int r = ins_spec_process_parse(
		spec->process_json, strlen(spec->process_json), &again, &err);

	FUZZ_CHECK(r == 0);
	copy = &again->process;
	FUZZ_CHECK(copy->uid == process->uid && copy->gid == process->gid);
	FUZZ_CHECK(copy->args.n == process->args.n);
	FUZZ_CHECK(copy->n_rlimits == process->n_rlimits);
	for (size_t i = 0; i < process->n_rlimits; i++) {
		FUZZ_CHECK(copy->rlimits[i].soft == process->rlimits[i].soft);
		FUZZ_CHECK(copy->rlimits[i].hard == process->rlimits[i].hard);
	}
	ins_spec_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	int r = ins_spec_parse((const char *)data, size, &spec, &err);

	fuzz_check_error(r, &err);
	if (r < 0) {
		FUZZ_CHECK(!spec);
		return 0;
	}
	check(spec);
	if (spec->process_json)
		check_process(spec);
	ins_spec_free(spec);
	return 0;
}
