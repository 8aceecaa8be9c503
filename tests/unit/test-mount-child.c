/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations of lib/mount and lib/dev inside, on a hostile little root file system: a tmpfs in
 * a mount namespace of its own. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "init/child.h"
#include "mount/copy_child.h"

#define ATTR_RDONLY 1

static char base[] = "/tmp/insula-test-XXXXXX";

struct guest {
	struct ins_child child;
	int slots[4];
};

static int set_up(void **data)
{
	struct guest *g = calloc(1, sizeof(*g));

	*data = g;
	if (geteuid() != 0)
		return 0;
	assert_int_equal(mount("tmpfs", base, "tmpfs", 0, "mode=755"), 0);
	assert_int_equal(chdir(base), 0);
	g->child.root_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	g->child.mask_fd = -1;
	g->child.slots = g->slots;
	for (size_t i = 0; i < ARRAY_LENGTH(g->slots); i++)
		g->slots[i] = -1;
	return g->child.root_fd < 0;
}

static int tear_down(void **data)
{
	struct guest *g = *data;

	if (geteuid() == 0) {
		ins_close(g->child.root_fd);
		ins_close(g->child.mask_fd);
		for (size_t i = 0; i < ARRAY_LENGTH(g->slots); i++)
			ins_close(g->slots[i]);
		assert_int_equal(chdir("/"), 0);
		assert_int_equal(umount2(base, MNT_DETACH), 0);
	}
	free(g);
	return 0;
}

static struct guest *start(void **data)
{
	if (geteuid() != 0) {
		print_message("mounting needs root\n");
		skip();
	}
	umask(0);
	return *data;
}

static void make_file(const char *path, const char *text, mode_t mode)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static struct stat look(const char *path)
{
	struct stat status;

	assert_int_equal(lstat(path, &status), 0);
	return status;
}

static bool is_on(const char *path, long type)
{
	struct statfs fs;

	assert_int_equal(statfs(path, &fs), 0);
	return (long)fs.f_type == type;
}

static void check_detail(const struct guest *g, const char *words)
{
	assert_int_equal(g->child.detail_size, strlen(words));
	assert_memory_equal(g->child.detail, words, strlen(words));
}

static int mount_fs(struct guest *g, const char *type, const char *path, bool strict)
{
	struct ins_op op = { .kind = INS_OP_MOUNT_FS, .slot = INS_NO_SLOT, .path = path };

	op.fs.fstype = type;
	op.fs.source = type;
	op.fs.proc_or_sys = strict;
	return ins_mount_fs_op(&g->child, &op);
}

static int act(struct guest *g, ins_child_op_fn *fn, const char *path, int slot)
{
	struct ins_op op = { .slot = slot, .path = path };

	return fn(&g->child, &op);
}

static void filesystem(void **data)
{
	struct guest *g = start(data);

	/* A link that points out of the root is one within it. */
	assert_int_equal(symlink("/../../inside", "link"), 0);
	assert_int_equal(mkdir("inside", 0700), 0);
	assert_int_equal(mount_fs(g, "ramfs", "/link", false), 0);
	assert_true(is_on("inside", 0x858458f6));
	assert_int_equal(mount_fs(g, "ramfs", "/a/b/c", false), 0);
	assert_true(is_on("a/b/c", 0x858458f6));
	make_file("file", "", 0600);
	assert_int_equal(mount_fs(g, "ramfs", "/file", false), -ENOTDIR);
	assert_int_equal(mount_fs(g, "ramfs", "/.", false), -EBUSY);
	assert_int_equal(mount_fs(g, "no such type", "/d", false), -ENODEV);
}

static void strict_targets(void **data)
{
	struct guest *g = start(data);

	assert_int_equal(mkdir("real", 0755), 0);
	assert_int_equal(symlink("real", "proc"), 0);
	assert_int_equal(mount_fs(g, "proc", "/proc", true), -ELOOP);
	check_detail(g, "the destination leads through a symlink");
	assert_int_equal(mount_fs(g, "proc", "/proc/sub", true), -ELOOP);
	assert_int_equal(mount_fs(g, "proc", "/real", true), 0);
	/* However somebody got there. */
	assert_int_equal(mount_fs(g, "ramfs", "/proc/sys", false), -EPERM);
	check_detail(g, "the destination lies on a procfs");
}

static void explains(void **data)
{
	struct guest *g = start(data);
	const struct ins_fs_option option = { "colour", "red" };
	struct ins_op op = { .kind = INS_OP_MOUNT_FS, .slot = INS_NO_SLOT, .path = "/m" };

	op.fs.fstype = "tmpfs";
	op.fs.options = &option;
	op.fs.n_options = 1;
	assert_int_equal(ins_mount_fs_op(&g->child, &op), -EINVAL);
	check_detail(g, "tmpfs: Unknown parameter 'colour'");
}

static void remount(void **data)
{
	struct guest *g = start(data);
	struct ins_op op = { .slot = INS_NO_SLOT, .path = "/m" };

	op.remount.attrs.set = ATTR_RDONLY;
	assert_int_equal(mkdir("m", 0755), 0);
	assert_int_equal(ins_mount_remount_op(&g->child, &op), -EINVAL);
	check_detail(g, "nothing is mounted there");
	assert_int_equal(mkdir("still-writable", 0755), 0);
	assert_int_equal(mount_fs(g, "tmpfs", "/m", false), 0);
	assert_int_equal(ins_mount_remount_op(&g->child, &op), 0);
	assert_int_equal(mkdir("m/x", 0755), -1);
	assert_int_equal(errno, EROFS);
}

static int open_node(const char *path)
{
	return open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

static void masks(void **data)
{
	struct guest *g = start(data);

	g->slots[0] = open_node("/dev/null");
	assert_true(g->slots[0] >= 0);
	make_file("secret", "x", 0644);
	make_file("other", "y", 0644);
	assert_int_equal(symlink("/other", "link"), 0);
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(mkdir("e", 0755), 0);
	make_file("d/f", "x", 0644);
	make_file("e/f", "x", 0644);
	assert_int_equal(act(g, ins_mount_mask_op, "/secret", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/link", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/d", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/e", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/missing/too", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/secret/below", 0), 0);
	assert_int_equal(act(g, ins_mount_mask_op, "/", 0), -EBUSY);
	assert_int_equal(look("secret").st_rdev, makedev(1, 3));
	assert_int_equal(look("other").st_rdev, makedev(1, 3));
	assert_int_equal(chmod("secret", 0600), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(access("d/f", F_OK), -1);
	assert_int_equal(access("e/f", F_OK), -1);
	assert_int_equal(mkdir("e/g", 0755), -1);
	assert_int_equal(errno, EROFS);
}

/* Whatever is handed over as the null device has to be it. */
static void wrong_mask(void **data)
{
	struct guest *g = start(data);

	make_file("secret", "x", 0644);
	g->slots[0] = open_node("/dev/zero");
	assert_int_equal(act(g, ins_mount_mask_op, "/secret", 0), -EINVAL);
	assert_true(S_ISREG(look("secret").st_mode));
	assert_true(act(g, ins_mount_mask_op, "/secret", 1) < 0);
}

static void readonly(void **data)
{
	struct guest *g = start(data);

	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(act(g, ins_mount_readonly_op, "/d", INS_NO_SLOT), 0);
	assert_int_equal(act(g, ins_mount_readonly_op, "/missing", INS_NO_SLOT), 0);
	assert_int_equal(mkdir("d/x", 0755), -1);
	assert_int_equal(errno, EROFS);
	/* Nothing can be mounted over the root directory: the mount itself becomes read-only. */
	assert_int_equal(act(g, ins_mount_readonly_op, "/d/..", INS_NO_SLOT), 0);
	assert_int_equal(mkdir("x", 0755), -1);
	assert_int_equal(errno, EROFS);
}

static int make_node(struct guest *g, const char *path, unsigned int minor_number, bool must_match)
{
	struct ins_op op = { .slot = INS_NO_SLOT, .path = path };

	op.node.type = S_IFCHR;
	op.node.mode = 0622;
	op.node.major = 1;
	op.node.minor = minor_number;
	op.node.gid = 7;
	op.node.must_match = must_match;
	return ins_dev_node_make_op(&g->child, &op);
}

static void nodes(void **data)
{
	struct guest *g = start(data);
	struct stat status;

	assert_int_equal(make_node(g, "/dev/sub/zero", 5, true), 0);
	status = look("dev/sub/zero");
	assert_int_equal(status.st_mode, S_IFCHR | 0622);
	assert_int_equal(status.st_rdev, makedev(1, 5));
	assert_int_equal(status.st_gid, 7);
	assert_int_equal(make_node(g, "/dev/sub/zero", 5, true), 0);
	assert_int_equal(make_node(g, "/dev/sub/zero", 3, true), -EEXIST);
	assert_int_equal(look("dev/sub/zero").st_rdev, makedev(1, 5));
	/* The runtime's own devices do not depend on what the image calls by their names. */
	make_file("victim", "", 0600);
	assert_int_equal(symlink("/victim", "dev/null"), 0);
	assert_int_equal(make_node(g, "/dev/null", 3, false), 0);
	assert_int_equal(look("dev/null").st_rdev, makedev(1, 3));
	assert_true(S_ISREG(look("victim").st_mode));
}

/* CVE-2026-41579: through a link the image chose where nodes are made and what is removed. */
static void dev_is_a_symlink(void **data)
{
	struct guest *g = start(data);
	struct ins_op op = { .slot = INS_NO_SLOT, .path = "/dev/ptmx" };

	op.text.text = "pts/ptmx";
	assert_int_equal(mkdir("elsewhere", 0755), 0);
	make_file("elsewhere/ptmx", "keep", 0600);
	assert_int_equal(symlink("elsewhere", "dev"), 0);
	assert_int_equal(make_node(g, "/dev/null", 3, false), -ELOOP);
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), -ELOOP);
	assert_int_equal(look("elsewhere/ptmx").st_size, 4);
	assert_int_equal(access("elsewhere/null", F_OK), -1);
}

static void links(void **data)
{
	struct guest *g = start(data);
	struct ins_op op = { .slot = INS_NO_SLOT, .path = "/dev/stdin" };

	/* The target is not there: no procfs. */
	op.text.text = "/proc/self/fd/0";
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), 0);
	assert_int_equal(access("dev", F_OK), -1);
	assert_int_equal(mount_fs(g, "proc", "/proc", true), 0);
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), 0);
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), 0);
	assert_true(S_ISLNK(look("dev/stdin").st_mode));
	op.path = "/dev/ptmx";
	op.text.text = "pts/ptmx";
	make_file("dev/ptmx", "x", 0600);
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), 0);
	assert_int_equal(look("dev/ptmx").st_size, strlen("pts/ptmx"));
	/* What somebody else has mounted in the rootfs keeps what it holds. */
	assert_int_equal(mount_fs(g, "tmpfs", "/dev", true), 0);
	make_file("dev/ptmx", "x", 0600);
	op.text.in_image = true;
	assert_int_equal(ins_dev_symlink_op(&g->child, &op), 0);
	assert_true(S_ISREG(look("dev/ptmx").st_mode));
}

static int copy(struct guest *g)
{
	cleanup_fd int from = open("from", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cleanup_fd int to = open("to", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return ins_copy_tree(&g->child, from, to);
}

static void copies(void **data)
{
	struct guest *g = start(data);
	const struct timespec times[2] = { { .tv_sec = 10 }, { .tv_sec = 20 } };
	struct stat status;
	char path[64];

	assert_int_equal(mkdir("from", 0755) | mkdir("to", 0755), 0);
	assert_int_equal(mkdir("from/d", 0751) | mkdir("from/d/e", 0700), 0);
	for (int i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), "from/%s/%d", i % 2 ? "d/e" : "d", i);
		make_file(path, path, 0640);
	}
	assert_int_equal(chown("from/d/e/1", 5, 6) | chmod("from/d/e/1", 04755), 0);
	assert_int_equal(symlink("/etc/passwd", "from/d/link"), 0);
	assert_int_equal(mkfifo("from/fifo", 0604), 0);
	assert_int_equal(utimensat(AT_FDCWD, "from/d", times, 0), 0);
	assert_int_equal(copy(g), 0);
	status = look("to/d/e/1");
	assert_int_equal(status.st_mode, S_IFREG | 04755);
	assert_true(status.st_uid == 5 && status.st_gid == 6);
	assert_int_equal(status.st_size, strlen("from/d/e/1"));
	assert_int_equal(look("to/d/e/399").st_size, strlen("from/d/e/399"));
	assert_int_equal(look("to/d/398").st_size, strlen("from/d/398"));
	assert_true(S_ISLNK(look("to/d/link").st_mode));
	assert_int_equal(look("to/fifo").st_mode, S_IFIFO | 0604);
	assert_int_equal(look("to/d").st_mode, S_IFDIR | 0751);
	assert_int_equal(look("to/d").st_mtime, 20);
	assert_int_equal(look("to/d").st_nlink, look("from/d").st_nlink);
}

static void copies_only_so_deep(void **data)
{
	struct guest *g = start(data);
	cleanup_fd int at = -1;

	assert_int_equal(mkdir("from", 0755) | mkdir("to", 0755), 0);
	at = open("from", O_PATH | O_CLOEXEC);
	for (int i = 0; i < 64; i++) {
		int next;

		assert_int_equal(mkdirat(at, "deeper", 0755), 0);
		next = openat(at, "deeper", O_PATH | O_CLOEXEC);
		ins_close(at);
		at = next;
	}
	assert_int_equal(copy(g), -ELOOP);
	check_detail(g, "deeper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
		TEST(filesystem),
		TEST(strict_targets),
		TEST(explains),
		TEST(remount),
		TEST(masks),
		TEST(wrong_mask),
		TEST(readonly),
		TEST(nodes),
		TEST(dev_is_a_symlink),
		TEST(links),
		TEST(copies),
		TEST(copies_only_so_deep),
	};
	int failed;

	if (geteuid() == 0 && (!mkdtemp(base) || unshare(CLONE_NEWNS) < 0 ||
				      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)) {
		perror("a mount namespace");
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (geteuid() == 0)
		(void)rmdir(base);
	return failed;
}
