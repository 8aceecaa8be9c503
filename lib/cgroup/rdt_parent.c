/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of resctrl: made, filled, removed. The kernel's own words for what it refuses are in a file
 * beside them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "cgroup/rdt.h"
#include "plan/run.h"

#define LARGEST_SCHEMATA ((size_t)1 << 20)

static int open_group(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The directory that a group is in, and its name there. */
static int open_above(const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *above = strndup(path, (size_t)(slash - path));

	if (!above)
		return -ENOMEM;
	*ret_name = slash + 1;
	return open_group(above);
}

/* What the kernel says of the last command, "ok" if it says nothing. */
static void read_complaint(int group, char *text, size_t size)
{
	/* It lies at the top, and a group below that or, to monitor, two levels further down. */
	static const char *const files[] = { "info/last_cmd_status", "../info/last_cmd_status",
		"../../info/last_cmd_status", "../../../info/last_cmd_status" };
	ssize_t n = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(files) && n <= 0; i++) {
		cleanup_fd int fd = openat(group, files[i], O_RDONLY | O_CLOEXEC);

		n = fd < 0 ? 0 : read(fd, text, size - 1);
	}
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
}

static int write_line(
	int group, const char *file, const char *line, size_t length, struct ins_error *err)
{
	cleanup_fd int fd = openat(group, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	char complaint[128], text[1024];
	int code;

	if (length >= sizeof(text) - 1)
		return ins_error_text(err, E2BIG, "a line for %s is longer than %zu bytes", file,
			sizeof(text) - 2);
	snprintf(text, sizeof(text), "%.*s\n", (int)length, line);
	if (fd >= 0 && write(fd, text, length + 1) >= 0)
		return 0;
	code = errno;
	read_complaint(group, complaint, sizeof(complaint));
	return ins_error_set(err, code, "write \"%.*s\" to %s%s%s", (int)length, line, file,
		complaint[0] ? ": " : "", complaint);
}

/* Each line is a command of its own: so the error names the one that is wrong. */
static int write_lines(int group, const char *text, struct ins_error *err)
{
	int r = 0;

	while (text && *text && r == 0) {
		size_t length = strcspn(text, "\n");

		if (length > 0)
			r = write_line(group, "schemata", text, length, err);
		text += length + (text[length] == '\n');
	}
	return r;
}

int ins_rdt_read(const char *group, char **ret_text, struct ins_error *err)
{
	cleanup_fd int fd = open_group(group);

	if (fd < 0)
		return ins_error_set(err, -fd, "open %s", group);
	return ins_file_read(fd, "schemata", LARGEST_SCHEMATA, ret_text, NULL, err);
}

int ins_rdt_write(const char *group, const char *text, struct ins_error *err)
{
	cleanup_fd int fd = open_group(group);

	if (fd < 0)
		return ins_error_set(err, -fd, "open %s", group);
	return write_lines(fd, text, err);
}

/* Is @line, up to its end, one of those of @schemata? Blanks do not count. */
static bool has_line(const char *schemata, const char *line, size_t length)
{
	while (*schemata) {
		const char *end = schemata + strcspn(schemata, "\n");

		schemata += strspn(schemata, " ");
		if ((size_t)(end - schemata) == length && memcmp(schemata, line, length) == 0)
			return true;
		schemata = end + (*end == '\n');
	}
	return false;
}

/* config-linux.md: the schemas of a group that others may be in have to be those that are wanted. */
static int compare(int group, const char *wanted, struct ins_error *err)
{
	cleanup_free char *schemata = NULL;
	int r = wanted ? ins_file_read(group, "schemata", LARGEST_SCHEMATA, &schemata, NULL, err)
		       : 0;

	while (r == 0 && wanted && *wanted) {
		size_t length = strcspn(wanted, "\n");

		if (!has_line(schemata, wanted, length))
			return ins_error_text(err, EINVAL,
				"the group is there, and \"%.*s\" is no line of its schemata",
				(int)length, wanted);
		wanted += length + 1;
	}
	return r;
}

int ins_rdt_remove(const char *path, struct ins_error *err)
{
	const char *name = NULL;
	cleanup_fd int above = open_above(path, &name);
	int r = above < 0 ? above : 0;

	if (r == 0 && unlinkat(above, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r < 0 && r != -ENOENT ? ins_error_set(err, -r, "remove the resctrl group %s", path)
				     : 0;
}

static void remove_made(void *data, long number)
{
	struct ins_run *run = data;
	struct ins_error why = { 0 };

	(void)number;
	if (ins_rdt_remove(run->rdt_made, &why) < 0)
		ins_run_undo_failed(run, &why);
}

/* Make a directory that the record names before it is there. */
static int make_directory(struct ins_run *run, const char *path, struct ins_error *err)
{
	/* What lies in a group that is ours goes with it. */
	bool is_first = !run->rdt_made;
	const char *name = NULL;
	cleanup_fd int above = open_above(path, &name);
	int r = above < 0 ? ins_error_set(err, -above, "open what %s is in", path) : 0;

	if (r == 0 && is_first) {
		run->rdt_made = path;
		r = run->rdt_will_be_used ? run->rdt_will_be_used(run, err) : 0;
	}
	if (r == 0 && mkdirat(above, name, 0755) < 0)
		r = ins_error_set(err, errno, "make the resctrl group %s", path);
	if (r == 0 && is_first)
		ins_undo_push(&run->undo, remove_made, run, 0);
	return r;
}

/* The group with its schemata. Return: its fd or −errno. */
static int prepare_group(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int group = open_group(op->path);
	bool is_new = group == -ENOENT && op->rdt.may_make;
	int r = 0;

	if (group >= 0 && op->rdt.is_own)
		return ins_error_set(err, EEXIST, "make the resctrl group %s", op->path);
	if (is_new) {
		r = make_directory(run, op->path, err);
		if (r < 0)
			return r;
		group = open_group(op->path);
	}
	if (group < 0)
		return ins_error_set(err, -group, "open the resctrl group %s", op->path);
	r = is_new ? write_lines(group, op->rdt.schema, err) : compare(group, op->rdt.schema, err);
	for (uint32_t i = 0; r == 0 && i < op->rdt.schemata.n; i++)
		r = write_lines(group, op->rdt.schemata.v[i], err);
	return r < 0 ? r : TAKE_FD(group);
}

static int add_task(int group, pid_t pid, struct ins_error *err)
{
	char number[16];
	int n = snprintf(number, sizeof(number), "%d", (int)pid);

	return write_line(group, "tasks", number, (size_t)n, err);
}

int ins_rdt_assign_op(struct ins_run *run, const struct ins_op *op, struct ins_error *err)
{
	cleanup_fd int group = -1, monitor = -1;
	int r;

	run->rdt_group = op->path;
	group = prepare_group(run, op, err);
	if (group < 0)
		return group;
	r = add_task(group, run->pid, err);
	if (r < 0 || !op->rdt.monitor)
		return r;
	r = make_directory(run, op->rdt.monitor, err);
	if (r < 0)
		return r;
	monitor = open_group(op->rdt.monitor);
	if (monitor < 0)
		return ins_error_set(err, -monitor, "open the resctrl group %s", op->rdt.monitor);
	return add_task(monitor, run->pid, err);
}
