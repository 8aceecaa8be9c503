/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only place where the child looks at paths of the guest. The rule: a path is text until this
 * moment, and from here on it is an fd. Every lookup starts at the fd of the new root and cannot
 * leave it, whatever links the image holds and whoever exchanges them meanwhile (openat2 with
 * RESOLVE_IN_ROOT, Linux 5.6). What is made, is made by *at calls with a single component below an
 * fd that was found so.
 */
#include <asm/errno.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "init/child.h"
#include "init/text.h"
#include "sys/bare.h"

/* A rename somewhere in the system makes RESOLVE_IN_ROOT give up with EAGAIN when it meets "..". */
#define RESOLVE_TRIES 128

/* As many as the kernel follows (path_resolution(7)). */
#define MOST_LINKS 40

static int open_below(int dirfd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	long fd = -EAGAIN;

	for (int tries = 0; fd == -EAGAIN && tries < RESOLVE_TRIES; tries++)
		fd = ins_sys(openat2, dirfd, path, &how, sizeof(how));
	return (int)fd;
}

int ins_child_open(struct ins_child *child, const char *path, uint64_t flags)
{
	return open_below(child->root_fd, path[0] ? path : ".", flags,
		RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int ins_child_open_strict(struct ins_child *child, const char *path, uint64_t flags)
{
	return open_below(
		child->root_fd, path[0] ? path : ".", flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

/* The directory that holds the component which ends at @length, and the component itself. */
static int open_parent_of(
	struct ins_child *child, const char *path, size_t length, char *name, size_t name_size)
{
	char prefix[4096];
	size_t start = length;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (length - start >= name_size || start >= sizeof(prefix))
		return -ENAMETOOLONG;
	memcpy(name, path + start, length - start);
	name[length - start] = '\0';
	memcpy(prefix, path, start);
	prefix[start] = '\0';
	return ins_child_open(child, prefix, O_PATH | O_DIRECTORY);
}

static int make_component(struct ins_child *child, const char *path, size_t length, uint32_t mode)
{
	char name[256];
	int parent = open_parent_of(child, path, length, name, sizeof(name));
	long result;

	if (parent < 0)
		return parent;
	if (mode == S_IFDIR) {
		result = ins_sys(mkdirat, parent, name, 0755);
	} else {
		result = ins_sys(openat, parent, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (result >= 0)
			(void)ins_sys(close, result);
	}
	(void)ins_sys(close, parent);
	/* Somebody was faster, or a symlink that leads nowhere bears the name: the caller's second
	 * look tells. */
	return result < 0 && result != -EEXIST ? (int)result : 0;
}

/*
 * A symlink that leads nowhere yet bears the name that ends at @length: put its text into the path
 * in its place, so that what it names is made. Who exchanged it meanwhile gains nothing by it: the
 * new path is only text, too.
 */
static int follow_link(struct ins_child *child, char *path, size_t size, size_t length)
{
	char name[256], link[4096], rest[4096];
	int parent = open_parent_of(child, path, length, name, sizeof(name));
	size_t start = length;
	long n;

	if (parent < 0)
		return parent;
	n = ins_sys(readlinkat, parent, name, link, sizeof(link) - 1);
	(void)ins_sys(close, parent);
	/* No symlink, or gone again: look once more. */
	if (n < 0)
		return n == -EINVAL || n == -ENOENT ? 0 : (int)n;
	link[n] = '\0';
	while (start > 0 && link[0] != '/' && path[start - 1] != '/')
		start--;
	if (link[0] == '/')
		start = 0;
	n = ins_text_copy(rest, sizeof(rest), path + length);
	path[start] = '\0';
	if (n >= 0)
		n = ins_text_append(path, size, link);
	if (n >= 0)
		n = ins_text_append(path, size, rest);
	return n < 0 ? (int)n : 0;
}

/* One way down @path, making what is missing. Return: an fd, −errno, or −EAGAIN if a symlink had to
 * be put into the path. */
static int make_path(struct ins_child *child, char *path, size_t size, uint32_t mode)
{
	size_t length = ins_text_length(path);

	while (length > 0 && path[length - 1] == '/')
		path[--length] = '\0';
	for (size_t end = 1; end <= length; end++) {
		uint32_t what = end == length ? mode : S_IFDIR;
		char saved = path[end];
		int fd, result = 0;

		if ((saved != '/' && saved != '\0') || path[end - 1] == '/')
			continue;
		path[end] = '\0';
		fd = ins_child_open(child, path, O_PATH);
		if (fd == -ENOENT) {
			result = make_component(child, path, end, what);
			fd = result < 0 ? result : ins_child_open(child, path, O_PATH);
		}
		path[end] = saved;
		if (result == 0 && fd == -ENOENT) {
			result = follow_link(child, path, size, end);
			return result < 0 ? result : -EAGAIN;
		}
		if (fd < 0 || end == length)
			return fd;
		(void)ins_sys(close, fd);
	}
	return -ENOENT;
}

int ins_child_make(struct ins_child *child, const char *path, uint32_t mode)
{
	char way[4096];
	int fd = ins_child_open(child, path, O_PATH);
	long length;

	if (fd != -ENOENT)
		return fd;
	length = ins_text_copy(way, sizeof(way), path);
	if (length < 0)
		return (int)length;
	/* Mostly only the last component is missing. */
	if (length > 0 && make_component(child, way, (size_t)length, mode) == 0) {
		fd = ins_child_open(child, way, O_PATH);
		if (fd != -ENOENT)
			return fd;
	}
	for (int links = 0; links < MOST_LINKS; links++) {
		fd = make_path(child, way, sizeof(way), mode);
		if (fd != -EAGAIN)
			return fd;
	}
	return -ELOOP;
}

int ins_child_parent(struct ins_child *child, const char *path, const char **ret_name)
{
	char prefix[4096];
	size_t start = ins_text_length(path);
	int fd;

	while (start > 0 && path[start - 1] != '/')
		start--;
	if (start >= sizeof(prefix))
		return -ENAMETOOLONG;
	memcpy(prefix, path, start);
	prefix[start] = '\0';
	fd = ins_child_make(child, prefix, S_IFDIR);
	if (fd >= 0)
		*ret_name = path + start;
	return fd;
}

int ins_child_proc_write(struct ins_child *child, const char *path, const char *text)
{
	size_t length = ins_text_length(text);
	long result;
	int fd;

	fd = open_below(child->slots[INS_SLOT_PROC], path, O_WRONLY | O_NOFOLLOW,
		RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);
	if (fd < 0)
		return fd;
	result = ins_sys(write, fd, text, length);
	(void)ins_sys(close, fd);
	if (result < 0)
		return (int)result;
	/* procfs takes a value whole or not at all; a part would be another value. */
	return (size_t)result == length ? 0 : -EIO;
}
