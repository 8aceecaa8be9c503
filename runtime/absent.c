/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Behind the words that are there: engines look for those. */
static void hint(struct ins_context *context, const char *name, struct ins_error *err)
{
	struct ins_nearest nearest = { .word = name };
	struct ins_error unused = {};
	size_t size = strlen(err->text), n = 0;
	char **names = NULL;

	(void)ins_partition_names(context, &names, &n, &unused);
	for (size_t i = 0; i < n; i++)
		ins_nearest_offer(&nearest, names[i]);
	if (nearest.best)
		snprintf(err->text + size, sizeof(err->text) - size,
			" (did you mean the partition \"%s\"?)", nearest.best);
	while (n > 0)
		free(names[--n]);
	free(names);
}

bool absent_is_partition(struct ins_context *context, const char *name)
{
	struct ins_error unused = {};

	return ins_partition_show(context, name, found, NULL, &unused) == 0;
}

int absent_tell(struct ins_context *context, const char *name, int r, struct ins_error *err)
{
	struct ins_error unused = {};
	int status = err->status;

	if (r != -ENOENT || ins_state(context, name, nothing, NULL, &unused) != -ENOENT)
		return r;
	if (!absent_is_partition(context, name)) {
		hint(context, name, err);
		return r;
	}
	*err = (struct ins_error){ .status = status };
	return error_set(err, ENOENT, "partition \"%s\" does not run; `insula start %s` starts it",
		name, name);
}
