/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/systemd.h"
#include "image/library.h"
#include "insula_partition.h"
#include "partition/keeper.h"
#include "partition/supervisor.h"

/* The build says where it is installed. */
#ifndef INS_SYSTEMD_UNIT_DIR
#define INS_SYSTEMD_UNIT_DIR "/lib/systemd/system"
#endif

#define TEMPLATE_UNIT INS_SYSTEMD_UNIT_DIR "/insula@.service"

/* What `systemctl enable insula.service` would make, which needs no reload: nothing looks there before the next
 * boot. */
#define BOOT_UNIT      INS_SYSTEMD_UNIT_DIR "/insula.service"
#define BOOT_DIRECTORY "/etc/systemd/system/multi-user.target.wants"

/* The unit file calls insula without options. */
#define USUAL_ROOT "/run/insula"

struct unit_name {
	char text[96];
};

/* A partition's name has no character that has a meaning in there. */
static struct unit_name unit_of(const char *name)
{
	struct unit_name unit;

	snprintf(unit.text, sizeof(unit.text), "insula@%s.service", name);
	return unit;
}

static struct ins_systemd_unit service(const struct unit_name *unit)
{
	return (struct ins_systemd_unit){ .name = unit->text };
}

int ins_partition_revive(struct ins_context *context, struct ins_error *err)
{
	return ins_keeper_revive(context, err);
}

static bool is_systemd(const struct ins_context *context)
{
	return !strcmp(context->root, USUAL_ROOT) && !strcmp(context->library, INS_LIBRARY_USUAL) &&
	       access("/run/systemd/system", F_OK) == 0 && access(TEMPLATE_UNIT, F_OK) == 0;
}

struct ins_supervisor_unit ins_supervisor_find_unit(
	const struct ins_context *context, const char *name)
{
	struct ins_supervisor_unit unit = { "" };

	if (is_systemd(context))
		snprintf(unit.name, sizeof(unit.name), "%s", unit_of(name).text);
	return unit;
}

/* What is called by the unit finds itself in its cgroup. Return: the end of the unit's name in @own, NULL. */
static char *find_unit(char *own, const char *name)
{
	const struct unit_name unit = unit_of(name);
	size_t n = strlen(unit.text);

	for (char *part = strchr(own, '/'); part; part = strchr(part + 1, '/')) {
		if (!strncmp(part + 1, unit.text, n) && (!part[1 + n] || part[1 + n] == '/'))
			return part + 1 + n;
	}
	return NULL;
}

static bool is_called_by_unit(const char *name)
{
	char own[PATH_MAX];

	return ins_host_own_cgroup(own, sizeof(own), NULL) == 0 && find_unit(own, name);
}

int ins_supervisor_start(struct ins_context *context, const char *name, struct ins_error *err)
{
	const struct unit_name unit = unit_of(name);
	const struct ins_systemd_unit systemd = service(&unit);

	if (is_systemd(context))
		return ins_systemd_run(&systemd, err);
	return ins_keeper_start(context, name, err);
}

int ins_supervisor_stop(struct ins_context *context, const char *name, struct ins_error *err)
{
	const struct unit_name unit = unit_of(name);
	const struct ins_systemd_unit systemd = service(&unit);

	/* What the unit calls is what systemd waits for. */
	if (!is_systemd(context))
		return ins_keeper_stop(context, name, err);
	if (is_called_by_unit(name))
		return 0;
	return ins_systemd_halt(&systemd, err);
}

int ins_supervisor_forbid(const char *name, struct ins_error *err)
{
	const struct unit_name unit = unit_of(name);
	const struct ins_systemd_unit systemd = service(&unit);

	return is_called_by_unit(name) ? ins_systemd_forbid(&systemd, err) : 0;
}

int ins_supervisor_await_boot(struct ins_context *context, struct ins_error *err)
{
	if (!is_systemd(context)) {
		ins_context_log(context, INS_LOG_WARNING,
			"no systemd looks after %s here: whatever starts this host has to call "
			"`insula boot`",
			context->library);
		return 0;
	}
	if (mkdir(BOOT_DIRECTORY, 0755) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make " BOOT_DIRECTORY);
	if (symlink(BOOT_UNIT, BOOT_DIRECTORY "/insula.service") < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make " BOOT_DIRECTORY "/insula.service");
	return 0;
}

/* It is the only one whose socket is in the state directory. */
static bool is_keeper(const struct ins_context *context, const char *socket)
{
	char path[PATH_MAX + sizeof("/.keeper/notify")];
	struct stat theirs, keepers;

	snprintf(path, sizeof(path), "%s/.keeper/notify", context->root);
	return stat(socket, &theirs) == 0 && stat(path, &keepers) == 0 &&
	       theirs.st_dev == keepers.st_dev && theirs.st_ino == keepers.st_ino;
}

int ins_supervisor_notify_socket(
	const struct ins_context *context, char *ret_path, size_t size, struct ins_error *err)
{
	const char *path = getenv("NOTIFY_SOCKET");

	ret_path[0] = '\0';
	if (!path || !path[0] || is_keeper(context, path))
		return 0;
	/* An abstract one belongs to a network namespace, one of vsock to a machine. */
	if (path[0] != '/')
		return ins_error_key(err, EOPNOTSUPP, "notify",
			"NOTIFY_SOCKET is %s: no file, so it cannot be mounted into a partition",
			path);
	if ((size_t)snprintf(ret_path, size, "%s", path) >= size)
		return ins_error_set(err, ENAMETOOLONG, "NOTIFY_SOCKET");
	return 0;
}

static int move_to(const char *directory, struct ins_error *err)
{
	char path[2 * PATH_MAX];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) < 0)
		return ins_error_set(err, errno, "enter the cgroup %s", directory);
	return 0;
}

int ins_supervisor_enter(const char *name, const struct ins_host *host,
	struct ins_supervisor_cgroup *cgroup, struct ins_error *err)
{
	char own[PATH_MAX], *end;
	int r = ins_host_own_cgroup(own, sizeof(own), err);

	if (r < 0)
		return r;
	end = find_unit(own, name);
	if (!end || !host->cgroup_mount[0])
		return 0;
	*end = '\0';
	if ((size_t)snprintf(cgroup->path, sizeof(cgroup->path), "%s/guest", own) >=
			sizeof(cgroup->path) ||
		(size_t)snprintf(cgroup->own, sizeof(cgroup->own), "%s%s/start", host->cgroup_mount,
			own) >= sizeof(cgroup->own))
		return ins_error_set(err, ENAMETOOLONG, "the cgroup %s", own);
	if (mkdir(cgroup->own, 0755) < 0 && errno != EEXIST)
		return ins_error_set(err, errno, "make the cgroup %s", cgroup->own);
	return move_to(cgroup->own, err);
}

/* It would stay as long as the partition runs, with the memory that the kernel's controllers keep for each. The
 * top of the hierarchy alone may have processes beside cgroups, and where we do not see that, it does stay. */
void ins_supervisor_leave(const struct ins_host *host, const struct ins_supervisor_cgroup *cgroup)
{
	if (cgroup->own[0] && move_to(host->cgroup_mount, NULL) == 0)
		(void)rmdir(cgroup->own);
}

void ins_supervisor_register(struct ins_context *context, const char *name, pid_t pid)
{
	const struct unit_name unit = unit_of(name);
	const struct ins_systemd_unit systemd = service(&unit);
	struct ins_error why = { 0 };

	if (is_called_by_unit(name) && ins_systemd_register(&systemd, name, pid, &why) < 0)
		ins_context_log(context, INS_LOG_WARNING, "%s", why.text);
}
