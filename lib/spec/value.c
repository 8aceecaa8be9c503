/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "spec/value.h"

/* Of so many an error tells all; they are no longer than 27 letters. */
#define FEW_NAMES 12

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

int ins_parse_u64(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *digits = ins_cursor_digits(value);

	(void)detail;
	if (digits && ins_number_u64(digits, 0, UINT64_MAX, target) == 0)
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
	const char *digits = ins_cursor_digits(value);
	int64_t number = json_integer_value(value);

	if (digits)
		return ins_cursor_fail(cursor, "%s is not in the range %jd to %jd", digits,
			(intmax_t)min, (intmax_t)max);
	if (!json_is_integer(value))
		return ins_cursor_type(cursor, value, JSON_INTEGER);
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
