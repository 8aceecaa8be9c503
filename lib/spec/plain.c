/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/big.h"
#include "spec/plain.h"

/* Configurations have 7 levels. */
#define MOST_LEVELS 16

#define LONGEST_KEY 255

/* So many digits fit into a json_int_t, whatever they are. */
#define MOST_DIGITS 18

/* In all functions: NULL or false stands for "unusual, or no memory". */
struct reader {
	const char *at, *end;
	unsigned int level;
};

static json_t *read_value(struct reader *reader);

/* The next byte that is no blank, 0 at the end. */
static char look(struct reader *reader)
{
	while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\n' ||
						   *reader->at == '\t' || *reader->at == '\r'))
		reader->at++;
	return reader->at < reader->end ? *reader->at : '\0';
}

static bool take(struct reader *reader, char wanted)
{
	if (look(reader) != wanted)
		return false;
	reader->at++;
	return true;
}

/* What stands between a string's quotes, as it is written. */
static const char *take_string(struct reader *reader, size_t *ret_size, bool *ret_escapes)
{
	const char *start, *at;
	bool escapes = false;

	if (!take(reader, '"'))
		return NULL;
	start = at = reader->at;
	while (at < reader->end && *at != '"') {
		if (*at < 0x20 || *at > 0x7e)
			return NULL;
		if (*at == '\\') {
			escapes = true;
			at++;
			if (at == reader->end || (*at != '"' && *at != '\\'))
				return NULL;
		}
		at++;
	}
	if (at == reader->end)
		return NULL;
	reader->at = at + 1;
	*ret_size = (size_t)(at - start);
	*ret_escapes = escapes;
	return start;
}

static json_t *read_string(struct reader *reader)
{
	size_t size, kept = 0;
	bool escapes;
	const char *text = take_string(reader, &size, &escapes);
	cleanup_free char *plain = NULL;

	if (!text || !escapes)
		return text ? json_stringn_nocheck(text, size) : NULL;
	plain = malloc(size);
	for (size_t i = 0; plain && i < size; i++) {
		i += text[i] == '\\';
		plain[kept++] = text[i];
	}
	return plain ? json_stringn_nocheck(plain, kept) : NULL;
}

static json_t *read_integer(struct reader *reader)
{
	bool negative = *reader->at == '-';
	const char *start = reader->at + negative, *at = start;
	json_int_t value = 0;

	for (; at < reader->end && *at >= '0' && *at <= '9' && at - start < MOST_DIGITS; at++)
		value = value * 10 + (*at - '0');
	/* A zero stands alone. A digit or a fraction that follows is no comma: so it is found. */
	if (at == start || (*start == '0' && (negative || at - start > 1)))
		return NULL;
	reader->at = at;
	return json_integer(negative ? -value : value);
}

static json_t *read_word(struct reader *reader, const char *word, json_t *value)
{
	size_t size = strlen(word);

	if ((size_t)(reader->end - reader->at) < size || memcmp(reader->at, word, size) != 0)
		return NULL;
	reader->at += size;
	return value;
}

static bool read_member(struct reader *reader, json_t *object)
{
	char key[LONGEST_KEY + 1];
	size_t size, before = json_object_size(object);
	bool escapes;
	const char *text = take_string(reader, &size, &escapes);

	if (!text || escapes || size > LONGEST_KEY || !take(reader, ':'))
		return false;
	memcpy(key, text, size);
	key[size] = '\0';
	/* One that is there already is replaced: then the object does not grow. */
	return json_object_set_new_nocheck(object, key, read_value(reader)) == 0 &&
	       json_object_size(object) > before;
}

static bool read_item(struct reader *reader, json_t *array)
{
	return json_array_append_new(array, read_value(reader)) == 0;
}

/* What stands between an opening and the closing byte. @into is given back, or freed. */
static json_t *read_items(struct reader *reader, json_t *into, char closing,
	bool (*read)(struct reader *reader, json_t *into))
{
	bool good = into && ++reader->level <= MOST_LEVELS;

	reader->at++;
	if (good && !take(reader, closing)) {
		do {
			good = read(reader, into);
		} while (good && take(reader, ','));
		good = good && take(reader, closing);
	}
	reader->level--;
	if (good)
		return into;
	json_decref(into);
	return NULL;
}

static json_t *read_value(struct reader *reader)
{
	switch (look(reader)) {
	case '{':
		return read_items(reader, json_object(), '}', read_member);
	case '[':
		return read_items(reader, json_array(), ']', read_item);
	case '"':
		return read_string(reader);
	case 't':
		return read_word(reader, "true", json_true());
	case 'f':
		return read_word(reader, "false", json_false());
	case 'n':
		return read_word(reader, "null", json_null());
	default:
		return reader->at < reader->end ? read_integer(reader) : NULL;
	}
}

json_t *ins_plain_read(const char *text, size_t size)
{
	struct reader reader = { .at = text, .end = text + size };
	json_t *root = look(&reader) == '{' ? read_value(&reader) : NULL;

	if (root && (look(&reader) != '\0' || reader.at < reader.end)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

static json_t *read_any(const char *text, size_t size, json_error_t *ret_error)
{
	json_t *root = ins_plain_read(text, size);

	return root ? root : json_loadb(text, size, JSON_REJECT_DUPLICATES, ret_error);
}

int ins_json_read(const char *text, size_t size, json_t **ret_root, bool *ret_has_big,
	json_error_t *ret_error)
{
	json_t *root = read_any(text, size, ret_error);
	cleanup_free char *marked = NULL;

	if (!root && json_error_code(ret_error) == json_error_numeric_overflow) {
		if (ins_big_mark(text, size, &marked, &size) < 0)
			return -ENOMEM;
		root = read_any(marked, size, ret_error);
	}
	if (!root)
		return json_error_code(ret_error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
	*ret_root = root;
	*ret_has_big = marked != NULL;
	return 0;
}
