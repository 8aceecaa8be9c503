/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verb.h"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option spec_options[] = {
	{ "bundle", 'b', OPTION_PATH, offsetof(struct spec_options, bundle), "DIR", NULL,
		"where to write config.json; without it the current directory" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless), NULL, NULL,
		"a configuration that works for an ordinary user" },
	{},
};

static int write_all(int fd, const char *text, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

/* O_EXCL: somebody's configuration is not to be lost. */
static int write_config(const char *bundle, const char *text, struct ins_error *err)
{
	int dir, fd;
	int r;

	dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "open %s: %m", bundle);
	fd = openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		r = error_set(err, errno, "%s/config.json: %m%s", bundle,
			errno == EEXIST ? " (it is not overwritten)" : "");
		(void)close(dir);
		return r;
	}
	r = write_all(fd, text, strlen(text));
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0) {
		error_set(err, -r, "write %s/config.json: %s", bundle, strerrordesc_np(-r));
		(void)unlinkat(dir, "config.json", 0);
	}
	(void)close(dir);
	return r;
}

static int spec(const struct call *call, struct ins_error *err)
{
	const struct spec_options *options = call->options;
	char *text;
	int r;

	r = ins_spec_default(options->rootless, &text, err);
	if (r < 0)
		return r;
	r = write_config(options->bundle ? options->bundle : ".", text, err);
	free(text);
	return r;
}

const struct verb verb_spec = {
	.name = "spec",
	.summary = "write a default config.json",
	.synopsis = "",
	.options = spec_options,
	.options_size = sizeof(struct spec_options),
	.no_context = true,
	.run = spec,
};
