/* SPDX-License-Identifier: Apache-2.0 */
/* What is written: the state objects, features, the default configuration. */
#include <jansson.h>
#include <strings.h>

#include "spec/emit.h"
#include "spec/features.h"
#include "spec/state.h"
#include "test-spec.h"

static const struct ins_pair pairs[] = { { "a.b", "c\n\"\xc3\xa4" }, { "d", "" } };
static const struct ins_pair controls[] = { { "a\x7f", "\xc2\x80z\xc2\x9b\xc2\xa0\xc2\x9f" } };

static void states(void **state)
{
	const struct ins_state full = {
		.oci_version = "1.0.2",
		.id = "i",
		.status = "paused",
		.pid = 42,
		.bundle = "/b/\xff\xc3\xa4",
		.annotations = { 2, pairs },
		.rootfs = "/r",
		.created = "2026-01-02T03:04:05.000000006Z",
		.owner = "root",
	};
	const struct ins_state steering = { .id = "i",
		.status = "stopped",
		.bundle = "/\xc2\x9bJ\xe2\x80\xae\xf3\xa0\x81\x81\xf0\x9f\x98\x80",
		.annotations = { 1, controls } };
	const struct ins_state least = { .id = "i", .status = "stopped", .bundle = "/b" };
	struct ins_error err = {};
	cleanup_free char *text = NULL, *other = NULL, *escaped = NULL;

	(void)state;
	assert_int_equal(ins_state_emit(&steering, true, &escaped, &err), 0);
	assert_string_equal(escaped,
		"{\"ociVersion\":\"1.3.0\",\"id\":\"i\",\"status\":\"stopped\",\"pid\":0,"
		"\"bundle\":\"/\\u009bJ\\u202e\\udb40\\udc41\xf0\x9f\x98\x80\","
		"\"annotations\":{\"a\\u007f\":\"\\u0080z\\u009b\xc2\xa0\\u009f\"}}");
	assert_int_equal(ins_state_emit(&full, true, &text, &err), 0);
	assert_string_equal(text,
		"{\"ociVersion\":\"1.0.2\",\"id\":\"i\",\"status\":\"paused\",\"pid\":42,"
		"\"bundle\":\"/b/???\",\"rootfs\":\"/r\","
		"\"created\":\"2026-01-02T03:04:05.000000006Z\",\"owner\":\"root\","
		"\"annotations\":{\"a.b\":\"c\\n\\\"\xc3\xa4\",\"d\":\"\"}}");
	assert_int_equal(ins_state_emit(&least, false, &other, &err), 0);
	assert_string_equal(other, "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"i\",\n"
				   "  \"status\": \"stopped\",\n  \"pid\": 0,\n"
				   "  \"bundle\": \"/b\"\n}");
}

static void process_states(void **state)
{
	static const char *const fds[] = { INS_SECCOMP_FD_NAME };
	const struct ins_state creating = {
		.id = "i", .status = "creating", .pid = 7, .bundle = "/b"
	};
	struct ins_error err = {};
	cleanup_free char *text = NULL, *without = NULL;

	(void)state;
	assert_int_equal(ins_process_state_emit(&creating, 8, "m", fds, 1, &text, &err), 0);
	assert_string_equal(text,
		"{\"ociVersion\":\"1.3.0\",\"fds\":[\"seccompFd\"],\"pid\":8,\"metadata\":\"m\","
		"\"state\":{\"ociVersion\":\"1.3.0\",\"id\":\"i\",\"status\":\"creating\","
		"\"pid\":7,\"bundle\":\"/b\"}}");
	assert_int_equal(ins_process_state_emit(&creating, 8, NULL, fds, 1, &without, &err), 0);
	assert_null(strstr(without, "metadata"));
}

static size_t length_of(const json_t *root, const char *list)
{
	return json_array_size(json_object_get(root, list));
}

static void features(void **state)
{
	static const char *const words[] = { "a", "b", "c" };
	const struct ins_features given = {
		.mount_options = { 3, words },
		.seccomp_architectures = { 2, words },
		.seccomp_supported_flags = { 1, words },
		.unsafe_annotations = { 1, words },
		.annotations = { 2, pairs },
		.cgroup_rdma = true,
	};
	struct ins_error err = {};
	cleanup_free char *text = NULL;
	const json_t *platform, *seccomp;
	json_t *root;

	(void)state;
	assert_int_equal(ins_features_emit(&given, &text, &err), 0);
	root = json_loads(text, 0, NULL);
	platform = json_object_get(root, "linux");
	seccomp = json_object_get(platform, "seccomp");
	assert_int_equal(length_of(root, "hooks"), 6);
	assert_int_equal(length_of(root, "mountOptions"), 3);
	assert_int_equal(length_of(root, "potentiallyUnsafeConfigAnnotations"), 1);
	assert_int_equal(length_of(platform, "namespaces"), 8);
	assert_int_equal(length_of(platform, "capabilities"), 41);
	assert_int_equal(length_of(seccomp, "actions"), 9);
	assert_int_equal(length_of(seccomp, "operators"), 7);
	assert_int_equal(length_of(seccomp, "archs"), 2);
	assert_int_equal(length_of(seccomp, "knownFlags"), 4);
	assert_int_equal(length_of(seccomp, "supportedFlags"), 1);
	assert_true(json_is_true(json_object_get(json_object_get(platform, "cgroup"), "rdma")));
	assert_true(json_is_false(json_object_get(json_object_get(platform, "cgroup"), "v1")));
	assert_true(
		json_is_false(json_object_get(json_object_get(platform, "netDevices"), "enabled")));
	assert_true(
		json_is_array(json_object_get(json_object_get(platform, "memoryPolicy"), "modes")));
	json_decref(root);
}

/* What is written can be read, and asks for what it is meant to. */
static void defaults(void **state)
{
	struct ins_error err = {};
	cleanup_free char *text = NULL, *rootless = NULL;
	struct ins_spec *spec = NULL;

	(void)state;
	assert_int_equal(ins_spec_default(false, &text, &err), 0);
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_int_equal(ins_spec_parse(text, strlen(text), &spec, &err), 0);
	assert_true(spec->process.terminal && spec->process.no_new_privileges);
	assert_true(spec->root_readonly);
	assert_true(spec->namespaces[INS_NS_NETWORK].present);
	assert_false(spec->namespaces[INS_NS_USER].present);
	assert_int_equal(spec->resources.n_devices, 1);
	assert_int_equal(spec->n_mounts, 7);
	assert_int_equal(spec->warnings.n, 0);
	ins_spec_free(spec);

	assert_int_equal(ins_spec_default(true, &rootless, &err), 0);
	assert_int_equal(ins_spec_parse(rootless, strlen(rootless), &spec, &err), 0);
	assert_true(spec->namespaces[INS_NS_USER].present);
	assert_false(spec->namespaces[INS_NS_NETWORK].present);
	assert_false(spec->resources.present);
	assert_int_equal(spec->uid_mappings.n, 1);
	assert_int_equal(spec->uid_mappings.v[0].host, geteuid());
	assert_int_equal(spec->gid_mappings.v[0].host, getegid());
	assert_int_equal(spec->n_mounts, 7);
	for (size_t i = 0; i < spec->n_mounts; i++) {
		for (size_t j = 0; j < spec->mounts[i].options.n; j++)
			assert_string_not_equal(spec->mounts[i].options.v[j], "gid=5");
		if (strcmp(spec->mounts[i].destination, "/sys") == 0)
			assert_string_equal(spec->mounts[i].options.v[0], "rbind");
	}
	ins_spec_free(spec);
}

/* Each layout is the one of jansson, which reads the same back. */
static void layouts(void **state)
{
	static const char *const texts[] = { "{}", "[]", "{\"a\": {}, \"b\": []}",
		"[1, -9223372036854775808, 9223372036854775807, 1.0, 2.5e-300, true, false, null]",
		"{\"a b\": [{\"c\": \"\\\"\\\\/\\b\\f\\n\\r\\t\"}, [[\"\", \"\\u20ac\"]]]}",
		"[\"\\u0001\\u001f\"]" };
	static const size_t flags[] = { 0, JSON_COMPACT, JSON_INDENT(2), JSON_INDENT(4) };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts) * ARRAY_LENGTH(flags); i++) {
		size_t layout = flags[i % ARRAY_LENGTH(flags)];
		json_t *value = json_loads(texts[i / ARRAY_LENGTH(flags)], 0, NULL);
		char *expected = json_dumps(value, layout), *text = NULL;

		assert_int_equal(ins_emit_dump(value, layout, &text, NULL), 0);
		assert_int_equal(strcasecmp(text, expected), 0);
		free(text);
		free(expected);
		json_decref(value);
	}
}

static void a_long_text(void **state)
{
	json_t *array = json_array();
	cleanup_free char *text = NULL;
	json_t *read;

	(void)state;
	for (int i = 0; i < 10000; i++)
		json_array_append_new(array, json_integer(i));
	assert_int_equal(ins_emit_dump(array, JSON_COMPACT, &text, NULL), 0);
	read = json_loads(text, 0, NULL);
	assert_true(json_equal(read, array));
	json_decref(read);
	json_decref(array);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),
		cmocka_unit_test(process_states),
		cmocka_unit_test(features),
		cmocka_unit_test(defaults),
		cmocka_unit_test(layouts),
		cmocka_unit_test(a_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
