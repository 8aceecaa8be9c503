/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "spec/cursor.h"

/* Of so many an error tells all; they are no longer than 27 letters. */
#define FEW_NAMES 12

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

static bool is_marked(json_t *value)
{
	const char *text = json_string_value(value);

	return text && strncmp(text, INS_U64_MARK, sizeof(INS_U64_MARK) - 1) == 0;
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
	bool marked = is_marked(value);

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

static int parse_pair(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_pair *pair = target;

	pair->key = ins_cursor_key(cursor);
	return ins_parse_string(cursor, value, &pair->value, detail);
}

int ins_parse_pairs(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	static const struct ins_list_kind pairs = { sizeof(struct ins_pair), parse_pair, NULL };

	(void)detail;
	return ins_parse_map(cursor, value, target, &pairs);
}

int ins_parse_bool(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)detail;
	if (!json_is_boolean(value))
		return ins_cursor_type(cursor, value, JSON_TRUE);
	*(bool *)target = json_is_true(value);
	return 0;
}

int ins_parse_string(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int r = ins_cursor_type(cursor, value, JSON_STRING);

	(void)detail;
	if (r < 0)
		return r;
	*(const char **)target = json_string_value(value);
	return 0;
}

bool ins_is_empty(json_t *value)
{
	return json_is_string(value) && json_string_value(value)[0] == '\0';
}

int ins_parse_text(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	if (ins_is_empty(value))
		return 0;
	return ins_parse_string(cursor, value, target, detail);
}

int ins_parse_full_path(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int r = ins_parse_string(cursor, value, target, detail);

	if (r < 0)
		return r;
	if (json_string_value(value)[0] != '/')
		return ins_cursor_fail(
			cursor, "\"%s\" is not an absolute path", json_string_value(value));
	return 0;
}

int ins_parse_path(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	if (ins_is_empty(value))
		return 0;
	return ins_parse_full_path(cursor, value, target, detail);
}

int ins_parse_strings(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	static const struct ins_list_kind kind = { sizeof(const char *), ins_parse_string, NULL };

	(void)detail;
	return ins_parse_list(cursor, value, target, &kind);
}

int ins_parse_paths(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	static const struct ins_list_kind kind = { sizeof(const char *), ins_parse_full_path,
		NULL };

	(void)detail;
	return ins_parse_list(cursor, value, target, &kind);
}

int ins_parse_u64(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)detail;
	if (is_marked(value) && ins_number_u64(json_string_value(value) + sizeof(INS_U64_MARK) - 1,
					0, UINT64_MAX, target) == 0)
		return 0;
	if (!json_is_integer(value))
		return ins_cursor_type(cursor, value, JSON_INTEGER);
	if (json_integer_value(value) < 0)
		return ins_cursor_fail(
			cursor, "%" JSON_INTEGER_FORMAT " is negative", json_integer_value(value));
	*(uint64_t *)target = (uint64_t)json_integer_value(value);
	return 0;
}

static int parse_range(
	struct ins_cursor *cursor, json_t *value, int64_t min, int64_t max, int64_t *ret)
{
	int64_t number = json_integer_value(value);

	if (!json_is_integer(value) && !is_marked(value))
		return ins_cursor_type(cursor, value, JSON_INTEGER);
	if (is_marked(value))
		return ins_cursor_fail(cursor, "%s is not in the range %jd to %jd",
			json_string_value(value) + sizeof(INS_U64_MARK) - 1, (intmax_t)min,
			(intmax_t)max);
	if (number < min || number > max)
		return ins_cursor_fail(cursor, "%jd is not in the range %jd to %jd",
			(intmax_t)number, (intmax_t)min, (intmax_t)max);
	*ret = number;
	return 0;
}

int ins_parse_i64(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_range *range = detail;

	return parse_range(cursor, value, range ? range->min : INT64_MIN,
		range ? range->max : INT64_MAX, target);
}

int ins_parse_u32(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_range *range = detail;
	int64_t number = 0;
	int r = parse_range(
		cursor, value, range ? range->min : 0, range ? range->max : UINT32_MAX, &number);

	if (r < 0)
		return r;
	*(uint32_t *)target = (uint32_t)number;
	return 0;
}

int ins_parse_i32(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_range *range = detail;
	int64_t number = 0;
	int r = parse_range(cursor, value, range ? range->min : INT32_MIN,
		range ? range->max : INT32_MAX, &number);

	if (r < 0)
		return r;
	*(int32_t *)target = (int32_t)number;
	return 0;
}

int ins_parse_u16(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int64_t number = 0;
	int r = parse_range(cursor, value, 0, UINT16_MAX, &number);

	(void)detail;
	if (r < 0)
		return r;
	*(uint16_t *)target = (uint16_t)number;
	return 0;
}

int ins_parse_id(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	/* setresuid(2) would take the largest uint32_t as "leave it": the program would stay root.
	 */
	static const struct ins_range range = { 0, INS_ID_NONE - 1 };

	(void)detail;
	return ins_parse_u32(cursor, value, target, &range);
}

const struct ins_name *ins_name_find(const struct ins_name *names, const char *name)
{
	for (; names->name; names++) {
		if (strcmp(names->name, name) == 0)
			return names;
	}
	return NULL;
}

const char *ins_name_of(const struct ins_name *names, int value)
{
	while (names->name && names->value != value)
		names++;
	return names->name ? names->name : "?";
}

/* Known words are listed as long as they fit; of longer lists the nearest one is named. */
static int fail_unknown(struct ins_cursor *cursor, const char *word, const struct ins_name *names)
{
	struct ins_nearest nearest = { .word = word };
	char hint[384];
	size_t used = 0;

	for (size_t i = 0; names[i].name; i++) {
		ins_nearest_offer(&nearest, names[i].name);
		if (i < FEW_NAMES)
			used += (size_t)snprintf(hint + used, sizeof(hint) - used, "%s%s",
				i ? ", " : "; known: ", names[i].name);
		else
			used = 0;
	}
	if (!used)
		ins_did_you_mean(&nearest, hint, sizeof(hint));
	return ins_cursor_fail(cursor, "unknown value \"%.128s\"%s", word, hint);
}

static int find_name(struct ins_cursor *cursor, json_t *value, const struct ins_name *names,
	const struct ins_name **ret)
{
	int r = ins_cursor_type(cursor, value, JSON_STRING);

	if (r < 0)
		return r;
	*ret = ins_name_find(names, json_string_value(value));
	return *ret ? 0 : fail_unknown(cursor, json_string_value(value), names);
}

int ins_parse_word(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_name *found;
	int r = find_name(cursor, value, detail, &found);

	if (r < 0)
		return r;
	*(const char **)target = found->name;
	return 0;
}

int ins_parse_name(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_name *found;
	int r = find_name(cursor, value, detail, &found);

	if (r < 0)
		return r;
	*(int *)target = found->value;
	return 0;
}

int ins_parse_cpu_list(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	unsigned char mask[INS_CPU_MASK_BYTES] = {};
	const char *text = NULL;
	int r = ins_parse_text(cursor, value, &text, detail);

	if (r < 0 || !text)
		return r;
	r = ins_cpu_list_parse(text, mask, sizeof(mask));
	if (r == -ERANGE)
		return ins_cursor_fail(
			cursor, "\"%s\" has a number above %d", text, INS_CPU_MASK_BYTES * 8 - 1);
	if (r < 0)
		return ins_cursor_fail(cursor, "\"%s\" is not a list like \"0-3,7\"", text);
	*(const char **)target = text;
	return 0;
}
