/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the program says what went wrong. Errors go to the log file, if there is one, and as plain
 * text to the standard error; all else goes to the log file, or to the standard error without one.
 */
#ifndef RUNTIME_LOG_H
#define RUNTIME_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "insula.h"

enum log_format {
	LOG_TEXT,
	LOG_JSON,
};

struct log {
	int fd; /* the log file; −1: none */
	enum log_format format;
	enum ins_log_level level; /* the most talkative level that is let through */
	size_t held_size;
	char held[4096]; /* warnings that wait for the verb's end */
};

/* The words of enum ins_log_level, NULL-terminated. */
extern const char *const log_levels[];

/**
 * log_open - open the log file
 * @target: a path, "file:PATH", or "" for none
 *
 * Return: 0, −EOPNOTSUPP for "journald:…" and "syslog:…", or what open() says.
 */
int log_open(struct log *log, const char *target, struct ins_error *err);

/**
 * log_shown_length - the bytes of the character at @text
 *
 * Return: 0 if it is no UTF-8, or nothing that ins_character_is_shown() lets through.
 */
size_t log_shown_length(const char *text);

/* log_write - one record; an ins_log_fn, @data is the struct log. */
void log_write(void *data, enum ins_log_level level, const char *text);

/* log_close - @failed: the verb failed, so nothing may join its error in the log file. */
void log_close(struct log *log, bool failed);

/**
 * error_set - record an error of the program's own
 * @code: a positive errno value
 * @fmt: printf format of the whole words
 *
 * The first error wins. Return: −@code.
 */
int error_set(struct ins_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
