/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration. What is accepted has to hold together: the parts of it that are kept for later are
 * read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_strings(const struct ins_strings *strings)
{
	for (size_t i = 0; i < strings->n; i++) {
		if (!strings->v[i])
			abort();
	}
}

static void check(const struct ins_spec *spec)
{
	if (!spec->oci_version || !spec->root_path)
		abort();
	check_strings(&spec->masked_paths);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		if (!spec->mounts[i].destination)
			abort();
		check_strings(&spec->mounts[i].options);
	}
	for (int kind = 0; kind < INS_HOOK_KINDS; kind++) {
		for (size_t i = 0; i < spec->hooks[kind].n; i++) {
			if (spec->hooks[kind].v[i].path[0] != '/')
				abort();
		}
	}
	for (size_t i = 0; i < spec->seccomp.n_rules; i++) {
		if (!spec->seccomp.rules[i].action || spec->seccomp.rules[i].names.n == 0)
			abort();
	}
}

static void check_process(const struct ins_spec *spec)
{
	struct ins_error err = {};
	struct ins_spec *again = NULL;

	if (ins_spec_process_parse(
		    spec->process_json, strlen(spec->process_json), &again, &err) < 0)
		abort();
	if (again->process.uid != spec->process.uid || again->process.gid != spec->process.gid ||
		again->process.args.n != spec->process.args.n ||
		again->process.n_rlimits != spec->process.n_rlimits)
		abort();
	for (size_t i = 0; i < spec->process.n_rlimits; i++) {
		if (again->process.rlimits[i].soft != spec->process.rlimits[i].soft ||
			again->process.rlimits[i].hard != spec->process.rlimits[i].hard)
			abort();
	}
	ins_spec_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	int r = ins_spec_parse((const char *)data, size, &spec, &err);

	if (r < 0) {
		if (spec || err.code != -r || !err.text[0])
			abort();
		return 0;
	}
	check(spec);
	if (spec->process.present != (spec->process_json != NULL))
		abort();
	if (spec->process_json)
		check_process(spec);
	ins_spec_free(spec);
	return 0;
}
