/* SPDX-License-Identifier: Apache-2.0 */
/* What `exec --process` is given. */
#include "fuzz.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	int r = ins_spec_process_parse((const char *)data, size, &spec, &err);

	fuzz_check_error(r, &err);
	if (r < 0) {
		FUZZ_CHECK(!spec);
		return 0;
	}
	FUZZ_CHECK(spec->process.present && spec->process.args.n > 0);
	FUZZ_CHECK(spec->process.cwd[0] == '/');
	FUZZ_CHECK(spec->process.uid != UINT32_MAX && spec->process.gid != UINT32_MAX);
	ins_spec_free(spec);
	return 0;
}
