/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "guest/context.h"

#define DEFAULT_ROOT    "/run/insula"
#define DEFAULT_LIBRARY "/var/lib/insula"

/* An ordinary user is also who is root of a user namespace and has no say over the host's /run: podman
 * calls like that. Root of a container that has a /run of its own is none. */
static bool is_ordinary_user(void)
{
	return geteuid() != 0 || faccessat(AT_FDCWD, "/run", W_OK, AT_EACCESS) < 0;
}

/* An ordinary user's state goes below XDG_RUNTIME_DIR, which is theirs alone (basedir-spec). */
static char *default_root(const struct ins_options *options)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");
	bool rootless = options->rootless == INS_ROOTLESS_YES ||
			(options->rootless == INS_ROOTLESS_AUTO && is_ordinary_user());
	char *root;

	if (!rootless || !runtime_dir || runtime_dir[0] != '/')
		return strdup(DEFAULT_ROOT);
	return asprintf(&root, "%s/insula", runtime_dir) < 0 ? NULL : root;
}

static char *absolute_path(const char *path)
{
	cleanup_free char *cwd = NULL;
	char *absolute;

	if (path[0] == '/')
		return strdup(path);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&absolute, "%s/%s", cwd, path) < 0)
		return NULL;
	return absolute;
}

/* Partitions run in one state directory: another one has a library of its own. */
static char *default_library(const char *root)
{
	char *library;

	if (!strcmp(root, DEFAULT_ROOT))
		return strdup(DEFAULT_LIBRARY);
	return asprintf(&library, "%s/.library", root) < 0 ? NULL : library;
}

/* Jansson, on its own, would open /dev/urandom for the seed of its hashes. 0 is no seed: then it
 * does. */
static void seed_hashes(void)
{
	unsigned int seed;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == sizeof(seed))
		json_object_seed(seed);
}

int ins_context_new(
	const struct ins_options *options, struct ins_context **ret_context, struct ins_error *err)
{
	static const struct ins_options defaults = { 0 };
	struct ins_context *context = calloc(1, sizeof(*context));

	if (!context)
		return ins_error_set(err, ENOMEM, "allocate a context");
	if (!options)
		options = &defaults;
	if (options->root && !options->root[0]) {
		free(context);
		return ins_error_text(
			err, EINVAL, "the state directory (--root) has an empty name");
	}
	context->root = options->root ? absolute_path(options->root) : default_root(options);
	context->library = options->library ? absolute_path(options->library)
			   : context->root  ? default_library(context->root)
					    : NULL;
	if (!context->root || !context->library) {
		ins_context_free(context);
		return ins_error_set(err, ENOMEM, "name the directories");
	}
	seed_hashes();
	context->cgroup_manager = options->cgroup_manager;
	context->rootless = options->rootless;
	context->log_level = options->log_level;
	context->log = options->log;
	context->log_data = options->log_data;
	*ret_context = context;
	return 0;
}

void ins_context_free(struct ins_context *context)
{
	if (!context)
		return;
	free(context->root);
	free(context->library);
	free(context);
}

bool ins_context_wants(const struct ins_context *context, enum ins_log_level level)
{
	return context->log && level <= context->log_level;
}

void ins_context_log(struct ins_context *context, enum ins_log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!ins_context_wants(context, level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	context->log(context->log_data, level, text);
}

void ins_context_warn(void *data, const char *text)
{
	ins_context_log(data, INS_LOG_WARNING, "%s", text);
}

void ins_context_note(void *data, const char *text)
{
	ins_context_log(data, INS_LOG_INFO, "%s", text);
}

void ins_context_show_progress(struct ins_context *context, bool yes)
{
	context->shows_progress = yes;
}

struct ins_progress ins_context_progress(const struct ins_context *context)
{
	return (struct ins_progress){ .is_shown =
					      context->shows_progress && isatty(STDERR_FILENO) };
}
