/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fsverity.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "guest/context.h"
#include "partition/check.h"

/* mountinfo and the symbols of the kernel are the large ones. */
#define TEXT_MAX ((size_t)64 << 20)

char *ins_check_read(const struct ins_check *check, const char *path)
{
	char *text;

	return ins_file_read(check->root, path, TEXT_MAX, &text, NULL, NULL) < 0 ? NULL : text;
}

bool ins_check_exists(const struct ins_check *check, const char *path)
{
	return faccessat(check->root, path, F_OK, 0) == 0;
}

/* --- mounts ----------------------------------------------------------------------------------- */

/* A field of a line of mountinfo, counted in blanks. */
static const char *field(const char *line, int index, size_t *ret_size)
{
	for (; index > 0; index--) {
		line += strcspn(line, " \n");
		line += *line == ' ';
	}
	*ret_size = strcspn(line, " \n");
	return line;
}

/* What stands behind the optional fields: type, source, options. */
static const char *file_system(const char *line)
{
	const char *end = line + strcspn(line, "\n");
	const char *dash = memmem(line, (size_t)(end - line), " - ", 3);

	return dash ? dash + 3 : end;
}

/* How much of @path the mount point is; 0: it is elsewhere. */
static size_t covers(const char *line, const char *path)
{
	size_t size;
	const char *point = field(line, 4, &size);

	if (size == 1)
		return 1;
	return strncmp(point, path, size) == 0 && (path[size] == '/' || !path[size]) ? size : 0;
}

const char *ins_check_mount(const struct ins_check *check, const char *path, const char *type)
{
	const char *line = check->mounts, *best = NULL;
	size_t best_size = 0;

	for (; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t size, type_size;
		const char *its_type = field(file_system(line), 0, &type_size);

		if (type && (type_size != strlen(type) || strncmp(its_type, type, type_size) != 0))
			continue;
		if (!path)
			return line;
		/* A later mount on the same place hides the earlier. */
		size = covers(line, path);
		if (size > 0 && size >= best_size) {
			best = line;
			best_size = size;
		}
	}
	return best;
}

static void find_cgroup(struct ins_check *check)
{
	const char *line = ins_check_mount(check, NULL, "cgroup2"), *point;
	size_t size;

	if (!line)
		return;
	point = field(line, 4, &size);
	if (size < sizeof(check->cgroup_mount))
		snprintf(check->cgroup_mount, sizeof(check->cgroup_mount), "%.*s", (int)size - 1,
			point + 1);
}

/* --- the kernel ------------------------------------------------------------------------------- */

/* The lists of a distribution's kernel; one of another make may have none. */
static char *read_modules(const struct ins_check *check, const char *release)
{
	char path[PATH_MAX], *text = NULL;
	cleanup_free char *built_in = NULL, *loadable = NULL;

	snprintf(path, sizeof(path), "lib/modules/%.*s/modules.builtin",
		(int)strcspn(release, "\n"), release);
	built_in = ins_check_read(check, path);
	snprintf(path, sizeof(path), "lib/modules/%.*s/modules.dep", (int)strcspn(release, "\n"),
		release);
	loadable = ins_check_read(check, path);
	if (asprintf(&text, "%s%s", built_in ? built_in : "", loadable ? loadable : "") < 0)
		return NULL;
	return text;
}

static char *read_or_empty(const struct ins_check *check, const char *path)
{
	char *text = ins_check_read(check, path);

	return text ? text : strdup("");
}

int ins_check_open(const char *root, struct ins_check *ret_check, struct ins_error *err)
{
	struct ins_check check = {
		.free_inodes = INS_FINDING_NONE, .free_bytes = INS_FINDING_NONE, .library = "/"
	};
	cleanup_free char *release = NULL;

	check.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (check.root < 0)
		return ins_error_set(err, errno, "open %s", root);
	release = ins_check_read(&check, "proc/sys/kernel/osrelease");
	if (!release || sscanf(release, "%u.%u", &check.kernel_major, &check.kernel_minor) != 2) {
		ins_check_close(&check);
		return ins_error_text(err, ENOENT,
			"the kernel's version is not known: /proc/sys/kernel/osrelease cannot be "
			"read; is /proc mounted?");
	}
	check.mounts = read_or_empty(&check, "proc/self/mountinfo");
	check.file_systems = read_or_empty(&check, "proc/filesystems");
	check.modules = read_modules(&check, release);
	if (!check.mounts || !check.file_systems || !check.modules) {
		ins_check_close(&check);
		return ins_error_set(err, ENOMEM, "look at the host");
	}
	/* A hundred thousand lines: only where nothing else tells. */
	if (!check.modules[0])
		check.symbols = ins_check_read(&check, "proc/kallsyms");
	check.has_systemd = ins_check_exists(&check, "run/systemd/system");
	find_cgroup(&check);
	*ret_check = check;
	return 0;
}

void ins_check_close(struct ins_check *check)
{
	check->root = ins_close(check->root);
	free(check->mounts);
	free(check->file_systems);
	free(check->modules);
	free(check->symbols);
	check->mounts = check->file_systems = check->modules = check->symbols = NULL;
}

/* --- what insula itself has ------------------------------------------------------------------- */

static int count_running(void *data, const struct ins_container_info *info)
{
	struct ins_check *check = data;

	check->running += info->pid > 0;
	return 0;
}

static int count(struct ins_check *check, struct ins_context *context, struct ins_error *err)
{
	char **names = NULL;
	size_t n = 0;
	int r = ins_partition_names(context, &names, &n, err);

	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	check->partitions = n;
	return r < 0 ? r : ins_list(context, count_running, check, err);
}

/* The library may not be there yet: then it is about what it will be in. */
static void measure(struct ins_check *check, const char *library)
{
	cleanup_fd int fd = -1;
	char path[PATH_MAX];
	struct fsverity_digest none = { .digest_size = 0 };
	struct statvfs host;

	snprintf(path, sizeof(path), "%s", library);
	while ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash || slash == path)
			return;
		*slash = '\0';
	}
	if (fstatvfs(fd, &host) < 0)
		return;
	/* btrfs makes inodes as they are wanted, and says 0. */
	if (host.f_files > 0)
		check->free_inodes = host.f_favail;
	check->free_bytes = (uint64_t)host.f_bavail * host.f_frsize;
	/* A file system that has it says only that this directory is not measured. */
	check->has_verity = ioctl(fd, FS_IOC_MEASURE_VERITY, &none) < 0 && errno == ENODATA;
}

int ins_check(struct ins_context *context, ins_finding_fn *visit, void *data, struct ins_error *err)
{
	struct ins_check check;
	int r = ins_check_open("/", &check, err);

	if (r < 0)
		return r;
	check.visit = visit;
	check.data = data;
	check.library = context->library;
	measure(&check, context->library);
	r = count(&check, context, err);
	if (r >= 0)
		r = ins_check_features(&check);
	if (r >= 0)
		r = ins_check_limits(&check);
	ins_check_close(&check);
	return r < 0 ? r : 0;
}
