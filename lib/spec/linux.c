/* SPDX-License-Identifier: Apache-2.0 */
/* config-linux.md, but for resources and seccomp. */
#include <ctype.h>
#include <net/if.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "spec/names.h"
#include "spec/parts.h"

/* --- namespaces ----------------------------------------------------------------------------------
 */

struct ns_entry {
	int type; /* enum ins_ns */
	const char *path;
};

static const struct ins_field ns_rows[] = {
	INS_REQUIRED("type", ins_parse_name, struct ns_entry, type, ins_namespace_names),
	INS_FIELD("path", ins_parse_path, struct ns_entry, path, NULL),
};
static const struct ins_fields ns_fields = INS_FIELDS(ns_rows);
static const struct ins_list_kind ns_entries = { sizeof(struct ns_entry), ins_parse_object,
	&ns_fields };

/* The target is struct ins_spec_namespace[INS_NS_COUNT]. */
static int parse_namespaces(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_namespace *namespaces = target;
	struct {
		size_t n;
		const struct ns_entry *v;
	} list = {};
	int r = ins_parse_list(cursor, value, &list, &ns_entries);

	(void)detail;
	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i++) {
		struct ins_spec_namespace *ns = &namespaces[list.v[i].type];

		if (ns->present) {
			ins_cursor_enter(cursor, NULL, i);
			return ins_cursor_fail(cursor, "a second namespace of type \"%s\"",
				ins_ns_name((enum ins_ns)list.v[i].type));
		}
		ns->present = true;
		ns->path = list.v[i].path;
		ns->index = i;
	}
	return 0;
}

/* --- id maps -------------------------------------------------------------------------------------
 */

static const struct ins_range map_size = { 1, UINT32_MAX };

static const struct ins_field map_rows[] = {
	INS_REQUIRED("containerID", ins_parse_id, struct ins_id_map, container, NULL),
	INS_REQUIRED("hostID", ins_parse_id, struct ins_id_map, host, NULL),
	INS_REQUIRED("size", ins_parse_u32, struct ins_id_map, size, &map_size),
};
static const struct ins_fields map_fields = INS_FIELDS(map_rows);

static int parse_id_map(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_id_map *map = target;
	int r = ins_parse_object(cursor, value, map, &map_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (map->size > INS_ID_NONE - map->container || map->size > INS_ID_NONE - map->host)
		return ins_cursor_fail(cursor, "goes beyond the largest id, %u", INS_ID_NONE - 1);
	return 0;
}

static const struct ins_list_kind id_maps = { sizeof(struct ins_id_map), parse_id_map, NULL };

/* The kernel's UID_GID_MAP_MAX_EXTENTS. */
#define ID_MAPS_MAX 340

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < b ? b - a < a_size : a - b < b_size;
}

int ins_id_maps_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_id_maps *maps = target;
	int r;

	(void)detail;
	if (json_array_size(value) > ID_MAPS_MAX)
		return ins_cursor_fail(cursor, "has more than %d entries", ID_MAPS_MAX);
	r = ins_parse_list(cursor, value, maps, &id_maps);
	if (r < 0)
		return r;
	for (size_t i = 0; i < maps->n; i++) {
		const struct ins_id_map *a = &maps->v[i];

		for (size_t j = 0; j < i; j++) {
			const struct ins_id_map *b = &maps->v[j];

			if (!overlap(a->container, a->size, b->container, b->size) &&
				!overlap(a->host, a->size, b->host, b->size))
				continue;
			ins_cursor_enter(cursor, NULL, i);
			return ins_cursor_fail(cursor, "overlaps entry %zu", j);
		}
	}
	return 0;
}

/* --- time offsets --------------------------------------------------------------------------------
 */

static const struct ins_range nanosecs_range = { 0, 999999999 };

static const struct ins_field offset_rows[] = {
	INS_FIELD("secs", ins_parse_i64, struct ins_spec_time_offset, secs, NULL),
	INS_FIELD(
		"nanosecs", ins_parse_u32, struct ins_spec_time_offset, nanosecs, &nanosecs_range),
};
static const struct ins_fields offset_fields = INS_FIELDS(offset_rows);

static const struct ins_field clock_rows[] = {
	INS_OPTIONAL("monotonic", ins_parse_object, struct ins_spec, monotonic, monotonic.present,
		&offset_fields),
	INS_OPTIONAL("boottime", ins_parse_object, struct ins_spec, boottime, boottime.present,
		&offset_fields),
};
static const struct ins_fields clock_fields = INS_FIELDS(clock_rows);

/* The names of the clocks are data, not properties: an unknown one cannot be ignored. */
static int parse_time_offsets(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *clock;
	json_t *offset;
	int r = ins_parse_object(cursor, value, target, &clock_fields);

	(void)detail;
	if (r < 0)
		return r;
	json_object_foreach(value, clock, offset) {
		if (strcmp(clock, "monotonic") != 0 && strcmp(clock, "boottime") != 0)
			return ins_cursor_fail(
				cursor, "a time namespace has no clock \"%s\"", clock);
	}
	return 0;
}

/* --- devices -------------------------------------------------------------------------------------
 */

static int parse_device_type(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *type = NULL;
	int r = ins_parse_string(cursor, value, &type, detail);

	if (r < 0)
		return r;
	if (type[0] == '\0' || type[1] != '\0' || !strchr("cubp", type[0]))
		return ins_cursor_fail(cursor, "unknown value \"%s\"", type);
	/* mknod(1): "u" is an unbuffered character device, a difference that Linux does not know.
	 */
	*(char *)target = type[0] == 'u' ? 'c' : type[0];
	return 0;
}

/* The kernel's dev_t has 12 and 20 bits for them. */
static const struct ins_range major_range = { 0, 4095 };
static const struct ins_range minor_range = { 0, 1048575 };
/* With the bits of the type: podman hands over st_mode as it is. */
static const struct ins_range mode_range = { 0, 0177777 };

struct device {
	struct ins_spec_device spec;
	bool has_major, has_minor;
};

static const struct ins_field device_rows[] = {
	INS_REQUIRED("type", parse_device_type, struct device, spec.type, NULL),
	INS_REQUIRED("path", ins_parse_full_path, struct device, spec.path, NULL),
	INS_OPTIONAL("major", ins_parse_u32, struct device, spec.major, has_major, &major_range),
	INS_OPTIONAL("minor", ins_parse_u32, struct device, spec.minor, has_minor, &minor_range),
	INS_OPTIONAL(
		"fileMode", ins_parse_u32, struct device, spec.mode, spec.has_mode, &mode_range),
	INS_OPTIONAL("uid", ins_parse_id, struct device, spec.uid, spec.has_uid, NULL),
	INS_OPTIONAL("gid", ins_parse_id, struct device, spec.gid, spec.has_gid, NULL),
};
static const struct ins_fields device_fields = INS_FIELDS(device_rows);

static uint32_t device_file_type(char type)
{
	return type == 'b' ? S_IFBLK : type == 'p' ? S_IFIFO : S_IFCHR;
}

static int parse_device(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct device device = {};
	uint32_t type_bits;
	int r = ins_parse_object(cursor, value, &device, &device_fields);

	(void)detail;
	if (r < 0)
		return r;
	if (device.spec.type != 'p' && (!device.has_major || !device.has_minor)) {
		ins_cursor_enter(cursor, device.has_major ? "minor" : "major", 0);
		return ins_cursor_fail(cursor, "is required");
	}
	type_bits = device.spec.mode & S_IFMT;
	if (type_bits != 0 && type_bits != device_file_type(device.spec.type)) {
		ins_cursor_enter(cursor, "fileMode", 0);
		return ins_cursor_fail(cursor, "is that of another type of file");
	}
	device.spec.mode &= ~(uint32_t)S_IFMT;
	*(struct ins_spec_device *)target = device.spec;
	return 0;
}

static const struct ins_list_kind devices = { sizeof(struct ins_spec_device), parse_device, NULL };

/* --- network devices -----------------------------------------------------------------------------
 */

/* What the kernel takes as the name of an interface (dev_valid_name()). */
static bool is_interface_name(const char *name)
{
	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 ||
		strcmp(name, "..") == 0)
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	}
	return true;
}

static int parse_interface_name(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *name = NULL;
	int r = ins_parse_text(cursor, value, &name, detail);

	if (r < 0 || !name)
		return r;
	if (!is_interface_name(name))
		return ins_cursor_fail(cursor, "\"%s\" is no name for an interface", name);
	*(const char **)target = name;
	return 0;
}

static const struct ins_field net_device_rows[] = {
	INS_FIELD("name", parse_interface_name, struct ins_spec_net_device, name, NULL),
};
static const struct ins_fields net_device_fields = INS_FIELDS(net_device_rows);

static int parse_net_device(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_net_device *device = target;

	(void)detail;
	device->host = ins_cursor_key(cursor);
	if (!is_interface_name(device->host))
		return ins_cursor_fail(cursor, "\"%s\" is no name of an interface", device->host);
	return ins_parse_object(cursor, value, device, &net_device_fields);
}

static const struct ins_list_kind net_devices = { sizeof(struct ins_spec_net_device),
	parse_net_device, NULL };

/* --- cgroup, resctrl, memory policy, sysctl, personality -----------------------------------------
 */

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if (iscntrl((unsigned char)*text))
			return true;
	}
	return false;
}

/* ".." between slashes or at an end. */
static bool climbs(const char *path)
{
	const char *at = path;

	while ((at = strstr(at, "..")) != NULL) {
		if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
		at++;
	}
	return false;
}

static int parse_cgroups_path(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *path = NULL;
	int r = ins_parse_text(cursor, value, &path, detail);

	if (r < 0 || !path)
		return r;
	if (has_control(path))
		return ins_cursor_fail(cursor, "has a control character");
	if (climbs(path))
		return ins_cursor_fail(cursor, "\"%s\" has a component \"..\"", path);
	*(const char **)target = path;
	return 0;
}

/* Becomes the name of a directory in resctrl; "/" is the one at the top. */
static int parse_clos_id(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *name = NULL;
	int r = ins_parse_text(cursor, value, &name, detail);

	if (r < 0 || !name)
		return r;
	if (strcmp(name, "/") != 0 &&
		(strchr(name, '/') || has_control(name) || climbs(name) || strcmp(name, ".") == 0))
		return ins_cursor_fail(cursor, "\"%s\" is no name for a directory", name);
	*(const char **)target = name;
	return 0;
}

static int parse_mb_schema(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *schema = NULL;
	int r = ins_parse_text(cursor, value, &schema, detail);

	if (r < 0 || !schema)
		return r;
	if (strncmp(schema, "MB:", 3) != 0 || strchr(schema, '\n'))
		return ins_cursor_fail(cursor, "has to be one line that begins with \"MB:\"");
	*(const char **)target = schema;
	return 0;
}

static const struct ins_field rdt_rows[] = {
	INS_FIELD("closID", parse_clos_id, struct ins_spec_intel_rdt, clos_id, NULL),
	INS_FIELD(
		"l3CacheSchema", ins_parse_text, struct ins_spec_intel_rdt, l3_cache_schema, NULL),
	INS_FIELD("memBwSchema", parse_mb_schema, struct ins_spec_intel_rdt, mem_bw_schema, NULL),
	INS_FIELD("schemata", ins_parse_strings, struct ins_spec_intel_rdt, schemata, NULL),
	INS_FIELD("enableMonitoring", ins_parse_bool, struct ins_spec_intel_rdt, enable_monitoring,
		NULL),
};
static const struct ins_fields rdt_fields = INS_FIELDS(rdt_rows);

static const struct ins_list_kind policy_flags = { sizeof(const char *), ins_parse_word,
	ins_memory_policy_flags };

static const struct ins_field policy_rows[] = {
	INS_REQUIRED("mode", ins_parse_word, struct ins_spec_memory_policy, mode,
		ins_memory_policy_modes),
	INS_FIELD("nodes", ins_parse_cpu_list, struct ins_spec_memory_policy, nodes, NULL),
	INS_FIELD("flags", ins_parse_list, struct ins_spec_memory_policy, flags, &policy_flags),
};
static const struct ins_fields policy_fields = INS_FIELDS(policy_rows);

/* A key becomes a path below /proc/sys, with dots or slashes between the components. */
static int parse_sysctl(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const struct ins_pairs *pairs = target;
	int r = ins_parse_pairs(cursor, value, target, detail);

	for (size_t i = 0; r == 0 && i < pairs->n; i++) {
		const char *key = pairs->v[i].key;

		if (strstr(key, "..") || key[0] == '/' || strpbrk(key, " \t") || has_control(key))
			return ins_cursor_fail(cursor, "\"%s\" is no name of a sysctl", key);
	}
	return r;
}

static int refuse_personality_flag(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int r = ins_parse_string(cursor, value, target, detail);

	if (r < 0)
		return r;
	return ins_cursor_fail(
		cursor, "unknown value \"%s\": there are no flags yet", json_string_value(value));
}

static const struct ins_list_kind personality_flags = { sizeof(const char *),
	refuse_personality_flag, NULL };

static const struct ins_field personality_rows[] = {
	INS_REQUIRED("domain", ins_parse_word, struct ins_spec, personality_domain,
		ins_personality_domains),
	INS_FIELD("flags", ins_parse_list, struct ins_spec, personality_flags, &personality_flags),
};
static const struct ins_fields personality_fields = INS_FIELDS(personality_rows);

static int parse_propagation(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	if (ins_is_empty(value))
		return 0;
	return ins_parse_word(cursor, value, target, detail);
}

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Rows with offset 0 fill several fields of the specification itself. */
static const struct ins_field linux_rows[] = {
	INS_FIELD("namespaces", parse_namespaces, struct ins_spec, namespaces, NULL),
	INS_FIELD("uidMappings", ins_id_maps_parse, struct ins_spec, uid_mappings, NULL),
	INS_FIELD("gidMappings", ins_id_maps_parse, struct ins_spec, gid_mappings, NULL),
	{ "timeOffsets", parse_time_offsets, 0, INS_NO_FIELD, false, NULL },
	INS_LIST("devices", struct ins_spec, n_devices, devices, &devices),
	INS_FIELD("netDevices", ins_parse_map, struct ins_spec, n_net_devices, &net_devices),
	INS_FIELD("cgroupsPath", parse_cgroups_path, struct ins_spec, cgroups_path, NULL),
	INS_FIELD("resources", ins_resources_parse, struct ins_spec, resources, NULL),
	INS_OPTIONAL("intelRdt", ins_parse_object, struct ins_spec, intel_rdt, intel_rdt.present,
		&rdt_fields),
	INS_OPTIONAL("memoryPolicy", ins_parse_object, struct ins_spec, memory_policy,
		memory_policy.present, &policy_fields),
	INS_FIELD("sysctl", parse_sysctl, struct ins_spec, sysctl, NULL),
	INS_FIELD("seccomp", ins_seccomp_parse, struct ins_spec, seccomp, NULL),
	INS_FIELD("rootfsPropagation", parse_propagation, struct ins_spec, rootfs_propagation,
		ins_propagation_names),
	INS_FIELD("maskedPaths", ins_parse_paths, struct ins_spec, masked_paths, NULL),
	INS_FIELD("readonlyPaths", ins_parse_paths, struct ins_spec, readonly_paths, NULL),
	INS_FIELD("mountLabel", ins_parse_text, struct ins_spec, mount_label, NULL),
	{ "personality", ins_parse_object, 0, offsetof(struct ins_spec, has_personality), false,
		&personality_fields },
};
static const struct ins_fields linux_fields = INS_FIELDS(linux_rows);

int ins_linux_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)detail;
	return ins_parse_object(cursor, value, target, &linux_fields);
}
