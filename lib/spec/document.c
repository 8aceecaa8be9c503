/* SPDX-License-Identifier: Apache-2.0 */
/* From text to struct ins_spec: who owns what, and the ways in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "spec/big.h"
#include "spec/emit.h"
#include "spec/parts.h"
#include "spec/plain.h"

/* The largest text that is read. Depth is bounded by jansson, to 2048 levels; what is deeper than
 * the tables of the parser is only ever skipped. */
#define TEXT_MAX ((size_t)4 << 20)

/* The specification comes first: ins_spec_free() gets its address. */
struct document {
	struct ins_spec spec;
	struct ins_arena *arena; /* arrays */
	json_t *root;            /* strings */
	bool has_big;            /* numbers above 2^63 − 1, marked */
	char *process_json, *hooks_json;
};

static void document_free(struct document *document)
{
	if (!document)
		return;
	ins_arena_free(document->arena);
	json_decref(document->root);
	free(document->process_json);
	free(document->hooks_json);
	free(document);
}

static int fail_json(const json_error_t *error, struct ins_error *err)
{
	if (json_error_code(error) == json_error_null_character ||
		json_error_code(error) == json_error_null_byte_in_key)
		return ins_error_text(err, EINVAL,
			"line %d, column %d: character U+0000 in a string", error->line,
			error->column);
	return ins_error_text(
		err, EINVAL, "line %d, column %d: %s", error->line, error->column, error->text);
}

static int read_json(
	struct document *document, const char *text, size_t size, struct ins_error *err)
{
	json_error_t error;
	int r = ins_json_read(text, size, &document->root, &document->has_big, &error);

	if (r == -ENOMEM)
		return ins_error_set(err, ENOMEM, "read JSON");
	return r < 0 ? fail_json(&error, err) : 0;
}

/* One value as compact text, for what later calls need of it. */
static int keep(
	const struct document *document, json_t *value, char **ret_text, struct ins_error *err)
{
	int r;

	if (!json_is_object(value))
		return 0;
	r = ins_emit_dump(value, JSON_COMPACT, ret_text, err);
	if (r < 0)
		return r;
	if (document->has_big)
		ins_big_unmark(*ret_text);
	return 0;
}

static int keep_parts(
	struct document *document, json_t *process, json_t *hooks, struct ins_error *err)
{
	int r = keep(document, process, &document->process_json, err);

	if (r < 0)
		return r;
	r = keep(document, hooks, &document->hooks_json, err);
	if (r < 0)
		return r;
	document->spec.process_json = document->process_json;
	document->spec.hooks_json = document->hooks_json;
	return 0;
}

static int keep_remarks(
	struct ins_cursor *cursor, const struct ins_remarks *remarks, struct ins_strings *ret)
{
	if (remarks->n == 0)
		return 0;
	ret->v = ins_arena_copy(cursor->arena, remarks->v, remarks->n * sizeof(remarks->v[0]));
	if (!ret->v)
		return ins_cursor_no_memory(cursor);
	ret->n = remarks->n;
	return 0;
}

static int fill_config(struct ins_cursor *cursor, struct document *document)
{
	int r = ins_config_parse(cursor, document->root, &document->spec, NULL);

	if (r < 0)
		return r;
	return keep_parts(document, json_object_get(document->root, "process"),
		json_object_get(document->root, "hooks"), cursor->err);
}

static int fill_process(struct ins_cursor *cursor, struct document *document)
{
	int r;

	ins_cursor_enter(cursor, "process", 0);
	r = ins_process_parse(cursor, document->root, &document->spec.process, NULL);
	if (r < 0)
		return r;
	return keep_parts(document, document->root, NULL, cursor->err);
}

static int fill_hooks(struct ins_cursor *cursor, struct document *document)
{
	ins_cursor_enter(cursor, "hooks", 0);
	return ins_hooks_parse(cursor, document->root, document->spec.hooks, NULL);
}

static int fill_resources(struct ins_cursor *cursor, struct document *document)
{
	int r;

	ins_cursor_enter(cursor, "linux", 0);
	ins_cursor_enter(cursor, "resources", 0);
	r = ins_cursor_type(cursor, document->root, JSON_OBJECT);
	return r < 0 ? r
		     : ins_resources_parse(cursor, document->root, &document->spec.resources, NULL);
}

typedef int fill_fn(struct ins_cursor *cursor, struct document *document);

/* What is to be read is the root, or, without one, the text. */
struct source {
	const char *text;
	size_t size;
	json_t *root;
};

static int read_document(struct document *document, const struct source *source, fill_fn *fill,
	struct ins_error *err)
{
	struct ins_cursor cursor = { .err = err };
	int r;

	if (source->size > TEXT_MAX)
		return ins_error_text(err, E2BIG, "more than %zu bytes", TEXT_MAX);
	r = ins_arena_new(NULL, INS_ARENA_RESERVE, &document->arena, err);
	if (r < 0)
		return r;
	document->root = json_incref(source->root);
	if (!source->root)
		r = read_json(document, source->text, source->size, err);
	if (r < 0)
		return r;
	cursor.arena = document->arena;
	r = fill(&cursor, document);
	if (r < 0)
		return r;
	r = keep_remarks(&cursor, &cursor.warnings, &document->spec.warnings);
	return r < 0 ? r : keep_remarks(&cursor, &cursor.unknown, &document->spec.unknown);
}

static int make_document(const struct source *source, fill_fn *fill, struct ins_spec **ret_spec,
	struct ins_error *err)
{
	struct document *document = calloc(1, sizeof(*document));
	int r;

	if (!document)
		return ins_error_set(err, ENOMEM, "read the configuration");
	r = read_document(document, source, fill, err);
	if (r < 0) {
		document_free(document);
		return r;
	}
	*ret_spec = &document->spec;
	return 0;
}

int ins_spec_parse(const char *text, size_t size, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct source source = { .text = text, .size = size };

	return make_document(&source, fill_config, ret_spec, err);
}

int ins_spec_take(json_t *root, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct source source = { .root = root };

	return make_document(&source, fill_config, ret_spec, err);
}

int ins_spec_load(int dirfd, const char *path, struct ins_spec **ret_spec, struct ins_error *err)
{
	cleanup_free char *text = NULL;
	size_t size;
	int r = ins_file_read(dirfd, path, TEXT_MAX, &text, &size, err);

	if (r < 0)
		return r;
	r = ins_spec_parse(text, size, ret_spec, err);
	if (r < 0)
		ins_error_prefix(err, "%s", path);
	return r;
}

int ins_spec_process_parse(
	const char *text, size_t size, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct source source = { .text = text, .size = size };

	return make_document(&source, fill_process, ret_spec, err);
}

int ins_spec_hooks_parse(
	const char *text, size_t size, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct source source = { .text = text, .size = size };

	return make_document(&source, fill_hooks, ret_spec, err);
}

int ins_spec_resources_parse(
	const char *text, size_t size, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct source source = { .text = text, .size = size };

	return make_document(&source, fill_resources, ret_spec, err);
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
