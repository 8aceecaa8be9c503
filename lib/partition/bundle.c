/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of a partition. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/number.h"
#include "partition/bundle.h"
#include "partition/bundle_mounts.h"
#include "partition/limits.h"
#include "partition/profile.h"
#include "partition/setting.h"
#include "partition/views.h"
#include "spec/emit.h"
#include "spec/spec.h"
#include "sys/notify.h"

struct bundle {
	const struct ins_partition *partition;
	const struct ins_definition *definition;
	const char *notify; /* of who supervises; NULL: the guest has no say */
	const struct ins_host *host;
	bool boots, has_network; /* of its own */
	uint64_t capabilities;
	struct ins_views views;
	json_t *defaults; /* of the image; NULL: it has none */
	struct ins_emit emit;
	json_t *root;
};

static const char *get(const struct bundle *bundle, enum ins_setting setting)
{
	return ins_definition_get(bundle->definition, setting);
}

/* What was asked for, or else what the image says. */
static const char *get_or_default(
	const struct bundle *bundle, enum ins_setting setting, const char *key)
{
	const char *given = get(bundle, setting);

	return given ? given : json_string_value(json_object_get(bundle->defaults, key));
}

static void put_text(struct bundle *bundle, json_t *object, const char *key, const char *text)
{
	ins_emit_string(&bundle->emit, object, key, text);
}

static void put_flag(struct bundle *bundle, json_t *object, const char *key, bool value)
{
	ins_emit_put(&bundle->emit, object, key, json_boolean(value));
}

static void put_number(struct bundle *bundle, json_t *object, const char *key, json_int_t value)
{
	ins_emit_put(&bundle->emit, object, key, json_integer(value));
}

static void put_words(
	struct bundle *bundle, json_t *object, const char *key, const char *const *words)
{
	size_t n = 0;

	while (words[n])
		n++;
	ins_emit_strings(&bundle->emit, object, key, words, n);
}

/* --- process --------------------------------------------------------------------------------------------- */

static void put_user(struct bundle *bundle, json_t *process)
{
	const char *given = get_or_default(bundle, INS_SETTING_USER, "user");
	json_t *user = ins_emit_object(&bundle->emit, process, "user");
	uint32_t uid = 0, gid = 0;
	bool has_gid;

	if (given)
		(void)ins_user_parse(given, &uid, &has_gid, &gid);
	put_number(bundle, user, "uid", uid);
	put_number(bundle, user, "gid", gid);
	/* Not that of whoever starts it: insula-keeper has a narrower one for its own files. */
	put_number(bundle, user, "umask", 022);
}

static void put_command(struct bundle *bundle, json_t *process)
{
	static const char *const init[] = { "/sbin/init", NULL }, *const shell[] = { "/bin/sh",
		NULL };
	const struct ins_definition_value *command =
		&bundle->definition->values[INS_SETTING_COMMAND];
	json_t *image_command = json_object_get(bundle->defaults, "command");

	if (command->n > 0)
		ins_emit_strings(&bundle->emit, process, "args", (const char *const *)command->v,
			command->n);
	else if (image_command && !bundle->boots)
		ins_emit_put(&bundle->emit, process, "args", json_incref(image_command));
	else
		put_words(bundle, process, "args", bundle->boots ? init : shell);
}

static bool sets(const struct ins_definition_value *env, const char *usual)
{
	size_t n = strcspn(usual, "=") + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (!strncmp(env->v[i], usual, n))
			return true;
	}
	return false;
}

static bool image_sets(const json_t *env, const char *usual)
{
	size_t n = strcspn(usual, "=") + 1, i;
	const json_t *item;

	json_array_foreach(env, i, item) {
		if (!strncmp(json_string_value(item), usual, n))
			return true;
	}
	return false;
}

/* WATCHDOG_PID stays away: the unit takes WATCHDOG=1 from any process of the partition. */
static void put_notify(struct bundle *bundle, json_t *env)
{
	const char *watchdog = ins_notify_watchdog();
	char text[64];

	ins_emit_append(&bundle->emit, env, json_string("NOTIFY_SOCKET=" INS_NOTIFY_INSIDE));
	if (!watchdog)
		return;
	snprintf(text, sizeof(text), "WATCHDOG_USEC=%s", watchdog);
	ins_emit_append(&bundle->emit, env, json_string(text));
}

/* systemd and others look for "container". */
static void put_env(struct bundle *bundle, json_t *process)
{
	static const char *const usual[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"TERM=xterm",
		"container=insula",
	};
	const struct ins_definition_value *env = &bundle->definition->values[INS_SETTING_ENV];
	const json_t *image_env = json_object_get(bundle->defaults, "env");
	json_t *list = ins_emit_array(&bundle->emit, process, "env"), *item;
	size_t n;

	/* Before all others: the first one of a name is the one that is found. */
	if (bundle->notify)
		put_notify(bundle, list);
	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++) {
		if (!sets(env, usual[i]) && !image_sets(image_env, usual[i]))
			ins_emit_append(&bundle->emit, list, json_string(usual[i]));
	}
	json_array_foreach(image_env, n, item) {
		if (!sets(env, json_string_value(item)))
			ins_emit_append(&bundle->emit, list, json_incref(item));
	}
	for (size_t i = 0; i < env->n; i++)
		ins_emit_append(&bundle->emit, list, json_string(env->v[i]));
}

/* What the program gets as its standard input is ours: whoever supervises has opened it. */
static bool has_input(void)
{
	struct stat input;

	return fstat(STDIN_FILENO, &input) == 0 &&
	       !(S_ISCHR(input.st_mode) && input.st_rdev == makedev(1, 3));
}

/* A shell that nobody speaks to would end at once: it gets a terminal without being asked, where it waits for
 * `insula console`. */
static bool is_lone_shell(const json_t *process)
{
	static const char *const shells[] = { "sh", "ash", "bash", "csh", "dash", "fish", "ksh",
		"mksh", "tcsh", "zsh" };
	const json_t *args = json_object_get(process, "args");
	const char *program = json_string_value(json_array_get(args, 0));
	const char *slash = program ? strrchr(program, '/') : NULL;
	const char *name = slash ? slash + 1 : program;

	if (json_array_size(args) != 1 || has_input())
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(shells); i++) {
		if (!strcmp(name, shells[i]))
			return true;
	}
	return false;
}

/* Nobody is there yet whose terminal's size it could have. */
static void put_terminal(struct bundle *bundle, json_t *process)
{
	json_t *size;

	put_flag(bundle, process, "terminal", true);
	size = ins_emit_object(&bundle->emit, process, "consoleSize");
	put_number(bundle, size, "height", 24);
	put_number(bundle, size, "width", 80);
}

static void put_process(struct bundle *bundle)
{
	json_t *process = ins_emit_object(&bundle->emit, bundle->root, "process");
	const char *cwd = get_or_default(bundle, INS_SETTING_CWD, "cwd");

	put_user(bundle, process);
	put_command(bundle, process);
	if (get(bundle, INS_SETTING_TERMINAL) || is_lone_shell(process))
		put_terminal(bundle, process);
	put_env(bundle, process);
	put_text(bundle, process, "cwd", cwd ? cwd : "/");
	ins_profile_emit_capabilities(&bundle->emit, process, bundle->capabilities);
	put_flag(bundle, process, "noNewPrivileges", !bundle->boots);
}

/* --- linux ----------------------------------------------------------------------------------------------- */

static void put_namespaces(struct bundle *bundle, json_t *platform)
{
	static const char *const types[] = { "user", "pid", "mount", "network", "ipc", "uts",
		"cgroup", "time" };
	json_t *list = ins_emit_array(&bundle->emit, platform, "namespaces");

	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		json_t *item;

		if (!strcmp(types[i], "network") && !bundle->has_network)
			continue;
		item = json_object();
		put_text(bundle, item, "type", types[i]);
		ins_emit_append(&bundle->emit, list, item);
	}
}

/* Its clocks begin with its start, so that it has an uptime of its own. Both: the time since the boot is never
 * less than that without suspends. */
static void put_clocks(struct bundle *bundle, json_t *platform)
{
	static const struct {
		const char *name;
		clockid_t id;
	} clocks[] = { { "monotonic", CLOCK_MONOTONIC }, { "boottime", CLOCK_BOOTTIME } };
	json_t *offsets = ins_emit_object(&bundle->emit, platform, "timeOffsets");

	for (size_t i = 0; i < ARRAY_LENGTH(clocks); i++) {
		struct timespec now;

		clock_gettime(clocks[i].id, &now);
		put_number(bundle, ins_emit_object(&bundle->emit, offsets, clocks[i].name), "secs",
			-(json_int_t)now.tv_sec);
	}
}

static void put_map(struct bundle *bundle, json_t *platform, const char *key)
{
	json_t *list = ins_emit_array(&bundle->emit, platform, key), *map = json_object();

	put_number(bundle, map, "containerID", 0);
	put_number(bundle, map, "hostID", ins_number_first_id(bundle->partition->state.number));
	put_number(bundle, map, "size", INS_NUMBER_IDS);
	ins_emit_append(&bundle->emit, list, map);
}

static void put_device(struct bundle *bundle, json_t *devices, json_t *rules, const char *path,
	const struct stat *s)
{
	json_t *device = json_object(), *rule = json_object();
	const char *type = S_ISBLK(s->st_mode) ? "b" : "c";

	put_text(bundle, device, "path", path);
	put_text(bundle, device, "type", type);
	put_number(bundle, device, "major", major(s->st_rdev));
	put_number(bundle, device, "minor", minor(s->st_rdev));
	put_number(bundle, device, "fileMode", s->st_mode & 07777);
	ins_emit_append(&bundle->emit, devices, device);
	put_flag(bundle, rule, "allow", true);
	put_text(bundle, rule, "type", type);
	put_number(bundle, rule, "major", major(s->st_rdev));
	put_number(bundle, rule, "minor", minor(s->st_rdev));
	put_text(bundle, rule, "access", "rw");
	ins_emit_append(&bundle->emit, rules, rule);
}

static int put_devices(
	struct bundle *bundle, json_t *platform, json_t *resources, struct ins_error *err)
{
	const struct ins_definition_value *wanted = &bundle->definition->values[INS_SETTING_DEVICE];
	json_t *devices = ins_emit_array(&bundle->emit, platform, "devices");
	json_t *rules = ins_emit_array(&bundle->emit, resources, "devices"), *none = json_object();

	put_flag(bundle, none, "allow", false);
	put_text(bundle, none, "access", "rwm");
	ins_emit_append(&bundle->emit, rules, none);
	for (size_t i = 0; i < wanted->n; i++) {
		struct stat s;

		if (stat(wanted->v[i], &s) < 0)
			return ins_error_set(err, errno, "device: %s", wanted->v[i]);
		if (!S_ISCHR(s.st_mode) && !S_ISBLK(s.st_mode))
			return ins_error_key(
				err, EINVAL, "device", "%s is no device", wanted->v[i]);
		put_device(bundle, devices, rules, wanted->v[i], &s);
	}
	return 0;
}

/* What `stop` wants to know of the image later: the annotation is image-spec's conversion.md's for it. An image
 * does not know what init it would be booted with. */
static void put_annotations(struct bundle *bundle)
{
	const char *stop_signal =
		json_string_value(json_object_get(bundle->defaults, "stop-signal"));

	if (stop_signal && !bundle->boots)
		put_text(bundle, ins_emit_object(&bundle->emit, bundle->root, "annotations"),
			INS_ANNOTATION_STOP_SIGNAL, stop_signal);
}

static int put_linux(struct bundle *bundle, const char *cgroup, struct ins_error *err)
{
	json_t *platform = ins_emit_object(&bundle->emit, bundle->root, "linux");
	json_t *resources = ins_emit_object(&bundle->emit, platform, "resources");
	int r;

	put_namespaces(bundle, platform);
	put_clocks(bundle, platform);
	put_map(bundle, platform, "uidMappings");
	put_map(bundle, platform, "gidMappings");
	put_text(bundle, platform, "cgroupsPath", cgroup);
	ins_profile_emit_paths(&bundle->emit, platform, bundle->boots,
		bundle->definition->values[INS_SETTING_DEVICE].n > 0, &bundle->views);
	ins_profile_emit_sysctl(&bundle->emit, platform, bundle->has_network);
	ins_profile_emit_seccomp(&bundle->emit, platform, bundle->capabilities);
	r = put_devices(bundle, platform, resources, err);
	ins_limits_emit(&bundle->emit, ins_emit_object(&bundle->emit, resources, "unified"),
		bundle->definition, bundle->host);
	return r;
}

/* --- together -------------------------------------------------------------------------------------------- */

static int build(struct bundle *bundle, const char *cgroup, struct ins_error *err)
{
	const char *hostname = get(bundle, INS_SETTING_HOSTNAME);
	json_t *root = ins_emit_root(&bundle->emit), *rootfs;
	int r;

	bundle->root = root;
	put_text(bundle, root, "ociVersion", INS_OCI_VERSION);
	put_text(bundle, root, "hostname", hostname ? hostname : bundle->partition->name);
	rootfs = ins_emit_object(&bundle->emit, root, "root");
	put_text(bundle, rootfs, "path", "rootfs");
	put_flag(bundle, rootfs, "readonly", get(bundle, INS_SETTING_READONLY));
	put_process(bundle);
	put_annotations(bundle);
	r = ins_bundle_emit_mounts(&bundle->emit, root,
		&(struct ins_bundle_mounts){ .partition = bundle->partition,
			.notify = bundle->notify,
			.boots = bundle->boots,
			.has_network = bundle->has_network,
			.views = &bundle->views },
		err);
	if (r == 0)
		r = put_linux(bundle, cgroup, err);
	return r;
}

int ins_bundle_write(const struct ins_partition *partition, const struct ins_host *host, int dir,
	const char *cgroup, const char *notify, struct ins_spec **ret_spec, struct ins_error *err)
{
	const struct ins_definition *definition = &partition->definition;
	const char *net = ins_definition_get(definition, INS_SETTING_NET);
	struct bundle bundle = { .partition = partition,
		.host = host,
		.definition = definition,
		.notify = notify,
		.boots = ins_definition_get(definition, INS_SETTING_BOOT),
		.has_network = !net || strcmp(net, "host") != 0 };
	cleanup_free char *text = NULL;
	json_t *root;
	int r = ins_limits_possible(definition, host, err);

	if (r < 0)
		return r;
	r = ins_image_config(&partition->library, partition->state.image, &bundle.defaults, err);
	if (r < 0)
		return r;
	ins_views_find(INS_VIEWS_DIRECTORY, &bundle.views);
	bundle.capabilities = ins_profile_capabilities(definition);
	r = build(&bundle, cgroup, err);
	root = bundle.emit.root;
	json_decref(bundle.defaults);
	/* Pretty-printed it would be twice as large, and there is one for each partition. */
	if (r == 0)
		r = ins_emit_dump(bundle.emit.failed ? NULL : root, JSON_COMPACT, &text, err);
	if (r == 0)
		r = ins_file_write(dir, "config.json", text, strlen(text), 0600, err);
	if (r == 0)
		r = ins_spec_take(root, ret_spec, err);
	json_decref(root);
	return r;
}
