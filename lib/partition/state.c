/* SPDX-License-Identifier: Apache-2.0 */
/* state.json to struct ins_partition_state and back. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "partition/partition.h"
#include "spec/emit.h"

#define STATE_FILE     "state.json"
#define STATE_SIZE_MAX ((size_t)4 << 20)

void ins_layers_clear(struct ins_layers *layers)
{
	free(TAKE_PTR(layers->v));
	layers->n = 0;
}

int ins_layers_copy(
	const struct ins_layers *layers, struct ins_layers *ret_layers, struct ins_error *err)
{
	struct ins_layers copy = { 0 };

	if (layers->n > 0) {
		copy.v = reallocarray(NULL, layers->n, sizeof(*copy.v));
		if (!copy.v)
			return ins_error_set(err, ENOMEM, "copy a list of layers");
		memcpy(copy.v, layers->v, layers->n * sizeof(*copy.v));
		copy.n = layers->n;
	}
	*ret_layers = copy;
	return 0;
}

void ins_partition_state_clear(struct ins_partition_state *state)
{
	for (size_t i = 0; i < state->n_snapshots; i++) {
		free(state->snapshots[i].name);
		free(state->snapshots[i].made);
		ins_layers_clear(&state->snapshots[i].layers);
	}
	free(TAKE_PTR(state->snapshots));
	state->n_snapshots = 0;
	ins_layers_clear(&state->layers);
	free(TAKE_PTR(state->name));
	free(TAKE_PTR(state->made));
}

/* --- reading: the file is our own, so what is wrong with it is told without ceremony ------------------- */

static int broken(const char *key, struct ins_error *err)
{
	return ins_error_text(
		err, EINVAL, STATE_FILE ": \"%s\" is missing, or not what it should be", key);
}

static int read_text(const json_t *object, const char *key, char **ret, struct ins_error *err)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		return broken(key, err);
	*ret = strdup(text);
	return *ret ? 0 : ins_error_set(err, ENOMEM, "read " STATE_FILE);
}

/* An id becomes part of a path. */
static int read_id(const json_t *value, char id[INS_LAYER_ID_SIZE])
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != INS_LAYER_ID_SIZE - 1 ||
		strspn(text, "0123456789abcdef") != INS_LAYER_ID_SIZE - 1)
		return -EINVAL;
	memcpy(id, text, INS_LAYER_ID_SIZE);
	return 0;
}

/* In the order of the enum; what is kept is not mentioned. */
static const char *const own_words[] = { NULL, "layer", "void" };

static int read_own(const json_t *root, enum ins_own *ret, struct ins_error *err)
{
	const char *word = json_string_value(json_object_get(root, "own"));

	if (!word)
		return 0;
	for (size_t i = 1; i < ARRAY_LENGTH(own_words); i++) {
		if (!strcmp(word, own_words[i])) {
			*ret = (enum ins_own)i;
			return 0;
		}
	}
	return broken("own", err);
}

static int read_layers(const json_t *object, struct ins_layers *layers, struct ins_error *err)
{
	const json_t *list = json_object_get(object, "layers"), *item;
	size_t i;

	if (json_array_size(list) == 0)
		return json_is_array(list) ? 0 : broken("layers", err);
	layers->v = reallocarray(NULL, json_array_size(list), sizeof(*layers->v));
	if (!layers->v)
		return ins_error_set(err, ENOMEM, "read " STATE_FILE);
	json_array_foreach(list, i, item) {
		if (read_id(item, layers->v[i]) < 0)
			return broken("layers", err);
		layers->n++;
	}
	return 0;
}

static int read_snapshots(
	const json_t *object, struct ins_partition_state *state, struct ins_error *err)
{
	const json_t *list = json_object_get(object, "snapshots"), *item;
	size_t i;

	state->snapshots = calloc(json_array_size(list) + 1, sizeof(*state->snapshots));
	if (!state->snapshots)
		return ins_error_set(err, ENOMEM, "read " STATE_FILE);
	json_array_foreach(list, i, item) {
		struct ins_snapshot *snapshot = &state->snapshots[state->n_snapshots++];
		int r = read_text(item, "name", &snapshot->name, err);

		if (r == 0)
			r = read_text(item, "made", &snapshot->made, err);
		if (r == 0)
			r = read_layers(item, &snapshot->layers, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_state(const json_t *root, struct ins_partition_state *state, struct ins_error *err)
{
	const json_t *number = json_object_get(root, "number");
	const json_t *status = json_object_get(root, "exitStatus");
	int r;

	if (!json_is_integer(number) || json_integer_value(number) < 0 ||
		json_integer_value(number) >= INS_NUMBERS)
		return broken("number", err);
	state->number = (uint32_t)json_integer_value(number);
	state->is_enabled = json_is_true(json_object_get(root, "enabled"));
	state->exit_status = json_is_integer(status) ? (int)json_integer_value(status) : -1;
	if (read_id(json_object_get(root, "image"), state->image) < 0)
		return broken("image", err);
	r = read_text(root, "made", &state->made, err);
	if (r == 0 && json_object_get(root, "name"))
		r = read_text(root, "name", &state->name, err);
	if (r == 0)
		r = read_own(root, &state->own, err);
	if (r == 0)
		r = read_layers(root, &state->layers, err);
	return r < 0 ? r : read_snapshots(root, state, err);
}

int ins_partition_state_load(int dir, struct ins_partition_state *ret_state, struct ins_error *err)
{
	struct ins_partition_state state = { 0 };
	cleanup_free char *text = NULL;
	json_t *root;
	size_t size;
	int r = ins_file_read(dir, STATE_FILE, STATE_SIZE_MAX, &text, &size, err);

	if (r < 0)
		return r;
	root = json_loadb(text, size, 0, NULL);
	r = root ? read_state(root, &state, err)
		 : ins_error_text(err, EINVAL, STATE_FILE " is no JSON");
	json_decref(root);
	if (r < 0)
		ins_partition_state_clear(&state);
	else
		*ret_state = state;
	return r;
}

/* --- writing ------------------------------------------------------------------------------------------- */

static void emit_layers(struct ins_emit *emit, json_t *object, const struct ins_layers *layers)
{
	json_t *list = ins_emit_array(emit, object, "layers");

	for (size_t i = 0; i < layers->n; i++)
		ins_emit_append(emit, list, json_string(layers->v[i]));
}

int ins_partition_state_save(
	int dir, const struct ins_partition_state *state, struct ins_error *err)
{
	struct ins_emit emit = { 0 };
	json_t *root = ins_emit_root(&emit), *list;
	cleanup_free char *text = NULL;
	int r;

	ins_emit_string(&emit, root, "name", state->name);
	ins_emit_put(&emit, root, "number", json_integer(state->number));
	ins_emit_string(&emit, root, "image", state->image);
	ins_emit_string(&emit, root, "made", state->made);
	ins_emit_put(&emit, root, "enabled", json_boolean(state->is_enabled));
	if (state->exit_status >= 0)
		ins_emit_put(&emit, root, "exitStatus", json_integer(state->exit_status));
	emit_layers(&emit, root, &state->layers);
	ins_emit_string(&emit, root, "own", own_words[state->own]);
	list = ins_emit_array(&emit, root, "snapshots");
	for (size_t i = 0; i < state->n_snapshots; i++) {
		json_t *snapshot = json_object();

		ins_emit_string(&emit, snapshot, "name", state->snapshots[i].name);
		ins_emit_string(&emit, snapshot, "made", state->snapshots[i].made);
		emit_layers(&emit, snapshot, &state->snapshots[i].layers);
		ins_emit_append(&emit, list, snapshot);
	}
	r = ins_emit_text(&emit, JSON_INDENT(2), &text, err);
	return r < 0 ? r : ins_file_write_durable(dir, STATE_FILE, text, strlen(text), 0600, err);
}
