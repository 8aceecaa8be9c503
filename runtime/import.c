/* SPDX-License-Identifier: Apache-2.0 */
/* A partition out of a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "insula_partition.h"
#include "output.h"
#include "verb.h"

struct import_options {
	bool start;
};

static const struct option import_options[] = {
	{ "start", 0, OPTION_FLAG, offsetof(struct import_options, start), NULL, NULL, "start it" },
	{},
};

static int import_from(
	const struct call *call, const char *path, char **ret_name, struct ins_error *err)
{
	const char *name = call->n_args > 0 ? call->args[0] : NULL;
	int fd, r;

	if (!path && isatty(STDIN_FILENO))
		return error_set(err, EINVAL,
			"import: the standard input is a terminal; name a file, or use < FILE");
	if (!path)
		return ins_partition_import(call->context, name, STDIN_FILENO, ret_name, err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open %s: %s", path, strerror(errno));
	r = ins_partition_import(call->context, name, fd, ret_name, err);
	(void)close(fd);
	return r;
}

/* Settings that reach the host: in an archive they are a stranger's word. */
static int refuse_reach(void *data, const struct ins_partition_info *info)
{
	static const struct {
		enum ins_setting setting;
		const char *key;
	} reaching[] = {
		{ INS_SETTING_NET, "net" },
		{ INS_SETTING_ADDRESS, "address" },
		{ INS_SETTING_GROUP, "group" },
		{ INS_SETTING_PUBLISH, "publish" },
		{ INS_SETTING_MOUNT, "mount" },
		{ INS_SETTING_DEVICE, "device" },
		{ INS_SETTING_CAP_ADD, "cap-add" },
		{ INS_SETTING_BOOT, "boot" },
	};
	const struct ins_definition_value *values = info->definition->values;

	for (size_t i = 0; i < sizeof(reaching) / sizeof(reaching[0]); i++) {
		enum ins_setting setting = reaching[i].setting;
		const char *value = values[setting].n > 0 ? values[setting].v[0] : NULL;

		if (!value || (setting == INS_SETTING_NET &&
				      (!strcmp(value, "none") || !strcmp(value, "routed"))))
			continue;
		return error_set(data, EPERM,
			"it is there, but not started: the archive asks for something of the "
			"host's "
			"(%s %s): look at it with `insula show %s` first",
			reaching[i].key, value, info->name);
	}
	return 0;
}

static int import(const struct call *call, struct ins_error *err)
{
	const struct import_options *options = call->options;
	char *name = NULL;
	int r = import_from(call, call->n_args > 1 ? call->args[1] : NULL, &name, err);

	/* Who has given no name has not said which it is. */
	if (r == 0 && call->n_args == 0)
		printf("%s: made\n", name);
	if (r == 0 && options->start)
		r = ins_partition_show(call->context, name, refuse_reach, err, err);
	if (r == 0 && options->start)
		r = ins_partition_start(call->context, name, NULL, err);
	free(name);
	return r < 0 ? r : output_flush(err);
}

const struct verb verb_import = {
	.name = "import",
	.summary = "make a partition of an archive",
	.synopsis = "[NAME [FILE]]",
	.options = import_options,
	.options_size = sizeof(struct import_options),
	.max_args = 2,
	.run = import,
};
