/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "plan/run.h"
#include "spec/spec.h"

static const char *type_name(unsigned int flag)
{
	for (int ns = 0; ns < INS_NS_COUNT; ns++) {
		if (ins_ns_flag((enum ins_ns)ns) == flag)
			return ins_ns_name((enum ins_ns)ns);
	}
	return "unknown";
}

/* The name below /proc/self/ns of those that linux.sysctl can write in. */
static const char *own_file(uint32_t type)
{
	switch (type) {
	case CLONE_NEWNET:
		return "/proc/self/ns/net";
	case CLONE_NEWIPC:
		return "/proc/self/ns/ipc";
	case CLONE_NEWUTS:
		return "/proc/self/ns/uts";
	default:
		return "/proc/self/ns/user";
	}
}

static int check_differs(const struct ins_op *op, int fd, struct ins_error *err)
{
	const char *own = own_file(op->ns.type);
	struct stat ours, theirs;

	if (stat(own, &ours) < 0 || fstat(fd, &theirs) < 0)
		return ins_error_set(err, errno, "compare %s with %s", op->path, own);
	if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
		return ins_error_text(err, EINVAL,
			"%s is the runtime's own, and %s would change the host", op->path,
			op->ns.type == CLONE_NEWUTS ? "hostname, domainname or linux.sysctl"
						    : "linux.sysctl");
	return 0;
}

/*
 * For an exec that stays in our own user namespace. Had the container's process made one for itself,
 * the mount namespace that we have entered would be of its making, too, and the program found there run
 * with rights that it has not got. It cannot come back out, so looking afterwards is enough.
 */
int ins_ns_check_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	struct stat ours, theirs;

	(void)run;
	if (stat("/proc/self/ns/user", &ours) < 0 || stat(op->path, &theirs) < 0)
		return ins_error_set(err, errno, "compare %s with the runtime's own", op->path);
	if (ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino)
		return ins_error_text(err, EPERM,
			"the container's process has made itself another user namespace meanwhile");
	return 0;
}

/*
 * runtime-spec: a path that does not lead to a namespace of that type is an error. The kernel would
 * refuse it too, but later, in the child, and without saying what it is instead.
 */
int ins_ns_open_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int probe = open(op->path, O_PATH | O_CLOEXEC);
	cleanup_fd int fd = -1;
	struct statfs fs;
	int type;

	if (probe < 0)
		return ins_error_set(err, errno, "open %s", op->path);
	/* Opening another kind of file could block or ring a device's bell. */
	if (fstatfs(probe, &fs) < 0)
		return ins_error_set(err, errno, "statfs of %s", op->path);
	if (fs.f_type != NSFS_MAGIC)
		return ins_error_text(err, EINVAL, "%s is not a namespace", op->path);
	fd = open(op->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return ins_error_set(err, errno, "open %s", op->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return ins_error_set(err, errno, "ask for the type of %s", op->path);
	if ((uint32_t)type != op->ns.type)
		return ins_error_text(err, EINVAL, "%s is a %s namespace, not a %s namespace",
			op->path, type_name((unsigned int)type), type_name(op->ns.type));
	if (op->ns.must_differ) {
		int r = check_differs(op, fd, err);

		if (r < 0)
			return r;
	}
	run->slots[op->slot] = TAKE_FD(fd);
	return 0;
}
