/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values as text, in one pass. json_dumps() looks for loops, with a hash table entry for each object and
 * array, and has to be called twice for its size; a configuration is written at each start, and has no loops, as
 * it was read or built here. The layout is that of jansson.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/character.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "spec/emit.h"

#define FIRST_SIZE 4096

struct out {
	char *text;
	size_t n, size;
	bool failed;
	size_t flags;
	unsigned int level;
};

static char *reserve(struct out *out, size_t n)
{
	size_t size = out->size ? out->size : FIRST_SIZE;
	char *text;

	while (size - out->n < n)
		size *= 2;
	if (size == out->size)
		return out->text + out->n;
	text = out->failed ? NULL : realloc(out->text, size);
	out->failed = !text;
	if (out->failed)
		return NULL;
	out->text = text;
	out->size = size;
	return text + out->n;
}

static void put(struct out *out, const char *text, size_t n)
{
	char *to = reserve(out, n);

	if (!to)
		return;
	memcpy(to, text, n);
	out->n += n;
}

static void put_text(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void put_format(
	struct out *out, const char *format, ...)
{
	char text[32];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	put(out, text, (size_t)n);
}

/* --- strings --------------------------------------------------------------------------------------- */

/* Of those that need more than their own bytes: how many bytes they are, else 0. Some of these JSON allows: they are
 * not for a terminal. jansson has nothing but UTF-8, and a zero at the end. */
static size_t special_length(const char *at, uint32_t *ret_code)
{
	size_t length;

	*ret_code = (unsigned char)*at;
	if (*ret_code < 0x7f)
		return *ret_code < 0x20 || *at == '"' || *at == '\\';
	length = ins_character(at, ret_code);
	return ins_character_is_shown(*ret_code) ? 0 : length;
}

static void put_special(struct out *out, uint32_t code)
{
	static const char names[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *name = code && code < 0x80 ? strchr(names, (int)code) : NULL;

	if (name)
		put_format(out, "\\%c", letters[name - names]);
	else if (code > 0xffff) /* RFC 8259 section 7: as a pair of UTF-16 */
		put_format(out, "\\u%04x\\u%04x", 0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	else
		put_format(out, "\\u%04x", code);
}

static void put_string(struct out *out, const char *text, size_t n)
{
	const char *at = text, *end = at + n, *from = at;
	uint32_t code;

	put(out, "\"", 1);
	while (at < end) {
		size_t length = special_length(at, &code);

		if (length == 0) {
			at++;
			continue;
		}
		put(out, from, (size_t)(at - from));
		at += length;
		from = at;
		put_special(out, code);
	}
	put(out, from, (size_t)(at - from));
	put(out, "\"", 1);
}

/* --- values ---------------------------------------------------------------------------------------- */

#define INDENT_OF(flags) ((flags)&JSON_MAX_INDENT)

static void put_line_end(struct out *out)
{
	unsigned int width = INDENT_OF(out->flags) * out->level;

	put(out, "\n", 1);
	for (; width > 0; width--)
		put(out, " ", 1);
}

/* What is between an opening byte, or an item, and an item. */
static void put_gap(struct out *out, bool is_first)
{
	if (!is_first)
		put(out, ",", 1);
	if (INDENT_OF(out->flags))
		put_line_end(out);
	else if (!is_first && !(out->flags & JSON_COMPACT))
		put(out, " ", 1);
}

static void put_closing(struct out *out, const char *closing, bool is_empty)
{
	out->level--;
	if (!is_empty && INDENT_OF(out->flags))
		put_line_end(out);
	put(out, closing, 1);
}

static void put_value(struct out *out, const json_t *value);

static void put_array(struct out *out, const json_t *array)
{
	size_t n = json_array_size(array);

	put(out, "[", 1);
	out->level++;
	for (size_t i = 0; i < n; i++) {
		put_gap(out, i == 0);
		put_value(out, json_array_get(array, i));
	}
	put_closing(out, "]", n == 0);
}

static void put_object(struct out *out, json_t *object)
{
	bool is_first = true;

	put(out, "{", 1);
	out->level++;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *key = json_object_iter_key(at);

		put_gap(out, is_first);
		is_first = false;
		put_string(out, key, strlen(key));
		put_text(out, out->flags & JSON_COMPACT ? ":" : ": ");
		put_value(out, json_object_iter_value(at));
	}
	put_closing(out, "}", is_first);
}

/* Its digits are jansson's affair. */
static void put_real(struct out *out, const json_t *value)
{
	char text[64];

	put(out, text, json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY));
}

static void put_value(struct out *out, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(out, (json_t *)value);
		break;
	case JSON_ARRAY:
		put_array(out, value);
		break;
	case JSON_STRING:
		put_string(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		put_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		put_real(out, value);
		break;
	case JSON_TRUE:
		put_text(out, "true");
		break;
	case JSON_FALSE:
		put_text(out, "false");
		break;
	case JSON_NULL:
		put_text(out, "null");
		break;
	}
}

int ins_emit_dump(const json_t *value, size_t flags, char **ret_text, struct ins_error *err)
{
	struct out out = { .failed = !value, .flags = flags };

	if (value)
		put_value(&out, value);
	put(&out, "", 1);
	if (out.failed) {
		free(out.text);
		return ins_error_set(err, ENOMEM, "write JSON");
	}
	*ret_text = out.text;
	return 0;
}
