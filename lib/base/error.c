/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* Control characters in what the input contributed must not reach a terminal or split a log line. Those that are more
 * than a byte are for who shows the text: a log can escape them (ins_character_is_shown()). */
static void make_printable(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
	}
}

static int record(struct ins_error *err, int code, const char *prefix, const char *fmt, va_list ap,
	bool with_errno)
{
	size_t used = 0;
	int n;

	if (!err || err->code)
		return -code;
	err->code = code;
	err->text[0] = '\0';
	if (prefix && prefix[0]) {
		n = snprintf(err->text, sizeof(err->text), "%s: ", prefix);
		used = n < 0 ? 0 : (size_t)n;
		if (used >= sizeof(err->text))
			used = sizeof(err->text) - 1;
	}
	n = vsnprintf(err->text + used, sizeof(err->text) - used, fmt, ap);
	used += n < 0 ? 0 : (size_t)n;
	if (used >= sizeof(err->text))
		used = sizeof(err->text) - 1;
	if (with_errno) {
		/* strerrordesc_np() takes no lock and has no locale (glibc 2.32). */
		const char *words = strerrordesc_np(code);

		/* Callers look for these texts case-insensitively; "no such process" alone is
		 * matched with a small letter, and only where we say it ourselves. */
		snprintf(err->text + used, sizeof(err->text) - used, ": %s",
			words ? words : "Unknown error");
	}
	make_printable(err->text);
	return -code;
}

int ins_error_set(struct ins_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, code, NULL, fmt, ap, true);
	va_end(ap);
	return -code;
}

int ins_error_text(struct ins_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, code, NULL, fmt, ap, false);
	va_end(ap);
	return -code;
}

int ins_error_key(struct ins_error *err, int code, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	record(err, code, key, fmt, ap, false);
	va_end(ap);
	return -code;
}

int ins_error_prefix(struct ins_error *err, const char *fmt, ...)
{
	char old[sizeof(err->text)];
	va_list ap;
	size_t used;
	int n;

	if (!err || !err->code)
		return 0;
	memcpy(old, err->text, sizeof(old));
	va_start(ap, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	used = n < 0 ? 0 : (size_t)n;
	/* A prefix that leaves no room for what it stands before is cut: the cause matters more. */
	if (used > sizeof(err->text) / 2)
		used = sizeof(err->text) / 2;
	n = snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	if (n < 0)
		err->text[used] = '\0';
	make_printable(err->text);
	return -err->code;
}

void ins_error_clear(struct ins_error *err)
{
	if (err)
		memset(err, 0, sizeof(*err));
}
