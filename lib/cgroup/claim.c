/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a cgroup is. A container's is killed and removed with it, so two containers must not share one,
 * also when the first has ended and its cgroup is empty: deleting that would end the second. Processes
 * tell nothing then, so the cgroup itself carries which its container's state directory is, as an
 * extended attribute, which nobody has to remove: it goes with the cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
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

/* What is marked: "DEVICE:INODE PATH", of the directory of all states, and the path of the container's in it. In another
 * mount namespace the same path may be another directory, and another host's container there. */
#define OWNER_SIZE (PATH_MAX + 40)

/* Return: the length of what is in front of the path, −errno. */
static int name_root(char *owner, const char *state_root)
{
	struct stat s = { 0 };

	if (stat(state_root, &s) < 0 && errno != ENOENT)
		return -errno;
	return snprintf(owner, OWNER_SIZE, "%" PRIx64 ":%" PRIx64 " ", (uint64_t)s.st_dev,
		(uint64_t)s.st_ino);
}

static int name_owner(char *owner, const char *state_root, const char *id)
{
	int n = name_root(owner, state_root), length;

	if (n < 0)
		return n;
	length = snprintf(owner + n, PATH_MAX, "%s/%s", state_root, id);
	return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static const char *path_of(const char *owner)
{
	const char *blank = strchr(owner, ' ');

	return blank ? blank + 1 : owner;
}

/* Can we tell whether the owner's container is there: is its directory of states the one that we see by that path? */
static bool is_seen(const char *other)
{
	char root[PATH_MAX], expected[OWNER_SIZE];
	char *slash;

	snprintf(root, sizeof(root), "%s", path_of(other));
	slash = strrchr(root, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return name_root(expected, root) > 0 && !strncmp(other, expected, strlen(expected));
}

static bool is_populated(int cgroup)
{
	char events[256] = "";
	int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool populated = fd >= 0 && read(fd, events, sizeof(events) - 1) > 0 &&
			 strstr(events, "populated 1");

	ins_close(fd);
	return populated;
}

/* Of a container that is not there any more: its create was killed before the cgroup was in its record. Of one that we
 * cannot see nobody is to be inside. */
static bool is_stale(int cgroup, const char *other, const char *owner)
{
	if (!strcmp(other, owner))
		return true;
	if (!is_seen(other))
		return !is_populated(cgroup);
	return faccessat(AT_FDCWD, path_of(other), F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       errno == ENOENT;
}

int ins_cgroup_claim(int cgroup, const char *state_root, const char *id, struct ins_error *err)
{
	const char *name = MARK_OF_ROOT;
	char owner[OWNER_SIZE], other[OWNER_SIZE] = "";
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
		if (!is_stale(cgroup, other, owner))
			return ins_error_text(err, EBUSY,
				"it is the cgroup of the container with the state directory %s",
				path_of(other));
		r = write_mark(cgroup, name, owner, XATTR_REPLACE);
	}
	return r < 0 ? ins_error_set(err, -r, "mark the cgroup as the container's") : 0;
}

bool ins_cgroup_is_claimed_by(int cgroup, const char *state_root, const char *id)
{
	char owner[OWNER_SIZE], found[OWNER_SIZE] = "";

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
