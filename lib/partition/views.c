/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "partition/views.h"

/* Newer lxcfs have more; these are the ones that the engine lets cover a file of /proc. */
static const char *const known[INS_VIEWS_MAX] = { "/proc/cpuinfo", "/proc/diskstats",
	"/proc/loadavg", "/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/swaps",
	"/proc/uptime", "/sys/devices/system/cpu/online" };

void ins_views_find(const char *directory, struct ins_views *ret)
{
	cleanup_fd int dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs s;

	ret->n = 0;
	/* Without lxcfs an empty directory of its package is there; of one that was killed a mount is, which
	 * answers ENOTCONN. */
	if (dir < 0 || fstatfs(dir, &s) < 0 || s.f_type != FUSE_SUPER_MAGIC)
		return;
	for (size_t i = 0; i < INS_VIEWS_MAX; i++) {
		if (faccessat(dir, known[i] + 1, R_OK, 0) == 0)
			ret->v[ret->n++] = known[i];
	}
}

bool ins_views_show(const struct ins_views *views, const char *path)
{
	for (size_t i = 0; i < views->n; i++) {
		if (!strcmp(views->v[i], path))
			return true;
	}
	return false;
}
