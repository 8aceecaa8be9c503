/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emit.h"
#include "spec/state.h"

static const char *version_of(const struct ins_state *state)
{
	return state->oci_version ? state->oci_version : INS_OCI_VERSION;
}

static void fill_state(struct ins_emit *emit, json_t *object, const struct ins_state *state)
{
	ins_emit_string(emit, object, "ociVersion", version_of(state));
	ins_emit_string(emit, object, "id", state->id);
	ins_emit_string(emit, object, "status", state->status);
	ins_emit_put(emit, object, "pid", json_integer(state->pid));
	ins_emit_string(emit, object, "bundle", state->bundle);
	ins_emit_string(emit, object, "rootfs", state->rootfs);
	ins_emit_string(emit, object, "created", state->created);
	ins_emit_string(emit, object, "owner", state->owner);
	if (state->annotations.n > 0) {
		json_t *annotations = ins_emit_object(emit, object, "annotations");

		for (size_t i = 0; i < state->annotations.n; i++)
			ins_emit_string(emit, annotations, state->annotations.v[i].key,
				state->annotations.v[i].value);
	}
}

int ins_state_emit(
	const struct ins_state *state, bool compact, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = {};
	json_t *root = ins_emit_root(&emit);

	fill_state(&emit, root, state);
	return ins_emit_text(&emit, compact ? JSON_COMPACT : JSON_INDENT(2), ret_text, err);
}

int ins_process_state_emit(const struct ins_state *state, pid_t pid, const char *metadata,
	const char *const *fds, size_t n_fds, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = {};
	json_t *root = ins_emit_root(&emit);

	ins_emit_string(&emit, root, "ociVersion", version_of(state));
	ins_emit_strings(&emit, root, "fds", fds, n_fds);
	ins_emit_put(&emit, root, "pid", json_integer(pid));
	ins_emit_string(&emit, root, "metadata", metadata);
	fill_state(&emit, ins_emit_object(&emit, root, "state"), state);
	return ins_emit_text(&emit, JSON_COMPACT, ret_text, err);
}
