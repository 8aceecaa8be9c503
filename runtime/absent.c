/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "absent.h"
#include "insula_partition.h"
#include "log.h"

static int nothing(void *data, const struct ins_container_info *info)
{
	(void)data;
	(void)info;
	return 0;
}

static int found(void *data, const struct ins_partition_info *info)
{
	(void)data;
	(void)info;
	return 0;
}

int absent_tell(struct ins_context *context, const char *name, int r, struct ins_error *err)
{
	struct ins_error unused[2] = {};
	int status = err->status;

	if (r != -ENOENT || ins_state(context, name, nothing, NULL, &unused[0]) != -ENOENT ||
		ins_partition_show(context, name, found, NULL, &unused[1]) < 0)
		return r;
	*err = (struct ins_error){ .status = status };
	return error_set(err, ENOENT, "partition \"%s\" does not run; `insula start %s` starts it",
		name, name);
}
