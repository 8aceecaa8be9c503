/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "cgroup/controllers.h"
#include "cgroup/directory.h"
#include "plan/host.h"

static int read_controllers(int cgroup, uint32_t *ret)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.controllers", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[512];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = ins_controllers_parse(text);
	return 0;
}

int ins_controllers_enabled(int cgroup, uint32_t *ret, struct ins_error *err)
{
	int r = read_controllers(cgroup, ret);

	return r < 0 ? ins_error_set(err, -r, "read cgroup.controllers") : 0;
}

/* "+memory +pids" */
static void spell(uint32_t controllers, const char *before, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (int i = 0; i < INS_CONTROLLER_COUNT; i++) {
		if (controllers >> i & 1 && used < size)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s%s",
				used ? " " : "", before,
				ins_controller_name((enum ins_controller)i));
	}
}

static int refused(int code, int above, uint32_t missing, const char *path, size_t length,
	struct ins_error *err)
{
	char names[128];
	uint32_t has = 0;

	/* Which of them it is that cannot be had. */
	if (code == ENOENT && read_controllers(above, &has) == 0 && missing & ~has)
		missing &= ~has;
	spell(missing, "", names, sizeof(names));
	if (length == 0) {
		path = "/";
		length = 1;
	}
	if (code == EBUSY)
		return ins_error_text(err, code,
			"the cgroup %.*s has processes of its own, so it cannot hand the "
			"controllers (%s) to those below it; move them into one of these",
			(int)length, path, names);
	if (code == ENOENT)
		return ins_error_text(err, code, "the cgroup %.*s was not given the %s controller",
			(int)length, path, names);
	if (code == EACCES || code == EPERM)
		return ins_error_text(err, code,
			"the cgroup %.*s is not ours to hand controllers (%s) down from",
			(int)length, path, names);
	return ins_error_set(err, code, "hand controllers (%s) down from the cgroup %.*s", names,
		(int)length, path);
}

/* One level: see that @below, which is in @above, has what is wanted. @path, @length: of @above. */
static int enable_level(int above, int below, uint32_t wanted, uint32_t may_lack, const char *path,
	size_t length, struct ins_error *err)
{
	char text[160];
	uint32_t has, missing;
	int r = read_controllers(below, &has);

	if (r < 0)
		return ins_error_set(err, -r, "read cgroup.controllers below %s", path);
	missing = wanted & ~has;
	if (missing == 0)
		return 0;
	spell(missing, "+", text, sizeof(text));
	r = ins_cgroup_write(above, "cgroup.subtree_control", text);
	/* All or none: what must be there is tried without the rest. */
	if (r < 0 && missing & may_lack && missing & ~may_lack) {
		missing &= ~may_lack;
		spell(missing, "+", text, sizeof(text));
		r = ins_cgroup_write(above, "cgroup.subtree_control", text);
	}
	if (r == 0 || !(missing & ~may_lack))
		return 0;
	return refused(-r, above, missing, path, length, err);
}

int ins_controllers_enable(
	int top, const char *path, uint32_t wanted, uint32_t may_lack, struct ins_error *err)
{
	cleanup_fd int here = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *at = path;
	uint32_t offered = 0;

	if (here < 0)
		return ins_error_set(err, errno, "open the cgroup2 hierarchy");
	/* What is only offered goes as far as it is to be had at the top. */
	if (may_lack && read_controllers(here, &offered) == 0)
		wanted &= ~may_lack | offered;
	for (;;) {
		char name[NAME_MAX + 1];
		size_t above = (size_t)(at - path), length;
		cleanup_fd int next = -1;
		int r;

		at += strspn(at, "/");
		length = strcspn(at, "/");
		if (length == 0)
			return 0;
		snprintf(name, sizeof(name), "%.*s", (int)length, at);
		next = openat(here, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return ins_error_set(err, errno, "open the cgroup %s", name);
		r = enable_level(here, next, wanted, may_lack, path, above, err);
		if (r < 0)
			return r;
		at += length;
		ins_close(here);
		here = TAKE_FD(next);
	}
}
