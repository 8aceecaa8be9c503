/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include "base/error.h"
#include "source.h"
int source_oci(struct intake *intake, const char *path, json_t **ret_config, struct ins_error *err)
{
	(void)intake;
	(void)ret_config;
	return ins_error_text(err, ENOTSUP, "%s: not yet", path);
}
