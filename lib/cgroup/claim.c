/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a cgroup is. A container's is killed and removed with it, so two containers must not share one,
 * also when the first has ended and its cgroup is empty: deleting that would end the second. Processes
 * tell nothing then, so the cgroup itself carries the path of its container's state directory, as an
 * extended attribute, which nobody has to remove: it goes with the cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "cgroup/cgroup.h"

/* No guest can write the first (it takes CAP_SYS_ADMIN of the host); an ordinary user has the second
 * (Linux 5.7). */
#define MARK_OF_ROOT "trusted.insula.container"
#define MARK_OF_USER "user.insula.container"

static int write_mark(int cgroup, const char *name, const char *owner, int flags)
{
	return fsetxattr(cgroup, name, owner, strlen(owner), flags) < 0 ? -errno : 0;
}

/* Of a container that is not there any more: its create was killed before the cgroup was in its record. */
static bool is_stale(const char *other, const char *owner)
{
	return !strcmp(other, owner) ||
	       (faccessat(AT_FDCWD, other, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT);
}

/* The path of the container's state directory. @owner: PATH_MAX bytes. */
static int name_owner(char *owner, const char *state_root, const char *id)
{
	int n = snprintf(owner, PATH_MAX, "%s/%s", state_root, id);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int ins_cgroup_claim(int cgroup, const char *state_root, const char *id, struct ins_error *err)
{
	const char *name = MARK_OF_ROOT;
	char owner[PATH_MAX], other[PATH_MAX] = "";
	int r = name_owner(owner, state_root, id);

	if (r == 0)
		r = write_mark(cgroup, name, owner, XATTR_CREATE);
	if (r == -EPERM) {
		name = MARK_OF_USER;
		r = write_mark(cgroup, name, owner, XATTR_CREATE);
	}
	if (r == -EEXIST) {
		if (fgetxattr(cgroup, name, other, sizeof(other) - 1) < 0)
			return ins_error_set(err, errno, "ask whose the cgroup is");
		if (!is_stale(other, owner))
			return ins_error_text(err, EBUSY,
				"it is the cgroup of the container with the state directory %s",
				other);
		r = write_mark(cgroup, name, owner, XATTR_REPLACE);
	}
	return r < 0 ? ins_error_set(err, -r, "mark the cgroup as the container's") : 0;
}

bool ins_cgroup_is_claimed_by(int cgroup, const char *state_root, const char *id)
{
	char owner[PATH_MAX], found[PATH_MAX] = "";

	if (name_owner(owner, state_root, id) < 0)
		return false;
	if (fgetxattr(cgroup, MARK_OF_ROOT, found, sizeof(found) - 1) < 0 &&
		fgetxattr(cgroup, MARK_OF_USER, found, sizeof(found) - 1) < 0)
		return false;
	return !strcmp(found, owner);
}

void ins_cgroup_disclaim(int cgroup)
{
	if (fremovexattr(cgroup, MARK_OF_ROOT) < 0)
		(void)fremovexattr(cgroup, MARK_OF_USER);
}
