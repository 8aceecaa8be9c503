/* SPDX-License-Identifier: Apache-2.0 */
/* From text to struct ins_spec: who owns what, and the ways in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "spec/parts.h"

/* The specification comes first: ins_spec_free() gets its address. */
struct document {
	struct ins_spec spec;
	struct ins_arena *arena;
	char *text; /* strings point into it */
	char *process_json, *hooks_json;
};

static void document_free(struct document *document)
{
	if (!document)
		return;
	ins_arena_free(document->arena);
	free(document->text);
	free(document->process_json);
	free(document->hooks_json);
	free(document);
}

static void cleanup_document(struct document **document)
{
	document_free(*document);
}

/* One value as compact text, for what later calls need of it. */
static int keep(const struct ins_json *value, char **ret_text, struct ins_error *err)
{
	struct ins_json_writer writer = {};

	if (!value || value->type == INS_JSON_NULL)
		return 0;
	ins_json_put(&writer, NULL, value);
	return ins_json_finish(&writer, ret_text, err);
}

static int keep_parts(struct document *document, const struct ins_json *process,
	const struct ins_json *hooks, struct ins_error *err)
{
	int r = keep(process, &document->process_json, err);

	if (r < 0)
		return r;
	r = keep(hooks, &document->hooks_json, err);
	if (r < 0)
		return r;
	document->spec.process_json = document->process_json;
	document->spec.hooks_json = document->hooks_json;
	return 0;
}

static int keep_warnings(struct ins_cursor *cursor, struct ins_spec *spec)
{
	if (cursor->n_warnings == 0)
		return 0;
	spec->warnings = ins_arena_copy(cursor->arena, cursor->warnings,
		cursor->n_warnings * sizeof(cursor->warnings[0]));
	if (!spec->warnings)
		return ins_cursor_no_memory(cursor);
	spec->n_warnings = cursor->n_warnings;
	return 0;
}

/*
 * @text is owned by the document from now on. @parse fills @offset of the specification; @key is
 * what errors call the outermost value, NULL if they need not.
 */
static int read_document(char *text, size_t size, ins_parse_fn *parse, size_t offset,
	const char *key, struct ins_spec **ret_spec, struct ins_error *err)
{
	cleanup(cleanup_document) struct document *document = calloc(1, sizeof(*document));
	struct ins_cursor cursor = { .err = err };
	const struct ins_json *root;
	bool is_process = key;
	int r;

	if (!document) {
		free(text);
		return ins_error_set(err, ENOMEM, "read the configuration");
	}
	document->text = text;
	r = ins_arena_new(NULL, INS_ARENA_RESERVE + INS_JSON_RESERVE(size), &document->arena, err);
	if (r < 0)
		return r;
	r = ins_json_parse(text, size, document->arena, &root, err);
	if (r < 0)
		return r;
	cursor.arena = document->arena;
	if (key)
		ins_cursor_enter(&cursor, key, 0);
	r = parse(&cursor, root, (char *)&document->spec + offset, NULL);
	if (r < 0)
		return r;
	r = keep_warnings(&cursor, &document->spec);
	if (r < 0)
		return r;
	r = keep_parts(document, is_process ? root : ins_json_get(root, "process"),
		is_process ? NULL : ins_json_get(root, "hooks"), err);
	if (r < 0)
		return r;
	*ret_spec = &TAKE_PTR(document)->spec;
	return 0;
}

static int read_copy(const char *text, size_t size, ins_parse_fn *parse, size_t offset,
	const char *key, struct ins_spec **ret_spec, struct ins_error *err)
{
	char *copy;

	if (size > INS_JSON_SIZE_MAX)
		return ins_error_text(err, E2BIG, "more than %zu bytes", INS_JSON_SIZE_MAX);
	copy = malloc(size + 1);
	if (!copy)
		return ins_error_set(err, ENOMEM, "read the configuration");
	if (size > 0)
		memcpy(copy, text, size);
	copy[size] = '\0';
	return read_document(copy, size, parse, offset, key, ret_spec, err);
}

int ins_spec_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err)
{
	return read_copy(text, size, ins_config_parse, 0, NULL, ret_spec, err);
}

int ins_spec_load(int dirfd, const char *path, struct ins_spec **ret_spec, struct ins_error *err)
{
	char *text;
	size_t size;
	int r = ins_file_read(dirfd, path, INS_JSON_SIZE_MAX, &text, &size, err);

	if (r < 0)
		return r;
	r = read_document(text, size, ins_config_parse, 0, NULL, ret_spec, err);
	if (r < 0)
		ins_error_prefix(err, "%s", path);
	return r;
}

int ins_spec_process_parse(const char *text, size_t size, struct ins_spec **ret_spec,
	struct ins_error *err)
{
	return read_copy(text, size, ins_process_parse, offsetof(struct ins_spec, process), "process",
		ret_spec, err);
}

void ins_spec_free(struct ins_spec *spec)
{
	document_free((struct document *)spec);
}

const char *ins_spec_annotation(const struct ins_spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotations.n; i++) {
		if (strcmp(spec->annotations.v[i].key, key) == 0)
			return spec->annotations.v[i].value;
	}
	return NULL;
}
