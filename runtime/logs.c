/* SPDX-License-Identifier: Apache-2.0 */
/* What partitions have said: the journal's of units of systemd, else the log that insula-keeper writes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "each.h"
#include "insula_partition.h"
#include "output.h"

struct logs_options {
	bool follow, all;
	const char *lines;
};

static const struct option logs_options[] = {
	{ "follow", 'f', OPTION_FLAG, offsetof(struct logs_options, follow), NULL, NULL,
		"go on with what is said from now on" },
	{ "lines", 'n', OPTION_STRING, offsetof(struct logs_options, lines), "N", NULL,
		"only the last N lines of each (default: all that is kept)" },
	ALL_OPTION(struct logs_options),
	{},
};

struct source {
	const char *name;
	char directory[PATH_MAX];
	char unit[96];
	int log;   /* what is being read; -1: there is none yet */
	int watch; /* of inotify */
};

struct reading {
	struct source *sources;
	size_t n;
	unsigned int lines;
	bool is_shown;               /* by a terminal, which would obey control characters */
	const struct source *within; /* whose line has no end yet; NULL: none */
};

static int find_source(void *data, const struct ins_partition_info *info)
{
	struct source *source = data;

	snprintf(source->directory, sizeof(source->directory), "%s", info->directory);
	snprintf(source->unit, sizeof(source->unit), "%s", info->unit ? info->unit : "");
	return 0;
}

/* Neither waits at a fifo nor leaves the directory. Return: −1: there is no such log. */
static int open_log(const struct source *source, const char *name)
{
	char path[PATH_MAX + sizeof("/log.1")];

	snprintf(path, sizeof(path), "%s/%s", source->directory, name);
	return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static void print_line(const struct reading *reading, char *text, size_t n)
{
	if (!reading->is_shown) {
		fwrite(text, 1, n, stdout);
		return;
	}
	for (size_t i = 0; i < n; i++)
		text[i] = text[i] ? text[i] : '\1';
	text[n] = '\0';
	output_text(text);
}

/* @text has room for one byte more. */
static void print(struct reading *reading, const struct source *source, char *text, size_t n)
{
	while (n > 0) {
		char *end = memchr(text, '\n', n);
		size_t length = end ? (size_t)(end - text) : n;

		if (reading->within && reading->within != source)
			putchar('\n');
		if (reading->within != source && reading->n > 1)
			printf("%s | ", source->name);
		print_line(reading, text, length);
		if (end)
			putchar('\n');
		reading->within = end ? NULL : source;
		length += end ? 1 : 0;
		text += length;
		n -= length;
	}
}

static void print_rest(struct reading *reading, const struct source *source, int fd)
{
	char buffer[8192 + 1];
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buffer, sizeof(buffer) - 1)) > 0)
		print(reading, source, buffer, (size_t)n);
}

/* Go to where the last @lines lines begin. Return: how many of them this file does not have. */
static unsigned int seek_lines(int fd, unsigned int lines)
{
	char buffer[8192];
	struct stat st;
	off_t at = fstat(fd, &st) == 0 ? st.st_size : 0;

	/* The newline at the very end is the last line's own. */
	for (off_t last = at - 1; at > 0;) {
		off_t from = at > (off_t)sizeof(buffer) ? at - (off_t)sizeof(buffer) : 0;
		ssize_t n = pread(fd, buffer, (size_t)(at - from), from);

		for (ssize_t i = n - 1; i >= 0; i--) {
			if (buffer[i] != '\n' || from + i == last)
				continue;
			if (lines <= 1) {
				lseek(fd, lines ? from + i + 1 : st.st_size, SEEK_SET);
				return 0;
			}
			lines--;
		}
		at = n > 0 ? from : 0;
	}
	lseek(fd, lines ? 0 : st.st_size, SEEK_SET);
	return lines && st.st_size > 0 ? lines - 1 : lines;
}

static void print_kept(struct reading *reading, struct source *source, bool follows)
{
	unsigned int missing;
	int old;

	source->log = open_log(source, "log");
	missing = source->log < 0 ? reading->lines : seek_lines(source->log, reading->lines);
	old = missing > 0 ? open_log(source, "log.1") : -1;
	if (old >= 0) {
		seek_lines(old, missing);
		print_rest(reading, source, old);
		close(old);
	}
	print_rest(reading, source, source->log);
	if (!follows && source->log >= 0) {
		close(source->log);
		source->log = -1;
	}
}

/* Has the keeper begun a new one? The old one has all that will ever be in it, then. */
static void go_on(struct reading *reading, struct source *source)
{
	struct stat now, next;
	int fd = open_log(source, "log");

	print_rest(reading, source, source->log);
	if (fd < 0)
		return;
	if (source->log >= 0 && fstat(source->log, &now) == 0 && fstat(fd, &next) == 0 &&
		now.st_dev == next.st_dev && now.st_ino == next.st_ino) {
		close(fd);
		return;
	}
	print_rest(reading, source, source->log);
	if (source->log >= 0)
		close(source->log);
	source->log = fd;
	print_rest(reading, source, fd);
}

/* Each log that is followed stays open; 1024 files are what a process may have unless it asks for more. */
static void allow_files(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int watch(struct reading *reading, int inotify, struct ins_error *err)
{
	for (size_t i = 0; i < reading->n; i++) {
		struct source *source = &reading->sources[i];

		source->watch = inotify_add_watch(inotify, source->directory,
			IN_MODIFY | IN_CREATE | IN_MOVE_SELF | IN_ONLYDIR);
		if (source->watch < 0)
			return error_set(
				err, errno, "watch %s: %s", source->directory, strerror(errno));
	}
	return 0;
}

/* A partition that is removed has its directory hidden first, under another name. Return: one less to follow. */
static bool is_end(struct reading *reading, const struct inotify_event *event)
{
	if (!(event->mask & (IN_MOVE_SELF | IN_IGNORED)))
		return false;
	for (size_t i = 0; i < reading->n; i++) {
		if (reading->sources[i].watch == event->wd) {
			reading->sources[i].watch = -1;
			return true;
		}
	}
	return false;
}

/* Until nothing is left to follow. */
static int follow(struct reading *reading, int inotify, struct ins_error *err)
{
	union {
		struct inotify_event event;
		char space[sizeof(struct inotify_event) + NAME_MAX + 1];
	} buffer[16];
	size_t left = reading->n;
	int r = output_flush(err);

	while (r == 0 && left > 0) {
		ssize_t n = read(inotify, buffer, sizeof(buffer));
		const struct inotify_event *event;

		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "wait for output: %s", strerror(errno));
		for (char *at = (char *)buffer; n > 0 && at < (char *)buffer + n;
			at += sizeof(*event) + event->len) {
			event = (const void *)at;
			left -= is_end(reading, event) ? 1 : 0;
		}
		for (size_t i = 0; i < reading->n; i++)
			go_on(reading, &reading->sources[i]);
		r = output_flush(err);
	}
	return r;
}

static int read_logs(struct reading *reading, bool follows, struct ins_error *err)
{
	int inotify = -1, r = 0;

	/* Before the first look: nothing falls between the two. */
	if (follows) {
		allow_files();
		inotify = inotify_init1(IN_CLOEXEC);
		if (inotify < 0)
			return error_set(err, errno, "make an inotify: %s", strerror(errno));
		r = watch(reading, inotify, err);
	}
	for (size_t i = 0; r == 0 && i < reading->n; i++)
		print_kept(reading, &reading->sources[i], follows);
	if (r == 0)
		r = follows ? follow(reading, inotify, err) : output_flush(err);
	if (inotify >= 0)
		close(inotify);
	return r;
}

/* All of a library are units, or none is. */
static int ask_journal(
	const struct reading *reading, const struct logs_options *options, struct ins_error *err)
{
	const char **argv = calloc(2 * reading->n + 6, sizeof(*argv));
	size_t n = 0;

	if (!argv)
		return error_set(err, ENOMEM, "out of memory");
	argv[n++] = "journalctl";
	if (options->follow)
		argv[n++] = "--follow";
	argv[n++] = "--lines";
	argv[n++] = options->lines ? options->lines : "all";
	for (size_t i = 0; i < reading->n; i++) {
		argv[n++] = "--unit";
		argv[n++] = reading->sources[i].unit;
	}
	execvp(argv[0], (char **)argv);
	free(argv);
	return error_set(err, errno, "execute journalctl, which has the output of %s: %s",
		reading->sources[0].unit, strerror(errno));
}

static int find_sources(const struct call *call, const struct names *names, struct reading *reading,
	struct ins_error *err)
{
	int r = 0;

	reading->sources = calloc(names->n, sizeof(*reading->sources));
	if (!reading->sources)
		return error_set(err, ENOMEM, "out of memory");
	for (; r == 0 && reading->n < names->n; reading->n++) {
		struct source *source = &reading->sources[reading->n];

		source->name = names->v[reading->n];
		source->log = -1;
		r = ins_partition_show(call->context, source->name, find_source, source, err);
	}
	return r;
}

static int logs(const struct call *call, struct ins_error *err)
{
	const struct logs_options *options = call->options;
	struct reading reading = { .lines = UINT_MAX, .is_shown = isatty(STDOUT_FILENO) };
	struct names names = {};
	int r;

	if (options->lines &&
		options_number(options->lines, strlen(options->lines), INT_MAX, &reading.lines) < 0)
		return error_set(
			err, EINVAL, "--lines: `%s` is no number of lines", options->lines);
	r = names_find(call, call->args, options->all, NAMES_OF_PARTITIONS, &names, err);
	if (r == 0 && names.n > 0)
		r = find_sources(call, &names, &reading, err);
	if (r == 0 && reading.n > 0)
		r = reading.sources[0].unit[0] ? ask_journal(&reading, options, err)
					       : read_logs(&reading, options->follow, err);
	for (size_t i = 0; i < reading.n; i++) {
		if (reading.sources[i].log >= 0)
			close(reading.sources[i].log);
	}
	free(reading.sources);
	names_clear(&names);
	return r;
}

const struct verb verb_logs = {
	.name = "logs",
	.summary = "print what partitions have said",
	.synopsis = "NAME...",
	.options = logs_options,
	.options_size = sizeof(struct logs_options),
	.max_args = SIZE_MAX,
	.run = logs,
};
