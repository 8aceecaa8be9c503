/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/emit.h"
#include "spec/features.h"
#include "spec/names.h"

/* All words of a table; with @wanted false none: an absent list would mean "unknown". */
static void put_names(struct ins_emit *emit, json_t *object, const char *key,
	const struct ins_name *names, bool wanted)
{
	json_t *array = ins_emit_array(emit, object, key);

	for (; wanted && names->name; names++)
		ins_emit_append(emit, array, json_string(names->name));
}

static void put_list(
	struct ins_emit *emit, json_t *object, const char *key, const struct ins_strings *list)
{
	ins_emit_strings(emit, object, key, list->v, list->n);
}

static void put_enabled(struct ins_emit *emit, json_t *object, const char *key, bool enabled)
{
	ins_emit_put(emit, ins_emit_object(emit, object, key), "enabled", json_boolean(enabled));
}

static void put_seccomp(struct ins_emit *emit, json_t *object, const struct ins_features *features)
{
	ins_emit_put(emit, object, "enabled", json_true());
	put_names(emit, object, "actions", ins_seccomp_actions, true);
	put_names(emit, object, "operators", ins_seccomp_operators, true);
	put_list(emit, object, "archs", &features->seccomp_architectures);
	put_names(emit, object, "knownFlags", ins_seccomp_flags, true);
	put_list(emit, object, "supportedFlags", &features->seccomp_supported_flags);
}

static void put_cgroup(struct ins_emit *emit, json_t *object, const struct ins_features *features)
{
	ins_emit_put(emit, object, "v1", json_false());
	ins_emit_put(emit, object, "v2", json_true());
	ins_emit_put(emit, object, "systemd", json_boolean(features->cgroup_systemd));
	ins_emit_put(emit, object, "systemdUser", json_boolean(features->cgroup_systemd_user));
	ins_emit_put(emit, object, "rdma", json_boolean(features->cgroup_rdma));
}

static void put_linux(struct ins_emit *emit, json_t *object, const struct ins_features *features)
{
	const char *capabilities[64];
	size_t n = 0;
	json_t *part;

	while (n < 64 && (capabilities[n] = ins_capability_name((int)n)) != NULL)
		n++;
	put_names(emit, object, "namespaces", ins_namespace_names, true);
	ins_emit_strings(emit, object, "capabilities", capabilities, n);
	put_cgroup(emit, ins_emit_object(emit, object, "cgroup"), features);
	put_seccomp(emit, ins_emit_object(emit, object, "seccomp"), features);
	put_enabled(emit, object, "apparmor", true);
	put_enabled(emit, object, "selinux", true);
	part = ins_emit_object(emit, object, "intelRdt");
	ins_emit_put(emit, part, "enabled", json_boolean(features->intel_rdt));
	ins_emit_put(emit, part, "schemata", json_boolean(features->intel_rdt));
	ins_emit_put(emit, part, "monitoring", json_boolean(features->intel_rdt));
	part = ins_emit_object(emit, object, "memoryPolicy");
	put_names(emit, part, "modes", ins_memory_policy_modes, features->memory_policy);
	put_names(emit, part, "flags", ins_memory_policy_flags, features->memory_policy);
	put_enabled(emit, ins_emit_object(emit, object, "mountExtensions"), "idmap", true);
	put_enabled(emit, object, "netDevices", features->net_devices);
}

int ins_features_emit(const struct ins_features *features, char **ret_text, struct ins_error *err)
{
	struct ins_emit emit = {};
	json_t *root = ins_emit_root(&emit), *annotations;
	const char *hooks[INS_HOOK_KINDS];

	for (int i = 0; i < INS_HOOK_KINDS; i++)
		hooks[i] = ins_hook_kind_name((enum ins_hook_kind)i);
	ins_emit_string(&emit, root, "ociVersionMin", INS_OCI_VERSION_MIN);
	ins_emit_string(&emit, root, "ociVersionMax", INS_OCI_VERSION);
	ins_emit_strings(&emit, root, "hooks", hooks, INS_HOOK_KINDS);
	put_list(&emit, root, "mountOptions", &features->mount_options);
	put_linux(&emit, ins_emit_object(&emit, root, "linux"), features);
	annotations = ins_emit_object(&emit, root, "annotations");
	for (size_t i = 0; i < features->annotations.n; i++)
		ins_emit_string(&emit, annotations, features->annotations.v[i].key,
			features->annotations.v[i].value);
	put_list(&emit, root, "potentiallyUnsafeConfigAnnotations", &features->unsafe_annotations);
	return ins_emit_text(&emit, JSON_INDENT(4), ret_text, err);
}
