/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

/* One record goes out in one write(): O_APPEND then keeps the records of several calls apart. */
struct line {
	size_t used;
	char data[8192];
};

/* Room for what closes a record, so that a text that is too long is cut and the record whole. */
#define LINE_TAIL 64

const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };

static void add(struct line *line, size_t limit, const char *text)
{
	size_t size = strlen(text);

	if (line->used + size > limit)
		return;
	memcpy(line->data + line->used, text, size);
	line->used += size;
}

size_t log_shown_length(const char *text)
{
	uint32_t code;
	size_t length = ins_character(text, &code);

	return ins_character_is_shown(code) ? length : 0;
}

/* Names of files are bytes, JSON is UTF-8: what is none becomes U+FFFD. */
static void add_escaped(struct line *line, const char *text)
{
	const size_t limit = sizeof(line->data) - LINE_TAIL;

	while (*text) {
		uint32_t code;
		size_t length = ins_character(text, &code);
		char piece[16];

		if (length == 0) {
			length = 1;
			snprintf(piece, sizeof(piece), "\\ufffd");
		} else if (*text == '"' || *text == '\\') {
			snprintf(piece, sizeof(piece), "\\%c", *text);
		} else if (!ins_character_is_shown(code) && code > 0xffff) {
			/* What JSON has but pairs for is nothing that anybody misses. */
			snprintf(piece, sizeof(piece), "\\ufffd");
		} else if (!ins_character_is_shown(code)) {
			snprintf(piece, sizeof(piece), "\\u%04x", (unsigned int)code);
		} else {
			snprintf(piece, sizeof(piece), "%.*s", (int)length, text);
		}
		if (line->used + strlen(piece) > limit)
			return;
		add(line, limit, piece);
		text += length;
	}
}

/* RFC 3339 in UTC: local time would read the zone files. */
static void format_now(char *buffer, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(buffer, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void format_record(
	struct line *line, enum log_format format, enum ins_log_level level, const char *text)
{
	char now[32];

	format_now(now, sizeof(now));
	line->used = 0;
	switch (format) {
	case LOG_TEXT:
		add(line, sizeof(line->data), "time=\"");
		add(line, sizeof(line->data), now);
		add(line, sizeof(line->data), "\" level=");
		add(line, sizeof(line->data), log_levels[level]);
		add(line, sizeof(line->data), " msg=\"");
		add_escaped(line, text);
		add(line, sizeof(line->data), "\"\n");
		break;
	case LOG_JSON:
		add(line, sizeof(line->data), "{\"level\":\"");
		add(line, sizeof(line->data), log_levels[level]);
		add(line, sizeof(line->data), "\",\"msg\":\"");
		add_escaped(line, text);
		add(line, sizeof(line->data), "\",\"time\":\"");
		add(line, sizeof(line->data), now);
		add(line, sizeof(line->data), "\"}\n");
		break;
	}
}

/* For people: no time, and no control characters, which could steer their terminal. */
static void format_plain(struct line *line, enum ins_log_level level, const char *text)
{
	int n;

	n = snprintf(line->data, sizeof(line->data), "insula: %s%s%s",
		level == INS_LOG_ERROR ? "" : log_levels[level], level == INS_LOG_ERROR ? "" : ": ",
		text);
	line->used = n < (int)sizeof(line->data) ? (size_t)n : sizeof(line->data) - 1;
	for (size_t i = 0, length; i < line->used; i += length) {
		length = log_shown_length(line->data + i);
		if (length == 0) {
			line->data[i] = '?';
			length = 1;
		}
	}
	line->data[line->used++] = '\n';
}

/* A log that cannot be written has nowhere to be reported, hence no result. */
static void put(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		size -= (size_t)n;
	}
}

static void put_held(struct log *log)
{
	put(log->fd, log->held, log->held_size);
	log->held_size = 0;
}

/*
 * podman takes the log file of a failed call for a single JSON object and falls back to the
 * standard error if it is not, so warnings wait until it is known that no error follows. Whoever
 * asked for more than warnings wants to see them at once.
 */
static void put_file(struct log *log, enum ins_log_level level, const struct line *line)
{
	if (level != INS_LOG_WARNING || log->level > INS_LOG_WARNING) {
		put(log->fd, line->data, line->used);
		return;
	}
	if (line->used > sizeof(log->held) - log->held_size)
		put_held(log);
	if (line->used > sizeof(log->held)) {
		put(log->fd, line->data, line->used);
		return;
	}
	memcpy(log->held + log->held_size, line->data, line->used);
	log->held_size += line->used;
}

void log_write(void *data, enum ins_log_level level, const char *text)
{
	struct log *log = data;
	struct line line;

	if (level > log->level)
		return;
	if (log->fd >= 0) {
		format_record(&line, log->format, level, text);
		put_file(log, level, &line);
		if (level != INS_LOG_ERROR)
			return;
	}
	if (log->fd < 0 && log->format == LOG_JSON)
		format_record(&line, log->format, level, text);
	else
		format_plain(&line, level, text);
	put(STDERR_FILENO, line.data, line.used);
}

int log_open(struct log *log, const char *target, struct ins_error *err)
{
	int fd;

	if (!strncmp(target, "journald:", 9) || !strncmp(target, "syslog:", 7))
		return error_set(
			err, EOPNOTSUPP, "--log: `%s` is not supported, only files are", target);
	if (!strncmp(target, "file:", 5))
		target += 5;
	if (!target[0])
		return 0;
	/* A fifo that nobody reads would hold us up. */
	fd = open(target, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0)
		return error_set(err, errno, "--log: open %s: %m", target);
	log->fd = fd;
	return 0;
}

void log_close(struct log *log, bool failed)
{
	if (log->fd < 0)
		return;
	if (!failed)
		put_held(log);
	(void)close(log->fd);
	log->fd = -1;
}

int error_set(struct ins_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	if (err->code)
		return -code;
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	return -code;
}
