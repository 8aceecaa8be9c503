/* SPDX-License-Identifier: Apache-2.0 */
/* Reading single values: texts, paths, numbers, names. They are for the rows of tables (cursor.h). */
#ifndef INSULA_SPEC_VALUE_H
#define INSULA_SPEC_VALUE_H

#include "spec/cursor.h"

/* Both are allowed themselves. */
struct ins_range {
	int64_t min, max;
};

/* Words with numbers, ended by a NULL. */
struct ins_name {
	const char *name;
	int value;
};

/* What each writes, and wants as detail. All refuse with −EINVAL. */
ins_parse_fn ins_parse_bool;      /* bool */
ins_parse_fn ins_parse_string;    /* const char *, may be empty */
ins_parse_fn ins_parse_text;      /* const char *; an empty string leaves it alone */
ins_parse_fn ins_parse_path;      /* const char *, absolute; an empty string leaves it alone */
ins_parse_fn ins_parse_full_path; /* const char *, absolute */
ins_parse_fn ins_parse_strings;   /* struct ins_strings */
ins_parse_fn ins_parse_paths;     /* struct ins_strings, all absolute */
ins_parse_fn ins_parse_pairs;     /* struct ins_pairs, a map of strings */
ins_parse_fn ins_parse_u64;       /* uint64_t */
ins_parse_fn ins_parse_i64;       /* int64_t; @detail: struct ins_range or NULL */
ins_parse_fn ins_parse_u32;       /* uint32_t; @detail: struct ins_range or NULL */
ins_parse_fn ins_parse_i32;       /* int32_t; @detail: struct ins_range or NULL */
ins_parse_fn ins_parse_u16;       /* uint16_t */
ins_parse_fn ins_parse_id;        /* uint32_t, a uid or gid that a process can have */
ins_parse_fn ins_parse_word;      /* const char *, one of @detail: struct ins_name[] */
ins_parse_fn ins_parse_name;      /* int, the number of one of @detail: struct ins_name[] */
ins_parse_fn ins_parse_cpu_list;  /* const char *, checked; an empty string leaves it alone */

/* ins_is_empty - it is the empty string, which many callers write for "absent". */
bool ins_is_empty(json_t *value);

/* ins_name_find - the row of @name, or NULL. */
const struct ins_name *ins_name_find(const struct ins_name *names, const char *name);

/* ins_name_of - the name of a number, "?" if it has none. */
const char *ins_name_of(const struct ins_name *names, int value);

#endif
