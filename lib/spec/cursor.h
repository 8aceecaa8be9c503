/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From JSON values to the fields of a structure, by static tables: a row names a property, the
 * function that reads its value, and where in the structure the result goes. The cursor remembers
 * the way down to the value at hand, so that every error can name it ("mounts[3].options[1]").
 *
 * Strings are borrowed from the document, which has to outlive them. Unknown properties are
 * skipped. A null is the same as an absent property: that is what it means to the Go types that
 * nearly all configurations are written by.
 */
#ifndef INSULA_SPEC_CURSOR_H
#define INSULA_SPEC_CURSOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/nearest.h"
#include "insula.h"
#include "spec/spec.h"

/* Unknown properties are not descended into, so the depth is that of the tables. */
#define INS_CURSOR_DEPTH_MAX 16

/* What is said of a configuration, of which not more is kept. */
#define INS_CURSOR_REMARKS_MAX 64

struct ins_remarks {
	size_t n;
	const char *v[INS_CURSOR_REMARKS_MAX];
};

struct ins_cursor {
	struct ins_arena *arena;
	struct ins_error *err;
	struct {
		const char *key; /* NULL: an item of an array */
		size_t index;
	} steps[INS_CURSOR_DEPTH_MAX];
	unsigned int depth;
	struct ins_remarks warnings;
	struct ins_remarks unknown; /* properties that have no row */
};

/**
 * ins_parse_fn - read one value
 * @value: never null
 * @target: where the row says; points to the type that the function writes
 * @detail: the row's, constant data that the function wants: a range, a table of names
 *
 * Return: 0 or −errno with cursor->err set.
 */
typedef int ins_parse_fn(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail);

struct ins_field {
	const char *key;
	ins_parse_fn *parse;
	uint32_t offset;
	uint32_t has_offset; /* of a bool that is set; INS_NO_FIELD: none */
	bool required;
	const void *detail;
};

#define INS_NO_FIELD UINT32_MAX

/* Rows: a plain property; one that must be there; one with a `has_` beside it; an array, whose
 * count and items have to stand side by side (anything else does not compile). */
#define INS_FIELD(key, fn, type, member, detail)                             \
	{                                                                    \
		key, fn, offsetof(type, member), INS_NO_FIELD, false, detail \
	}
#define INS_REQUIRED(key, fn, type, member, detail)                         \
	{                                                                   \
		key, fn, offsetof(type, member), INS_NO_FIELD, true, detail \
	}
#define INS_OPTIONAL(key, fn, type, member, has_member, detail)                            \
	{                                                                                  \
		key, fn, offsetof(type, member), offsetof(type, has_member), false, detail \
	}
#define INS_LIST(key, type, n_member, member, kind)                                      \
	{                                                                                \
		key, ins_parse_list,                                                     \
			offsetof(type, n_member) + INS_ADJACENT(type, n_member, member), \
			INS_NO_FIELD, false, kind                                        \
	}
#define INS_ADJACENT(type, first, second)                                                     \
	(0 * sizeof(char[offsetof(type, second) == offsetof(type, first) + sizeof(size_t) ? 1 \
											  : -1]))

/* A table with its length; what ins_parse_object() wants as detail. */
struct ins_fields {
	const struct ins_field *v;
	size_t n;
};

#define INS_FIELDS(array)                                 \
	{                                                 \
		array, sizeof(array) / sizeof((array)[0]) \
	}

/* An array of one kind of item. The target is {size_t n; const item *v;}, as everywhere in spec.h. */
struct ins_list_kind {
	size_t item_size;
	ins_parse_fn *parse;
	const void *detail;
};

/* ins_cursor_fail - refuse the value at hand: −EINVAL with its path before the words. */
int ins_cursor_fail(struct ins_cursor *cursor, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ins_cursor_no_memory - the arena is full: −ENOMEM. */
int ins_cursor_no_memory(struct ins_cursor *cursor);

/* ins_cursor_warn - note what is odd about the value at hand, for spec.warnings. */
int ins_cursor_warn(struct ins_cursor *cursor, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ins_cursor_type - refuse the value unless it is of this type; the words name both types. */
int ins_cursor_type(struct ins_cursor *cursor, json_t *value, json_type type);

/* ins_cursor_enter, ins_cursor_leave - one step down the path and back; @key NULL: item @index. */
void ins_cursor_enter(struct ins_cursor *cursor, const char *key, size_t index);
void ins_cursor_leave(struct ins_cursor *cursor);

/* ins_cursor_key - the name of the member at hand. */
const char *ins_cursor_key(const struct ins_cursor *cursor);

/* ins_parse_object - an object by a table: @detail is a struct ins_fields. */
ins_parse_fn ins_parse_object;
/* ins_parse_list - an array: @detail is a struct ins_list_kind. */
ins_parse_fn ins_parse_list;
/* ins_parse_map - the same for an object whose members are data: ins_cursor_key() is the name,
 * which must not be empty. */
ins_parse_fn ins_parse_map;

/*
 * jansson holds integers up to 2^63 − 1 only. Larger ones are handed over (by document.c) as
 * strings that begin with this mark, and no other string may begin so.
 */
#define INS_U64_MARK "\001u64:"

/* ins_cursor_digits - those of such an integer, the value's own; NULL: it is none. */
const char *ins_cursor_digits(json_t *value);

#endif
