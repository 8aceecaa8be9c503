/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cgroup/unit.h"

/* systemd's limit (systemd.unit(5)). */
#define UNIT_NAME_MAX 255

#define KEY   "linux.cgroupsPath"
#define SLICE ".slice"
#define SCOPE ".scope"

/* What systemd allows in the name of a unit (systemd.unit(5)). */
static bool is_name(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789:-_.\\@";

	return text[strspn(text, letters)] == '\0';
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), n = strlen(end);

	return length > n && strcmp(text + length - n, end) == 0;
}

/* The name of a slice is the way to it, with dashes: none at its ends, no two in a row. */
static int check_slice(const char *slice, struct ins_error *err)
{
	size_t stem = strlen(slice) - strlen(SLICE);

	if (!ends_with(slice, SLICE))
		return ins_error_key(err, EINVAL, KEY,
			"\"%s\" is no slice: its name does not end in \"" SLICE "\"", slice);
	if (strlen(slice) > UNIT_NAME_MAX)
		return ins_error_key(
			err, ENAMETOOLONG, KEY, "a unit's name is at most %d bytes", UNIT_NAME_MAX);
	if (strcmp(slice, "-" SLICE) == 0)
		return 0;
	if (!is_name(slice) || slice[0] == '-' || slice[stem - 1] == '-' || strstr(slice, "--"))
		return ins_error_key(err, EINVAL, KEY, "\"%s\" is no name of a slice", slice);
	return 0;
}

static int check_scope(const char *unit, const char *name, struct ins_error *err)
{
	if (!name[0])
		return ins_error_key(err, EINVAL, KEY, "the name of the unit is missing");
	if (ends_with(name, SLICE))
		return ins_error_key(err, EINVAL, KEY,
			"\"%s\" is a slice, in which systemd wants no process", name);
	if (strlen(unit) > UNIT_NAME_MAX)
		return ins_error_key(
			err, ENAMETOOLONG, KEY, "a unit's name is at most %d bytes", UNIT_NAME_MAX);
	if (!is_name(unit))
		return ins_error_key(err, EINVAL, KEY,
			"\"%s\" has a character that systemd does not allow in the name of a unit",
			unit);
	return 0;
}

/* "a-b.slice" lies in "a.slice". @path has room for all of that. */
static void expand_slice(const char *slice, char *path)
{
	*path = '\0';
	if (strcmp(slice, "-" SLICE) == 0)
		return;
	for (const char *dash = strchr(slice, '-'); dash; dash = strchr(dash + 1, '-'))
		path += sprintf(path, "/%.*s" SLICE, (int)(dash - slice), slice);
	sprintf(path, "/%s", slice);
}

/* A slice of 255 bytes has less than 128 dashes, and each prefix is shorter than the whole. */
#define SLICE_PATH_MAX (128 * (UNIT_NAME_MAX + 8))

static const char *expect_cgroup(
	const struct ins_unit_name *name, const uint32_t *user, struct ins_arena *arena)
{
	char slice[SLICE_PATH_MAX];

	expand_slice(name->slice, slice);
	if (user)
		return ins_arena_printf(arena, "/user.slice/user-%u.slice/user@%u.service%s/%s",
			*user, *user, slice, name->unit);
	return ins_arena_printf(arena, "%s/%s", slice, name->unit);
}

/* @slice, @prefix and @name may be "". */
static int fill(const char *slice, const char *prefix, const char *name, const uint32_t *user,
	struct ins_arena *arena, struct ins_unit_name *ret, struct ins_error *err)
{
	struct ins_unit_name found = { 0 };
	int r;

	if (!slice[0])
		slice = user ? "user" SLICE : "system" SLICE;
	found.slice = ins_arena_strdup(arena, slice);
	found.unit = ins_arena_printf(arena, "%s%s%s" SCOPE, prefix, prefix[0] ? "-" : "", name);
	if (!found.slice || !found.unit)
		return ins_error_set(err, ENOMEM, "build the plan");
	r = check_slice(found.slice, err);
	if (r == 0)
		r = check_scope(found.unit, name, err);
	if (r < 0)
		return r;
	found.cgroup = expect_cgroup(&found, user, arena);
	if (!found.cgroup)
		return ins_error_set(err, ENOMEM, "build the plan");
	*ret = found;
	return 0;
}

int ins_unit_name_parse(const char *text, const char *id, const uint32_t *user,
	struct ins_arena *arena, struct ins_unit_name *ret, struct ins_error *err)
{
	const char *first, *second;
	char *slice, *prefix;

	if (!text || !text[0])
		return fill("", "insula", id ? id : "ID", user, arena, ret, err);
	first = strchr(text, ':');
	second = first ? strchr(first + 1, ':') : NULL;
	if (!second || strchr(second + 1, ':'))
		return ins_error_key(err, EINVAL, KEY,
			"expected \"slice:prefix:name\" for systemd cgroups, got \"%s\"", text);
	slice = ins_arena_printf(arena, "%.*s", (int)(first - text), text);
	prefix = ins_arena_printf(arena, "%.*s", (int)(second - first - 1), first + 1);
	if (!slice || !prefix)
		return ins_error_set(err, ENOMEM, "build the plan");
	return fill(slice, prefix, second + 1, user, arena, ret, err);
}
