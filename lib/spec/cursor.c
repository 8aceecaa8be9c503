/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "spec/cursor.h"

/* The way to the value at hand. What does not fit is cut: it ends up in an error of fixed size. */
static void write_path(const struct ins_cursor *cursor, char *path, size_t size)
{
	size_t used = 0;

	path[0] = '\0';
	for (unsigned int i = 0; i < cursor->depth && i < INS_CURSOR_DEPTH_MAX; i++) {
		int n;

		if (cursor->steps[i].key)
			n = snprintf(path + used, size - used, "%s%s", i > 0 ? "." : "",
				cursor->steps[i].key);
		else
			n = snprintf(path + used, size - used, "[%zu]", cursor->steps[i].index);
		used += n > 0 ? (size_t)n : 0;
		if (used >= size)
			return;
	}
}

int ins_cursor_fail(struct ins_cursor *cursor, const char *fmt, ...)
{
	char path[256], words[512];
	va_list ap;

	write_path(cursor, path, sizeof(path));
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return ins_error_key(cursor->err, EINVAL, path, "%s", words);
}

int ins_cursor_no_memory(struct ins_cursor *cursor)
{
	return ins_error_set(cursor->err, ENOMEM, "read the configuration");
}

static int remark(struct ins_cursor *cursor, struct ins_remarks *remarks, const char *words)
{
	char path[256];

	if (remarks->n == INS_CURSOR_REMARKS_MAX)
		return 0;
	write_path(cursor, path, sizeof(path));
	remarks->v[remarks->n] = ins_arena_printf(cursor->arena, "%s: %s", path, words);
	if (!remarks->v[remarks->n])
		return ins_cursor_no_memory(cursor);
	remarks->n++;
	return 0;
}

int ins_cursor_warn(struct ins_cursor *cursor, const char *fmt, ...)
{
	char words[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	return remark(cursor, &cursor->warnings, words);
}

void ins_cursor_enter(struct ins_cursor *cursor, const char *key, size_t index)
{
	if (cursor->depth < INS_CURSOR_DEPTH_MAX) {
		cursor->steps[cursor->depth].key = key;
		cursor->steps[cursor->depth].index = index;
	}
	cursor->depth++;
}

void ins_cursor_leave(struct ins_cursor *cursor)
{
	cursor->depth--;
}

const char *ins_cursor_key(const struct ins_cursor *cursor)
{
	return cursor->steps[cursor->depth - 1].key;
}

const char *ins_cursor_digits(json_t *value)
{
	const size_t size = sizeof(INS_U64_MARK) - 1;
	const char *text = json_string_value(value);

	return text && strncmp(text, INS_U64_MARK, size) == 0 ? text + size : NULL;
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a number with a fraction";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		return "null";
	}
	return "something else";
}

int ins_cursor_type(struct ins_cursor *cursor, json_t *value, json_type type)
{
	bool marked = ins_cursor_digits(value) != NULL;

	if (json_typeof(value) == type && !marked)
		return 0;
	return ins_cursor_fail(cursor, "expected %s, not %s", type_name(type),
		type_name(marked ? JSON_INTEGER : json_typeof(value)));
}

static int parse_member(
	struct ins_cursor *cursor, json_t *member, char *object, const struct ins_field *field)
{
	int r;

	ins_cursor_enter(cursor, field->key, 0);
	r = field->parse(cursor, member, object + field->offset, field->detail);
	if (r < 0)
		return r;
	ins_cursor_leave(cursor);
	if (field->has_offset != INS_NO_FIELD)
		*(bool *)(object + field->has_offset) = true;
	return 0;
}

/* That is no error (config.md, "Extensibility"), but seldom meant. */
static int note_unknown(struct ins_cursor *cursor, const char *key, const struct ins_fields *fields)
{
	struct ins_nearest nearest = { .word = key };
	char hint[128], words[256];
	int r;

	/* A file of a million such keys is not to cost a search for each. */
	if (cursor->unknown.n == INS_CURSOR_REMARKS_MAX)
		return 0;
	for (size_t i = 0; i < fields->n; i++)
		ins_nearest_offer(&nearest, fields->v[i].key);
	snprintf(words, sizeof(words), "insula knows no such property, it is ignored%s",
		ins_did_you_mean(&nearest, hint, sizeof(hint)));
	ins_cursor_enter(cursor, key, 0);
	r = remark(cursor, &cursor->unknown, words);
	ins_cursor_leave(cursor);
	return r;
}

int ins_parse_object(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_fields *fields = detail;
	uint32_t seen = 0;
	const char *key;
	json_t *member;
	int r = ins_cursor_type(cursor, value, JSON_OBJECT);

	if (r < 0)
		return r;
	/* Walking the members is cheaper than asking for each row: no key is hashed. */
	json_object_foreach(value, key, member) {
		size_t i = 0;

		while (i < fields->n && strcmp(key, fields->v[i].key) != 0)
			i++;
		if (json_is_null(member))
			continue;
		r = i < fields->n ? parse_member(cursor, member, target, &fields->v[i])
				  : note_unknown(cursor, key, fields);
		if (r < 0)
			return r;
		if (i < fields->n)
			seen |= UINT32_C(1) << i;
	}
	for (size_t i = 0; i < fields->n; i++) {
		if (fields->v[i].required && !(seen & UINT32_C(1) << i)) {
			ins_cursor_enter(cursor, fields->v[i].key, 0);
			return ins_cursor_fail(cursor, "is required");
		}
	}
	return 0;
}

/* The shape that all arrays in spec.h share. */
struct list {
	size_t n;
	const void *v;
};

/* Room for @n items; NULL if there is none, or none is needed. */
static char *make_list(struct ins_cursor *cursor, struct list *list, size_t n, size_t item_size)
{
	char *items = n > 0 ? ins_arena_array(cursor->arena, n, item_size) : NULL;

	if (items) {
		list->n = n;
		list->v = items;
	}
	return items;
}

static int parse_item(struct ins_cursor *cursor, json_t *value, const char *key, size_t index,
	char *items, const struct ins_list_kind *kind)
{
	int r;

	ins_cursor_enter(cursor, key, index);
	r = kind->parse(cursor, value, items + index * kind->item_size, kind->detail);
	if (r < 0)
		return r;
	ins_cursor_leave(cursor);
	return 0;
}

int ins_parse_list(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_list_kind *kind = detail;
	size_t index, n;
	json_t *item;
	char *items;
	int r = ins_cursor_type(cursor, value, JSON_ARRAY);

	if (r < 0)
		return r;
	n = json_array_size(value);
	items = make_list(cursor, target, n, kind->item_size);
	if (!items)
		return n > 0 ? ins_cursor_no_memory(cursor) : 0;
	json_array_foreach(value, index, item) {
		r = parse_item(cursor, item, NULL, index, items, kind);
		if (r < 0)
			return r;
	}
	return 0;
}

int ins_parse_map(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_list_kind *kind = detail;
	size_t index = 0, n;
	const char *key;
	json_t *item;
	char *items;
	int r = ins_cursor_type(cursor, value, JSON_OBJECT);

	if (r < 0)
		return r;
	n = json_object_size(value);
	items = make_list(cursor, target, n, kind->item_size);
	if (!items)
		return n > 0 ? ins_cursor_no_memory(cursor) : 0;
	json_object_foreach(value, key, item) {
		if (key[0] == '\0')
			return ins_cursor_fail(cursor, "has a member without a name");
		r = parse_item(cursor, item, key, index++, items, kind);
		if (r < 0)
			return r;
	}
	return 0;
}
