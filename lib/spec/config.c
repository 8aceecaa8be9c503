/* SPDX-License-Identifier: Apache-2.0 */
/* config.md: the configuration but for process, hooks and linux. */
#include <ctype.h>
#include <string.h>

#include "spec/parts.h"

/* A number of a SemVer: digits without leading zeros. */
static bool skip_number(const char **at)
{
	const char *start = *at;

	*at += strspn(*at, "0123456789");
	return *at > start && (*start != '0' || *at == start + 1);
}

/* What follows "-" or "+": identifiers with dots between them, none empty. */
static bool skip_identifiers(const char **at)
{
	do {
		const char *start = ++*at;

		while (isalnum((unsigned char)**at) || **at == '-')
			++*at;
		if (*at == start)
			return false;
	} while (**at == '.');
	return true;
}

static bool is_semver(const char *at)
{
	if (!skip_number(&at) || *at++ != '.' || !skip_number(&at) || *at++ != '.' ||
		!skip_number(&at))
		return false;
	if (*at == '-' && !skip_identifiers(&at))
		return false;
	if (*at == '+' && !skip_identifiers(&at))
		return false;
	return *at == '\0';
}

/* Later minor versions are taken too: what they add is a property that is not known here, and those
 * are to be ignored ("Extensibility"); callers write the version of the library they were built
 * with. */
static int parse_version(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	const char *version;
	int r = ins_parse_string(cursor, value, &version, detail);

	if (r < 0)
		return r;
	if (!is_semver(version))
		return ins_cursor_fail(
			cursor, "\"%s\" is not a version like \"%s\"", version, INS_OCI_VERSION);
	if (strncmp(version, INS_OCI_VERSION, 2) != 0)
		return ins_cursor_fail(cursor,
			"version %s is not supported, only 1.x is (up to %s)", version,
			INS_OCI_VERSION);
	*(const char **)target = version;
	return 0;
}

/* --- root, names ---------------------------------------------------------------------------------
 */

static int parse_filled_string(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int r = ins_parse_string(cursor, value, target, detail);

	if (r < 0)
		return r;
	if (ins_is_empty(value))
		return ins_cursor_fail(cursor, "is empty");
	return 0;
}

static const struct ins_field root_rows[] = {
	INS_REQUIRED("path", parse_filled_string, struct ins_spec, root_path, NULL),
	INS_FIELD("readonly", ins_parse_bool, struct ins_spec, root_readonly, NULL),
};
static const struct ins_fields root_fields = INS_FIELDS(root_rows);

/* The kernel's __NEW_UTS_LEN. */
#define UTS_NAME_MAX 64

static int parse_uts_name(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	int r = ins_parse_text(cursor, value, target, detail);

	if (r < 0)
		return r;
	if (json_string_length(value) > UTS_NAME_MAX)
		return ins_cursor_fail(cursor, "is longer than %d bytes", UTS_NAME_MAX);
	return 0;
}

/* --- mounts --------------------------------------------------------------------------------------
 */

static const struct ins_field mount_rows[] = {
	INS_REQUIRED("destination", parse_filled_string, struct ins_spec_mount, destination, NULL),
	INS_FIELD("type", ins_parse_text, struct ins_spec_mount, type, NULL),
	INS_FIELD("source", ins_parse_text, struct ins_spec_mount, source, NULL),
	INS_FIELD("options", ins_parse_strings, struct ins_spec_mount, options, NULL),
	INS_FIELD("uidMappings", ins_id_maps_parse, struct ins_spec_mount, uid_mappings, NULL),
	INS_FIELD("gidMappings", ins_id_maps_parse, struct ins_spec_mount, gid_mappings, NULL),
};
static const struct ins_fields mount_fields = INS_FIELDS(mount_rows);

static int parse_mount(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_spec_mount *mount = target;
	int r = ins_parse_object(cursor, value, mount, &mount_fields);

	(void)detail;
	if (r < 0)
		return r;
	if ((mount->uid_mappings.n > 0) != (mount->gid_mappings.n > 0))
		return ins_cursor_fail(
			cursor, "uidMappings and gidMappings have to be given together");
	return 0;
}

static const struct ins_list_kind mounts = { sizeof(struct ins_spec_mount), parse_mount, NULL };

/* --- annotations ---------------------------------------------------------------------------------
 */

/* Others are for others; but of this family a caller expects the runtime to do something. */
static int parse_annotation(
	struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	struct ins_pair *pair = target;
	int r = 0;

	(void)detail;
	pair->key = ins_cursor_key(cursor);
	if (strncmp(pair->key, INS_ANNOTATION_FAMILY, strlen(INS_ANNOTATION_FAMILY)) == 0 &&
		strcmp(pair->key, INS_ANNOTATION_GROUPS) != 0 &&
		strcmp(pair->key, INS_ANNOTATION_MOUNTLABEL) != 0)
		r = ins_cursor_warn(cursor, "insula knows no such annotation, it is ignored");
	return r < 0 ? r : ins_parse_string(cursor, value, &pair->value, NULL);
}

static const struct ins_list_kind annotations = { sizeof(struct ins_pair), parse_annotation, NULL };

/* --- the whole -----------------------------------------------------------------------------------
 */

/* Rows with offset 0 fill several fields of the specification itself. */
static const struct ins_field config_rows[] = {
	INS_REQUIRED("ociVersion", parse_version, struct ins_spec, oci_version, NULL),
	{ "root", ins_parse_object, 0, INS_NO_FIELD, true, &root_fields },
	INS_FIELD("process", ins_process_parse, struct ins_spec, process, NULL),
	INS_FIELD("hostname", parse_uts_name, struct ins_spec, hostname, NULL),
	INS_FIELD("domainname", parse_uts_name, struct ins_spec, domainname, NULL),
	INS_LIST("mounts", struct ins_spec, n_mounts, mounts, &mounts),
	INS_FIELD("hooks", ins_hooks_parse, struct ins_spec, hooks, NULL),
	INS_FIELD("annotations", ins_parse_map, struct ins_spec, annotations, &annotations),
	{ "linux", ins_linux_parse, 0, INS_NO_FIELD, false, NULL },
};
static const struct ins_fields config_fields = INS_FIELDS(config_rows);

int ins_config_parse(struct ins_cursor *cursor, json_t *value, void *target, const void *detail)
{
	(void)detail;
	return ins_parse_object(cursor, value, target, &config_fields);
}
