/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building JSON with jansson: a value that could not be made, for lack of memory, is NULL, and
 * putting it somewhere makes the whole fail in the end, at ins_emit_text().
 */
#ifndef INSULA_SPEC_EMIT_H
#define INSULA_SPEC_EMIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "insula.h"

struct ins_emit {
	json_t *root;
	bool failed;
};

/* ins_emit_root - the outermost object. */
json_t *ins_emit_root(struct ins_emit *emit);

/* ins_emit_put - @value becomes the member @key of @object; takes the reference. */
void ins_emit_put(struct ins_emit *emit, json_t *object, const char *key, json_t *value);

/* ins_emit_object, ins_emit_array - a new one as the member @key. */
json_t *ins_emit_object(struct ins_emit *emit, json_t *object, const char *key);
json_t *ins_emit_array(struct ins_emit *emit, json_t *object, const char *key);

/* ins_emit_append - @value becomes the last item of @array; takes the reference. */
void ins_emit_append(struct ins_emit *emit, json_t *array, json_t *value);

/* ins_emit_string - bytes that are not UTF-8 become "?"; NULL puts nothing. */
void ins_emit_string(struct ins_emit *emit, json_t *object, const char *key, const char *text);

/* ins_emit_strings - an array of @n texts as the member @key; with none it is empty. */
void ins_emit_strings(
	struct ins_emit *emit, json_t *object, const char *key, const char *const *texts, size_t n);

/**
 * ins_emit_dump - the text of a value; NULL stands for one that could not be made
 * @flags: of json_dumps(): JSON_COMPACT, JSON_INDENT(), or neither
 * @ret_text: to be freed with free(), whatever allocator jansson was given. It holds no control
 *            character: a terminal may be what it is written to.
 *
 * Return: 0 or −ENOMEM.
 */
int ins_emit_dump(const json_t *value, size_t flags, char **ret_text, struct ins_error *err);

/**
 * ins_emit_text - the text of the root
 * @flags, @ret_text: as above
 *
 * Frees what was built. Return: 0 or −ENOMEM.
 */
int ins_emit_text(struct ins_emit *emit, size_t flags, char **ret_text, struct ins_error *err);

#endif
