/* SPDX-License-Identifier: Apache-2.0 */
/* The text of an annotation, in GVariant's text format, to a D-Bus signature and words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/number.h"
#include "cgroup/unit.h"

/* The limits of one value. No property of a unit comes near them. */
#define DEEPEST        8
#define MOST_WORDS     1024
#define SIGNATURE_SIZE 64

#define DIGITS "0123456789"

struct reader {
	const char *at; /* what is not read yet */
	struct ins_arena *arena;
	struct ins_error *err;
	const char *key; /* for errors */
	uint32_t n_words;
	const char *words[MOST_WORDS];
};

static const struct basic_type {
	const char *name;
	char letter;
	int64_t min;
	uint64_t max;
} basic_types[] = {
	{ "boolean", 'b', 0, 0 },
	{ "byte", 'y', 0, UINT8_MAX },
	{ "int16", 'n', INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 0, UINT16_MAX },
	{ "int32", 'i', INT32_MIN, INT32_MAX },
	{ "uint32", 'u', 0, UINT32_MAX },
	{ "int64", 'x', INT64_MIN, INT64_MAX },
	{ "uint64", 't', 0, UINT64_MAX },
	{ "double", 'd', 0, 0 },
	{ "string", 's', 0, 0 },
	{ "objectpath", 'o', 0, 0 },
};

static int fail(struct reader *reader, const char *why)
{
	return ins_error_key(reader->err, EINVAL, reader->key, "%s, at \"%.40s\"", why, reader->at);
}

static void skip_spaces(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\n");
}

/* Go over @c, if it comes next. */
static bool take(struct reader *reader, char c)
{
	skip_spaces(reader);
	if (*reader->at != c)
		return false;
	reader->at++;
	return true;
}

static int add_word(struct reader *reader, const char *word)
{
	if (!word)
		return ins_error_set(reader->err, ENOMEM, "build the plan");
	if (reader->n_words == MOST_WORDS)
		return fail(reader, "too many values");
	reader->words[reader->n_words++] = word;
	return 0;
}

/*
 * systemd writes most texts as they are into the unit's file, which it reads again at each reload. There a
 * line's end would be the beginning of any other setting, and a backslash before it would swallow the next:
 * a limit, or what is the runtime's to set.
 */
static bool fits_in_line(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return false;
	}
	return length == 0 || text[length - 1] != '\\';
}

/* A text in quotes of either kind. A backslash takes what follows as it is, but for \n and \t, which mean what no
 * text may hold. */
static int read_text(struct reader *reader)
{
	char quote = *reader->at++;
	char *text = ins_arena_alloc(reader->arena, strlen(reader->at) + 1);
	size_t n = 0;

	for (; text && *reader->at != quote; reader->at++) {
		bool escaped = *reader->at == '\\';

		if (escaped)
			reader->at++;
		if (!*reader->at)
			return fail(reader, "a text has no end");
		text[n] = *reader->at;
		if (escaped && *reader->at == 'n')
			text[n] = '\n';
		if (escaped && *reader->at == 't')
			text[n] = '\t';
		n++;
	}
	reader->at++;
	if (text && !fits_in_line(text))
		return fail(
			reader, "a text has a control character in it, or a backslash at its end");
	return add_word(reader, text);
}

static const struct basic_type *find_type(char letter)
{
	for (size_t i = 0; i < ARRAY_LENGTH(basic_types); i++) {
		if (basic_types[i].letter == letter)
			return &basic_types[i];
	}
	return NULL;
}

/* Is the word within the type's limits? A double is looked at no closer. */
static int check_number(const struct basic_type *type, const char *word)
{
	uint64_t positive;
	int64_t number;

	if (type->letter == 'd') {
		size_t whole = strspn(word + (word[0] == '-'), DIGITS) + (word[0] == '-');
		size_t fraction = word[whole] == '.' ? 1 + strspn(word + whole + 1, DIGITS) : 0;

		return word[whole + fraction] ? -EINVAL : 0;
	}
	if (word[0] == '-')
		return ins_number_i64(word, type->min, 0, &number);
	return ins_number_u64(word, 0, type->max, &positive);
}

/* @letter: the type that it is to have; 0: the usual one. */
static int read_number(struct reader *reader, char letter, char *signature)
{
	size_t length = strspn(reader->at, DIGITS ".-+");
	const char *word = ins_arena_printf(reader->arena, "%.*s", (int)length, reader->at);
	int r;

	if (!word)
		return ins_error_set(reader->err, ENOMEM, "build the plan");
	if (!letter)
		letter = strchr(word, '.') ? 'd' : 'i';
	if (!strchr("ynqiuxtd", letter))
		return fail(reader, "this is no number's type");
	r = check_number(find_type(letter), word);
	if (r == -ERANGE)
		return ins_error_key(reader->err, ERANGE, reader->key, "%s is no %s", word,
			find_type(letter)->name);
	if (r < 0)
		return fail(reader, "expected a number");
	reader->at += length;
	*signature = letter;
	return add_word(reader, word);
}

static int read_value(struct reader *reader, const char *expected, unsigned int depth,
	char *signature, size_t size);

/* "[a, b]": all have the type of the first. */
static int read_list(struct reader *reader, const char *expected, unsigned int depth,
	char *signature, size_t size)
{
	uint32_t count_at = reader->n_words, count = 0;
	int r = add_word(reader, "");

	if (r == 0 && expected && expected[0] != 'a')
		return fail(reader, "a list is not of the type that was given");
	*signature = 'a';
	if (r == 0 && expected)
		strcpy(signature + 1, expected + 1);
	for (reader->at++; r == 0 && !take(reader, ']'); count++) {
		bool is_first = count == 0 && !expected;
		char element[SIGNATURE_SIZE] = "";

		if (count > 0 && !take(reader, ','))
			return fail(reader, "expected ',' or ']'");
		r = read_value(reader, is_first ? NULL : signature + 1, depth + 1, element,
			sizeof(element));
		if (r == 0 && is_first && strlen(element) + 2 > size)
			return fail(reader, "the type is too long");
		if (r == 0 && is_first)
			strcpy(signature + 1, element);
	}
	if (r < 0)
		return r;
	if (!signature[1])
		return fail(reader, "the type of an empty list has to be given, as \"@as []\"");
	reader->words[count_at] = ins_arena_printf(reader->arena, "%u", count);
	return reader->words[count_at] ? 0 : ins_error_set(reader->err, ENOMEM, "build the plan");
}

/* Where a complete type ends. */
static const char *type_end(const char *type)
{
	unsigned int open = 0;

	do {
		while (*type == 'a')
			type++;
		open += *type == '(';
		open -= *type == ')';
		type += *type != '\0';
	} while (open > 0 && *type);
	return type;
}

/* "(a, b)" */
static int read_tuple(struct reader *reader, const char *expected, unsigned int depth,
	char *signature, size_t size)
{
	const char *next = expected && expected[0] == '(' ? expected + 1 : NULL;
	size_t used = 1;

	if (expected && !next)
		return fail(reader, "a tuple is not of the type that was given");
	*signature = '(';
	reader->at++;
	while (!take(reader, ')')) {
		char element[SIGNATURE_SIZE] = "", wanted[SIGNATURE_SIZE] = "";
		int r;

		if (used > 1 && !take(reader, ','))
			return fail(reader, "expected ',' or ')'");
		if (next && *next == ')')
			return fail(reader, "a tuple has more values than its type");
		if (next) {
			const char *end = type_end(next);

			memcpy(wanted, next, (size_t)(end - next));
			next = end;
		}
		r = read_value(reader, next ? wanted : NULL, depth + 1, element, sizeof(element));
		if (r < 0)
			return r;
		if (used + strlen(element) + 2 > size)
			return fail(reader, "the type is too long");
		strcpy(signature + used, element);
		used += strlen(element);
	}
	strcpy(signature + used, ")");
	return 0;
}

/* A type's name in front of a value, "@TYPE" for one that has no name, or nothing. */
static int read_type(struct reader *reader, char *type, size_t size)
{
	size_t length;

	skip_spaces(reader);
	if (take(reader, '@')) {
		length = strspn(reader->at, "bynqiuxtdsoa()");
		if (length == 0 || length >= size || type_end(reader->at) != reader->at + length)
			return fail(reader, "expected a type");
		memcpy(type, reader->at, length);
		type[length] = '\0';
		reader->at += length;
		skip_spaces(reader);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(basic_types); i++) {
		length = strlen(basic_types[i].name);
		if (strncmp(reader->at, basic_types[i].name, length) != 0 ||
			!strchr(" \t\n", reader->at[length]))
			continue;
		type[0] = basic_types[i].letter;
		type[1] = '\0';
		reader->at += length;
		skip_spaces(reader);
		return 0;
	}
	return 0;
}

static int read_boolean(struct reader *reader, const char *word)
{
	reader->at += strlen(word);
	return add_word(reader, word);
}

/* @expected: the type that it has to have, NULL: any. @signature: zeroed; gets the type. */
static int read_value(struct reader *reader, const char *expected, unsigned int depth,
	char *signature, size_t size)
{
	char type[SIGNATURE_SIZE] = "";
	const char *wanted = expected;
	int r = depth < DEEPEST ? read_type(reader, type, sizeof(type))
				: fail(reader, "nested too deep");

	if (r < 0)
		return r;
	if (type[0] && wanted && strcmp(type, wanted) != 0)
		return fail(reader, "the values of a list are of one type");
	if (type[0])
		wanted = type;
	if (*reader->at == '[') {
		r = read_list(reader, wanted, depth, signature, size);
	} else if (*reader->at == '(') {
		r = read_tuple(reader, wanted, depth, signature, size);
	} else if (*reader->at && strchr("'\"", *reader->at)) {
		*signature = wanted && *wanted == 'o' ? 'o' : 's';
		r = read_text(reader);
	} else if (strncmp(reader->at, "true", 4) == 0 || strncmp(reader->at, "false", 5) == 0) {
		*signature = 'b';
		r = read_boolean(reader, *reader->at == 't' ? "true" : "false");
	} else {
		r = read_number(reader, wanted ? *wanted : '\0', signature);
	}
	if (r == 0 && wanted && strcmp(wanted, signature) != 0)
		return fail(reader, "the value before this is not of the type that was given");
	return r;
}

/* "TimeoutStopSec" is what unit files have; on the bus it is "TimeoutStopUSec". */
static int convert_seconds(struct reader *reader, const char *name, const char *signature,
	struct ins_unit_property *property)
{
	size_t stem = strlen(name) - strlen("Sec");
	double seconds;

	if (!strchr("ynqiuxtd", signature[0]) || signature[1])
		return ins_error_key(reader->err, EINVAL, reader->key, "expected seconds");
	seconds = strtod(reader->words[0], NULL);
	if (seconds < 0 || seconds > 1e12)
		return ins_error_key(
			reader->err, ERANGE, reader->key, "%s are no seconds", reader->words[0]);
	property->name = ins_arena_printf(reader->arena, "%.*sUSec", (int)stem, name);
	property->signature = "t";
	reader->words[0] =
		ins_arena_printf(reader->arena, "%llu", (unsigned long long)(seconds * 1e6 + 0.5));
	return property->name && reader->words[0]
		       ? 0
		       : ins_error_set(reader->err, ENOMEM, "build the plan");
}

static bool is_in_seconds(const char *name)
{
	size_t length = strlen(name);

	return length > 3 && strcmp(name + length - 3, "Sec") == 0 && name[length - 4] >= 'a' &&
	       name[length - 4] <= 'z';
}

int ins_unit_property_parse(const char *name, const char *text, struct ins_arena *arena,
	struct ins_unit_property *ret, struct ins_error *err)
{
	struct ins_unit_property property = { 0 };
	char signature[SIGNATURE_SIZE] = "";
	struct reader reader = { .at = text, .arena = arena, .err = err };
	const char **values;
	int r;

	property.key = reader.key =
		ins_arena_printf(arena, "annotations[\"org.systemd.property.%s\"]", name);
	property.name = ins_arena_strdup(arena, name);
	if (!property.key || !property.name)
		return ins_error_set(err, ENOMEM, "build the plan");
	if (!name[0] || name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")])
		return ins_error_key(err, EINVAL, property.key, "is no name of a property");
	r = read_value(&reader, NULL, 0, signature, sizeof(signature));
	skip_spaces(&reader);
	if (r == 0 && *reader.at)
		r = fail(&reader, "expected no more");
	if (r < 0)
		return r;
	property.signature = ins_arena_strdup(arena, signature);
	if (is_in_seconds(name))
		r = convert_seconds(&reader, name, signature, &property);
	if (r < 0)
		return r;
	values = ins_arena_array(arena, reader.n_words + 1, sizeof(*values));
	if (!property.signature || !values)
		return ins_error_set(err, ENOMEM, "build the plan");
	memcpy(values, reader.words, reader.n_words * sizeof(*values));
	property.values = (struct ins_text_list){ reader.n_words, values };
	*ret = property;
	return 0;
}
