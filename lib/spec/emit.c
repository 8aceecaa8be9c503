/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "spec/emit.h"

/* The reference is gone in any case; only on success does the object hold it. */
static bool put(struct ins_emit *emit, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) == 0)
		return true;
	emit->failed = true;
	return false;
}

void ins_emit_put(struct ins_emit *emit, json_t *object, const char *key, json_t *value)
{
	put(emit, object, key, value);
}

json_t *ins_emit_root(struct ins_emit *emit)
{
	emit->root = json_object();
	emit->failed = !emit->root;
	return emit->root;
}

json_t *ins_emit_object(struct ins_emit *emit, json_t *object, const char *key)
{
	json_t *value = json_object();

	return put(emit, object, key, value) ? value : NULL;
}

json_t *ins_emit_array(struct ins_emit *emit, json_t *object, const char *key)
{
	json_t *value = json_array();

	return put(emit, object, key, value) ? value : NULL;
}

void ins_emit_append(struct ins_emit *emit, json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) < 0)
		emit->failed = true;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

/* jansson takes valid UTF-8 only. */
static json_t *make_string(const char *text)
{
	json_t *value = json_string(text);
	char *copy;

	if (value || is_ascii(text))
		return value;
	copy = strdup(text);
	for (char *at = copy; at && *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	value = json_string(copy);
	free(copy);
	return value;
}

void ins_emit_string(struct ins_emit *emit, json_t *object, const char *key, const char *text)
{
	if (text)
		ins_emit_put(emit, object, key, make_string(text));
}

void ins_emit_strings(
	struct ins_emit *emit, json_t *object, const char *key, const char *const *texts, size_t n)
{
	json_t *array = ins_emit_array(emit, object, key);

	for (size_t i = 0; i < n; i++)
		ins_emit_append(emit, array, make_string(texts[i]));
}

/* The bytes of a control character at @text that jansson writes as it is, U+007F to U+009F; else 0. */
static size_t control_length(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] == 0x7f)
		return 1;
	return byte[0] == 0xc2 && byte[1] < 0xa0 ? 2 : 0;
}

#define ESCAPE_LENGTH 6

/* A terminal obeys these as it does those below U+0020, which JSON itself forbids. They are found within
 * strings only. Return: the text to go on with; NULL: no memory, and @text is free. */
static char *escape_controls(char *text, size_t size)
{
	size_t n = 0;
	char *escaped, *to;

	for (size_t i = 0; i < size; i++)
		n += control_length(text + i) > 0;
	if (n == 0)
		return text;
	escaped = to = calloc(1, size + n * (ESCAPE_LENGTH - 1) + 1);
	for (size_t i = 0, length; escaped && i < size; i += length ? length : 1) {
		length = control_length(text + i);
		if (length == 0)
			*to++ = text[i];
		else
			to += sprintf(to, "\\u%04x", (unsigned char)text[i + length - 1]);
	}
	if (escaped)
		*to = '\0';
	free(text);
	return escaped;
}

int ins_emit_dump(const json_t *value, size_t flags, char **ret_text, struct ins_error *err)
{
	size_t size = value ? json_dumpb(value, NULL, 0, flags) : 0;
	char *text = size > 0 ? malloc(size + 1) : NULL;

	if (text && json_dumpb(value, text, size, flags) == size) {
		text[size] = '\0';
		text = escape_controls(text, size);
	} else {
		free(TAKE_PTR(text));
	}
	if (!text)
		return ins_error_set(err, ENOMEM, "write JSON");
	*ret_text = text;
	return 0;
}

int ins_emit_text(struct ins_emit *emit, size_t flags, char **ret_text, struct ins_error *err)
{
	int r = ins_emit_dump(emit->failed ? NULL : emit->root, flags, ret_text, err);

	json_decref(emit->root);
	emit->root = NULL;
	return r;
}
