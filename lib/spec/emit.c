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

int ins_emit_text(struct ins_emit *emit, size_t flags, char **ret_text, struct ins_error *err)
{
	int r = ins_emit_dump(emit->failed ? NULL : emit->root, flags, ret_text, err);

	json_decref(emit->root);
	emit->root = NULL;
	return r;
}
