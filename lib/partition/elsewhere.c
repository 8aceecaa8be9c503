/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "partition/elsewhere.h"

#define LINK "state-directory"

/* Return: false if nothing is noted. */
static bool read_note(const struct ins_partition *partition, char path[PATH_MAX])
{
	ssize_t n = readlinkat(partition->dir, LINK, path, PATH_MAX - 1);

	path[n > 0 ? n : 0] = '\0';
	return n > 0;
}

int ins_elsewhere_note(const struct ins_partition *partition, struct ins_error *err)
{
	const char *root = partition->context->root;
	char noted[PATH_MAX];

	if (read_note(partition, noted) && !strcmp(noted, root))
		return 0;
	if ((noted[0] && unlinkat(partition->dir, LINK, 0) < 0) ||
		symlinkat(root, partition->dir, LINK) < 0)
		return ins_error_set(
			err, errno, "note the state directory of partition %s", partition->name);
	return 0;
}

int ins_elsewhere_check(const struct ins_partition *partition, struct ins_error *err)
{
	struct ins_context context = *partition->context;
	struct ins_partition there = *partition; /* borrows all it has */
	struct ins_error ignored = { 0 };
	enum ins_status status;
	char noted[PATH_MAX];

	if (!read_note(partition, noted) || !strcmp(noted, context.root))
		return 0;
	context.root = noted;
	there.context = &context;
	if (ins_partition_status(&there, &status, NULL, &ignored) < 0 ||
		status == INS_STATUS_STOPPED)
		return 0;
	return ins_error_text(err, EBUSY,
		"partition \"%s\" is %s under another state directory: use --root %s",
		partition->name, ins_status_name(status), noted);
}
