/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of a partition: layers that it shares with others, and on top one of its own, joined by
 * overlayfs. Each is mapped to the container's ids before, so that on disk all ids are those from inside.
 * Nothing of it is ever attached in the host's mount namespace.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/idmapped.h"
#include "mount/own_image.h"
#include "mount/tree_child.h"
#include "plan/run.h"
#include "sys/clone.h"

#define HELPER_STACK 65536

struct making {
	const struct ins_op *op;
	uint32_t root_uid, root_gid; /* of the container's root, outside */
	uint32_t n;                  /* layers */
	int *layers;                 /* detached, id-mapped; the topmost first */
	int own;                     /* the directory with upper and work; −1: read-only */
	int upper, work;
	bool by_path; /* the layers are attached in a mount namespace of our own */
	struct __user_cap_data_struct caps[2];
	int result;       /* the detached overlay, or −errno */
	const char *what; /* it has failed at, or was at last */
};

static void close_all(struct making *making)
{
	for (uint32_t i = 0; i < making->n; i++)
		ins_close(making->layers[i]);
	free(making->layers);
	ins_close(making->own);
	ins_close(making->upper);
	ins_close(making->work);
}

static int open_mapped(struct ins_run *run, const char *path, struct ins_error *err)
{
	cleanup_fd int fd = ins_tree_clone(AT_FDCWD, path, false, 0);
	int r;

	if (fd < 0)
		return ins_error_set(err, -fd, "open %s", path);
	r = ins_mount_map_ids(run, fd, path, err);
	return r < 0 ? r : TAKE_FD(fd);
}

/* The root of a file system of its own, with the same in it as the directory would have. */
static int mount_mapped(struct ins_run *run, const char *path, struct ins_error *err)
{
	cleanup_fd int fd = ins_own_image_mount(path, err);
	int r = fd < 0 ? fd : ins_mount_map_ids(run, fd, path, err);

	return r < 0 ? r : TAKE_FD(fd);
}

static int open_own(struct ins_run *run, struct making *making, struct ins_error *err)
{
	const char *path = making->op->overlay.own, *image = making->op->overlay.own_image;

	if (!path)
		return 0;
	making->own = image ? mount_mapped(run, image, err) : open_mapped(run, path, err);
	if (making->own < 0)
		return making->own;
	making->upper = openat(making->own, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	making->work = openat(making->own, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (making->upper < 0 || making->work < 0)
		return ins_error_set(err, errno, "open upper and work in %s", path);
	return 0;
}

static int open_all(struct ins_run *run, struct making *making, struct ins_error *err)
{
	const struct ins_text_list *layers = &making->op->overlay.layers;

	making->layers = calloc(layers->n, sizeof(*making->layers));
	if (!making->layers)
		return ins_error_set(err, ENOMEM, "open the layers of the root");
	for (uint32_t i = 0; i < layers->n; i++) {
		int fd = open_mapped(run, layers->v[i], err);

		if (fd < 0)
			return fd;
		making->layers[making->n++] = fd;
	}
	return open_own(run, making, err);
}

/* --- the overlay itself: bare system calls only, for it may be done by a child that shares our memory --- */

/*
 * overlayfs does all it does in a guest's name with the rights of who has mounted it; and these have to
 * have an owner where the layers' ids are mapped, else the overlay is read-only. So the file system ids are
 * those of the container's root, while the capabilities stay: but for the one with which neither a quota nor
 * the blocks that a file system keeps in reserve would hold for the guest.
 */
static int take_ids(const struct making *making)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = { making->caps[0], making->caps[1] };

	(void)ins_sys(setfsgid, making->root_gid);
	(void)ins_sys(setfsuid, making->root_uid);
	/* setfsuid(2) takes those that are about files out of the effective set. */
	caps[CAP_TO_INDEX(CAP_SYS_RESOURCE)].effective &= ~CAP_TO_MASK(CAP_SYS_RESOURCE);
	return (int)ins_sys(capset, &header, caps);
}

static void give_ids_back(const struct making *making)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	(void)ins_sys(setfsuid, geteuid());
	(void)ins_sys(setfsgid, getegid());
	(void)ins_sys(capset, &header, making->caps);
}

static long set_fd(int context, const char *key, int fd)
{
	return ins_sys(fsconfig, context, FSCONFIG_SET_FD, key, NULL, fd);
}

static long set_text(int context, const char *key, const char *text)
{
	return ins_sys(fsconfig, context, FSCONFIG_SET_STRING, key, text, 0);
}

/* "lowerdir+" takes fds since Linux 6.13. */
static long set_layers_by_fd(const struct making *making, int context)
{
	long r = 0;

	for (uint32_t i = 0; r == 0 && i < making->n; i++)
		r = set_fd(context, "lowerdir+", making->layers[i]);
	if (r == 0 && making->own >= 0)
		r = set_fd(context, "upperdir", making->upper);
	if (r == 0 && making->own >= 0)
		r = set_fd(context, "workdir", making->work);
	return r;
}

/* The name of a layer's directory: two letters. */
static void name_layer(uint32_t i, char *name)
{
	name[0] = (char)('a' + i / 26);
	name[1] = (char)('a' + i % 26);
	name[2] = '\0';
}

static long set_layers_by_path(const struct making *making, int context)
{
	char text[INS_OVERLAY_LAYERS * 3 + 1];
	long r;

	for (uint32_t i = 0; i < making->n; i++) {
		name_layer(i, text + 3 * i);
		text[3 * i + 2] = i + 1 < making->n ? ':' : '\0';
	}
	r = set_text(context, "lowerdir", text);
	if (r == 0 && making->own >= 0)
		r = set_text(context, "upperdir", "own/upper");
	if (r == 0 && making->own >= 0)
		r = set_text(context, "workdir", "own/work");
	return r;
}

/* Where the kernel can make no work directory it says so in its log alone, and the overlay can only be read. */
static int check_work(struct making *making, int mount)
{
	struct statfs s;
	long r = ins_sys(fstatfs, mount, &s);

	if (r < 0 || !(s.f_flags & ST_RDONLY) || making->own < 0)
		return (int)r;
	making->what = "make the overlay's work directory";
	if (ins_sys(fstatfs, making->own, &s) == 0 && !(s.f_flags & ST_RDONLY))
		return -ENOSPC;
	return -EROFS;
}

static int make_overlay(struct making *making)
{
	/* A directory that lies in a layer can be renamed like any other. What guests cannot reach are
	 * the attributes of trusted.overlay in which that is noted. */
	static const char *const options[][2] = { { "redirect_dir", "on" }, { "index", "off" },
		{ "metacopy", "off" } };
	int context, mount;
	long r;

	making->what = "take the ids of the container's root";
	r = take_ids(making);
	if (r < 0)
		return (int)r;
	making->what = "begin an overlay";
	context = (int)ins_sys(fsopen, "overlay", FSOPEN_CLOEXEC);
	if (context < 0)
		return context;
	making->what = "name the layers of the overlay";
	r = making->by_path ? set_layers_by_path(making, context)
			    : set_layers_by_fd(making, context);
	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(options); i++) {
		making->what = "set the options of the overlay";
		r = set_text(context, options[i][0], options[i][1]);
	}
	if (r == 0) {
		making->what = "make the overlay";
		r = ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	}
	/* The superblock is the host's, so the kernel would open a device of an image made elsewhere. That the layers
	 * are mounted without devices does not count: what is opened is the overlay's own inode. */
	mount = r < 0 ? (int)r : (int)ins_sys(fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV);
	(void)ins_sys(close, context);
	r = mount < 0 ? mount : check_work(making, mount);
	if (r == 0)
		return mount;
	if (mount >= 0)
		(void)ins_sys(close, mount);
	return (int)r;
}

/* --- before Linux 6.13: layers are paths, and have to be attached somewhere ------------------------ */

static int make_place(void)
{
	int context = (int)ins_sys(fsopen, "tmpfs", FSOPEN_CLOEXEC), place;
	long r = context;

	if (r >= 0)
		r = ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	place = r < 0 ? (int)r : (int)ins_sys(fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (context >= 0)
		(void)ins_sys(close, context);
	if (place < 0)
		return place;
	r = ins_sys(move_mount, place, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	return r < 0 ? (int)r : place;
}

static long attach(int fd, int place, const char *name)
{
	long r = ins_sys(mkdirat, place, name, 0700);

	return r < 0 ? r : ins_sys(move_mount, fd, "", place, name, MOVE_MOUNT_F_EMPTY_PATH);
}

static long attach_layers(const struct making *making, int place)
{
	char name[3];
	long r = ins_sys(fchdir, place);

	for (uint32_t i = 0; r == 0 && i < making->n; i++) {
		name_layer(i, name);
		r = attach(making->layers[i], place, name);
	}
	return r == 0 && making->own >= 0 ? attach(making->own, place, "own") : r;
}

/* In a mount namespace of its own, which ends with it; the fds are ours. */
static int help(void *data)
{
	struct making *making = data;
	int place;
	long r;

	making->what = "cut off a mount namespace";
	r = ins_sys(mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r == 0) {
		making->what = "make a place for the layers";
		place = make_place();
		r = place < 0 ? place : attach_layers(making, place);
		if (place >= 0)
			(void)ins_sys(close, place);
	}
	making->result = r < 0 ? (int)r : make_overlay(making);
	return 0;
}

static int make_in_namespace(struct making *making, struct ins_error *err)
{
	struct clone_args args = { .flags = CLONE_VM | CLONE_FILES | CLONE_NEWNS,
		.stack_size = HELPER_STACK };
	sigset_t all, before;
	void *stack = mmap(NULL, HELPER_STACK, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		return ins_error_set(err, errno, "memory for mounting the root");
	args.stack = (uint64_t)(uintptr_t)stack;
	making->by_path = true;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	pid = ins_clone(&args, help, making);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	while (pid > 0 && ins_sys(wait4, pid, NULL, __WALL, NULL) == -EINTR)
		continue;
	munmap(stack, HELPER_STACK);
	return pid < 0 ? ins_error_set(err, -pid, "make a mount namespace for the layers") : 0;
}

int ins_mount_root_overlay_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct making making = { .op = op,
		.root_uid = op->overlay.uid,
		.root_gid = op->overlay.gid,
		.own = -1,
		.upper = -1,
		.work = -1,
		.result = -ENOSYS };
	long r = ins_sys(capget, &header, making.caps);

	if (r < 0)
		return ins_error_set(err, (int)-r, "capget");
	r = open_all(run, &making, err);
	if (r == 0) {
		making.result = make_overlay(&making);
		give_ids_back(&making);
	}
	/* EINVAL, EBADF: the kernel takes no fds there. */
	if (r == 0 && (making.result == -EINVAL || making.result == -EBADF))
		r = make_in_namespace(&making, err);
	close_all(&making);
	if (r < 0)
		return (int)r;
	if (making.result < 0)
		return ins_error_set(err, -making.result, "%s", making.what);
	run->slots[op->slot] = making.result;
	return 0;
}
