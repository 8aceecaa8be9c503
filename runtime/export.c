/* SPDX-License-Identifier: Apache-2.0 */
/* A partition as one file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct export_options {
	const char *output;
	bool with_image;
};

static const struct option export_options[] = {
	{ "output", 'o', OPTION_PATH, offsetof(struct export_options, output), "FILE", NULL,
		"write to this new file instead of the standard output" },
	{ "with-image", 0, OPTION_FLAG, offsetof(struct export_options, with_image), NULL, NULL,
		"with its image, for where that is not" },
	{},
};

static int export_to(const struct call *call, int fd, struct ins_error *err)
{
	const struct export_options *options = call->options;

	return ins_partition_export(call->context, call->args[0], fd, options->with_image, err);
}

/* Half an archive is none, also of one that is killed: until it is whole it has another name, which nobody can
 * have foreseen. */
static int export_to_file(const struct call *call, const char *path, struct ins_error *err)
{
	char partial[PATH_MAX];
	int fd, r;

	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, EEXIST, "make %s: %s", path, strerror(EEXIST));
	if (snprintf(partial, sizeof(partial), "%s.XXXXXX.partial", path) >= (int)sizeof(partial))
		return error_set(err, ENAMETOOLONG, "make %s: %s", path, strerror(ENAMETOOLONG));
	fd = mkostemps(partial, (int)strlen(".partial"), O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "make %s: %s", path, strerror(errno));
	r = export_to(call, fd, err);
	if (r == 0 && fsync(fd) < 0)
		r = error_set(err, errno, "write %s: %s", partial, strerror(errno));
	if (r == 0 && renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
		r = error_set(err, errno, "rename %s to %s: %s", partial, path, strerror(errno));
	(void)close(fd);
	if (r < 0)
		(void)unlink(partial);
	return r;
}

static int export_partition(const struct call *call, struct ins_error *err)
{
	const struct export_options *options = call->options;

	if (options->output)
		return export_to_file(call, options->output, err);
	if (isatty(STDOUT_FILENO))
		return error_set(err, EINVAL,
			"export: an archive is nothing for a terminal; use --output FILE, or > "
			"FILE");
	return export_to(call, STDOUT_FILENO, err);
}

const struct verb verb_export = {
	.name = "export",
	.summary = "write a partition as one archive",
	.synopsis = "NAME",
	.options = export_options,
	.options_size = sizeof(struct export_options),
	.min_args = 1,
	.max_args = 1,
	.run = export_partition,
};
