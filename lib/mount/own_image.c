/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "mount/own_image.h"
#include "sys/bare.h"
#include "sys/program.h"

/* Not in the kernel's headers for programs. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, __u64)

#define BLOCK_SIZE_TEXT "4096"
#define BLOCK_SIZE      4096

/* Others look for a free device, too. */
#define ATTACH_TRIES 64

#define DEVICE_SIZE 32

/* --- making ------------------------------------------------------------------------------------------ */

static const char *const mke2fs_paths[] = { "/usr/sbin/mke2fs", "/sbin/mke2fs" };

/* What a program has said on its standard error; its last line is the reason. */
static void read_last_line(int fd, char *line, size_t size)
{
	ssize_t n = pread(fd, line, size - 1, 0);
	char *end;

	line[n > 0 ? n : 0] = '\0';
	while ((end = strrchr(line, '\n')) && !end[1])
		*end = '\0';
	if (end)
		memmove(line, end + 1, strlen(end + 1) + 1);
}

static int run_mke2fs(const char *const *argv, struct ins_error *err)
{
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	cleanup_fd int said = memfd_create("insula-mke2fs", MFD_CLOEXEC);
	const int fds[] = { null, null, said };
	char line[256];
	int status = 0, r = -ENOENT;
	pid_t pid;

	if (null < 0 || said < 0)
		return ins_error_set(err, errno, "prepare for mke2fs");
	for (size_t i = 0; i < ARRAY_LENGTH(mke2fs_paths) && r == -ENOENT; i++)
		r = ins_program_start(mke2fs_paths[i], (char *const *)argv,
			(char *const *)environment, fds, ARRAY_LENGTH(fds), &pid);
	if (r == 0)
		r = ins_program_wait(pid, &status);
	if (r == -ENOENT)
		return ins_error_text(err, ENOENT,
			"mke2fs is not there, which makes a file system for it: install e2fsprogs");
	if (r < 0)
		return ins_error_set(err, -r, "run mke2fs");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	read_last_line(said, line, sizeof(line));
	return ins_error_text(err, EIO, "mke2fs has failed: %s", line);
}

/* What is not written now is left to the kernel, which need not do it either: the file reads as zeros. */
int ins_own_image_make(
	int dir, const char *name, uint64_t size, const char *content, struct ins_error *err)
{
	cleanup_fd int fd =
		openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	char path[64];
	const char *const argv[] = { "mke2fs", "-q", "-F", "-t", "ext4", "-b", BLOCK_SIZE_TEXT,
		"-m", "0", "-I", "256", "-J", "size=4", "-E",
		"nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0", "-d", content,
		path, NULL };
	int r;

	if (fd < 0)
		return ins_error_set(err, errno, "make %s", name);
	/* In the program's eyes it is another process's. */
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	r = ftruncate(fd, (off_t)size) < 0 ? ins_error_set(err, errno, "make %s", name)
					   : run_mke2fs(argv, err);
	if (r == 0 && fdatasync(fd) < 0)
		r = ins_error_set(err, errno, "write %s", name);
	if (r < 0)
		(void)unlinkat(dir, name, 0);
	return r;
}

/* --- loop devices ------------------------------------------------------------------------------------ */

/* Is this the device of that file? */
static bool has_file(int device, const struct stat *file)
{
	struct loop_info64 info;

	return ioctl(device, LOOP_GET_STATUS64, &info) == 0 && info.lo_inode == file->st_ino &&
	       info.lo_device == file->st_dev;
}

/* The device that has a file already. Return: an fd, −ENODEV: none. */
static int find_device(int file, char device[DEVICE_SIZE])
{
	cleanup_dir DIR *blocks = opendir("/sys/block");
	struct dirent *entry;
	struct stat s;

	if (!blocks || fstat(file, &s) < 0)
		return -ENODEV;
	while ((entry = readdir(blocks))) {
		int fd;

		if (strncmp(entry->d_name, "loop", 4) != 0 ||
			snprintf(device, DEVICE_SIZE, "/dev/%s", entry->d_name) >= DEVICE_SIZE)
			continue;
		fd = open(device, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && has_file(fd, &s))
			return fd;
		ins_close(fd);
	}
	return -ENODEV;
}

/* It lets go of the file by itself when nothing of it is mounted or open any more. Without direct I/O all
 * would be in the page cache twice; not every file system has that. */
static int configure(int device, int file)
{
	struct loop_config config = { .fd = (__u32)file,
		.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO };

	if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	return ioctl(device, LOOP_CONFIGURE, &config) < 0 ? -errno : 0;
}

static int attach_device(int file, char device[DEVICE_SIZE])
{
	cleanup_fd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);

	if (control < 0)
		return -errno;
	for (int i = 0; i < ATTACH_TRIES; i++) {
		int number = ioctl(control, LOOP_CTL_GET_FREE);
		cleanup_fd int fd = -1;
		int r;

		if (number < 0)
			return -errno;
		snprintf(device, DEVICE_SIZE, "/dev/loop%d", number);
		fd = open(device, O_RDWR | O_CLOEXEC);
		r = fd < 0 ? -errno : configure(fd, file);
		if (r == 0)
			return TAKE_FD(fd);
		if (r != -EBUSY)
			return r;
	}
	return -EBUSY;
}

/* --- mounting ---------------------------------------------------------------------------------------- */

static int mount_device(const char *device)
{
	cleanup_fd int context = (int)ins_sys(fsopen, "ext4", FSOPEN_CLOEXEC);
	long r = context;

	if (r >= 0)
		r = ins_sys(fsconfig, context, FSCONFIG_SET_STRING, "source", device, 0);
	/* Else the kernel would fill the holes in the file, bit by bit. */
	if (r >= 0)
		r = ins_sys(fsconfig, context, FSCONFIG_SET_FLAG, "noinit_itable", NULL, 0);
	if (r >= 0)
		r = ins_sys(fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	return r < 0 ? (int)r : (int)ins_sys(fsmount, context, FSMOUNT_CLOEXEC, 0);
}

/* The device of a file, which is attached to one if it is not yet. */
static int get_device(int file, const char *path, char name[DEVICE_SIZE], struct ins_error *err)
{
	int device = find_device(file, name);

	if (device < 0)
		device = attach_device(file, name);
	return device < 0 ? ins_error_set(err, -device, "get a loop device for %s", path) : device;
}

int ins_own_image_mount(const char *path, struct ins_error *err)
{
	cleanup_fd int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int device = -1;
	char name[DEVICE_SIZE];
	int mount;

	if (file < 0)
		return ins_error_set(err, errno, "open %s", path);
	device = get_device(file, path, name, err);
	if (device < 0)
		return device;
	mount = mount_device(name);
	return mount < 0 ? ins_error_set(err, -mount, "mount the file system in %s", path) : mount;
}

/* --- growing ----------------------------------------------------------------------------------------- */

static int fill(int device, const char *name, uint64_t size)
{
	__u64 blocks = size / BLOCK_SIZE;
	cleanup_fd int mount = -1, root = -1;

	if (ioctl(device, LOOP_SET_CAPACITY) < 0)
		return -errno;
	mount = mount_device(name);
	if (mount < 0)
		return mount;
	root = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return root < 0 || ioctl(root, EXT4_IOC_RESIZE_FS, &blocks) < 0 ? -errno : 0;
}

int ins_own_image_grow(const char *path, uint64_t size, struct ins_error *err)
{
	cleanup_fd int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	cleanup_fd int device = -1;
	char name[DEVICE_SIZE];
	struct stat before;
	int r;

	if (file < 0 || fstat(file, &before) < 0)
		return ins_error_set(err, errno, "open %s", path);
	device = get_device(file, path, name, err);
	if (device < 0)
		return device;
	r = ftruncate(file, (off_t)size) < 0 ? -errno : fill(device, name, size);
	if (r == 0)
		return 0;
	/* The file system has not got to what is cut off. */
	if (ftruncate(file, before.st_size) == 0)
		(void)ioctl(device, LOOP_SET_CAPACITY);
	return ins_error_set(err, -r, "let the file system in %s grow%s", path,
		r == -EPERM ? " (it takes CAP_SYS_RESOURCE)" : "");
}
