/* SPDX-License-Identifier: Apache-2.0 */
/* What `exec --process` is given. */
#include <stdint.h>
#include <stdlib.h>

#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ins_error err = {};
	struct ins_spec *spec = NULL;
	int r = ins_spec_process_parse((const char *)data, size, &spec, &err);

	if (r < 0) {
		if (spec || err.code != -r || !err.text[0])
			abort();
		return 0;
	}
	if (!spec->process.present || spec->process.args.n == 0 || spec->process.cwd[0] != '/' ||
		spec->process.uid == UINT32_MAX || spec->process.gid == UINT32_MAX)
		abort();
	ins_spec_free(spec);
	return 0;
}
