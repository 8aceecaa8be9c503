/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "spec/emit.h"

void ins_emit_put(struct ins_emit *emit, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) < 0)
		emit->failed = true;
}

json_t *ins_emit_object(struct ins_emit *emit, json_t *object, const char *key)
{
	json_t *value = json_object();

	if (object)
		ins_emit_put(emit, object, key, value);
	else
		emit->root = value;
	if (!value)
		emit->failed = true;
	return value;
}

/* jansson takes valid UTF-8 only. */
static json_t *make_string(const char *text)
{
	json_t *value = json_string(text);
	cleanup_free char *copy = value ? NULL : strdup(text);

	if (!copy)
		return value;
	for (char *at = copy; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	return json_string(copy);
}

void ins_emit_string(struct ins_emit *emit, json_t *object, const char *key, const char *text)
{
	if (text)
		ins_emit_put(emit, object, key, make_string(text));
}

void ins_emit_strings(struct ins_emit *emit, json_t *object, const char *key,
	const char *const *texts, size_t n)
{
	json_t *array = json_array();

	ins_emit_put(emit, object, key, array);
	for (size_t i = 0; array && i < n; i++) {
		if (json_array_append_new(array, make_string(texts[i])) < 0)
			emit->failed = true;
	}
}

int ins_emit_text(struct ins_emit *emit, size_t flags, char **ret_text, struct ins_error *err)
{
	char *text = emit->failed ? NULL : json_dumps(emit->root, flags);

	json_decref(emit->root);
	emit->root = NULL;
	if (!text)
		return ins_error_set(err, ENOMEM, "write JSON");
	*ret_text = text;
	return 0;
}
