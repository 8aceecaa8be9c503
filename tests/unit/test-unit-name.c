/* SPDX-License-Identifier: Apache-2.0 */
/* linux.cgroupsPath as the name of a systemd unit, and where that will be. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/unit.h"

static const uint32_t user = 1000;

static int set_up(void **data)
{
	struct ins_arena *arena;

	if (ins_arena_new(NULL, 1 << 20, &arena, NULL) < 0)
		return -1;
	*data = arena;
	return 0;
}

static int tear_down(void **data)
{
	ins_arena_free(*data);
	return 0;
}

static void names(void **data)
{
#define USER "/user.slice/user-1000.slice/user@1000.service"
	static const struct {
		const char *text;
		const uint32_t *user;
		const char *unit, *slice, *cgroup;
	} cases[] = {
		{ NULL, NULL, "insula-c1.scope", "system.slice", "/system.slice/insula-c1.scope" },
		{ "", NULL, "insula-c1.scope", "system.slice", "/system.slice/insula-c1.scope" },
		{ NULL, &user, "insula-c1.scope", "user.slice",
			USER "/user.slice/insula-c1.scope" },
		{ "machine.slice:libpod:01", NULL, "libpod-01.scope", "machine.slice",
			"/machine.slice/libpod-01.scope" },
		{ "user.slice:libpod:01", &user, "libpod-01.scope", "user.slice",
			USER "/user.slice/libpod-01.scope" },
		{ ":cri:c", NULL, "cri-c.scope", "system.slice", "/system.slice/cri-c.scope" },
		{ ":cri:c", &user, "cri-c.scope", "user.slice", USER "/user.slice/cri-c.scope" },
		{ "a.slice::c", NULL, "c.scope", "a.slice", "/a.slice/c.scope" },
		{ "a-b-c.slice:p:n", NULL, "p-n.scope", "a-b-c.slice",
			"/a.slice/a-b.slice/a-b-c.slice/p-n.scope" },
		{ "-.slice:p:n", NULL, "p-n.scope", "-.slice", "/p-n.scope" },
		{ "-.slice:p:n", &user, "p-n.scope", "-.slice", USER "/p-n.scope" },
		{ "a.slice:p:x@y.z_\\x2d-", NULL, "p-x@y.z_\\x2d-.scope", "a.slice",
			"/a.slice/p-x@y.z_\\x2d-.scope" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_unit_name name;
		struct ins_error err = { 0 };

		if (ins_unit_name_parse(cases[i].text, "c1", cases[i].user, *data, &name, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_string_equal(name.unit, cases[i].unit);
		assert_string_equal(name.slice, cases[i].slice);
		assert_string_equal(name.cgroup, cases[i].cgroup);
	}
}

static void wrong_names(void **data)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{ "/a/b", "expected \"slice:prefix:name\" for systemd cgroups, got \"/a/b\"" },
		{ "a.slice:n", "expected \"slice:prefix:name\"" },
		{ "a.slice:p:n:m", "expected \"slice:prefix:name\"" },
		{ "a:p:n", "\"a\" is no slice" },
		{ ".slice:p:n", "\".slice\" is no slice" },
		{ "a.scope:p:n", "\"a.scope\" is no slice" },
		{ "-a.slice:p:n", "\"-a.slice\" is no name of a slice" },
		{ "a-.slice:p:n", "\"a-.slice\" is no name of a slice" },
		{ "a--b.slice:p:n", "\"a--b.slice\" is no name of a slice" },
		{ "a/b.slice:p:n", "\"a/b.slice\" is no name of a slice" },
		{ "../a.slice:p:n", "\"../a.slice\" is no name of a slice" },
		{ "a.slice:p:", "the name of the unit is missing" },
		{ "a.slice:p:../n", "\"p-../n.scope\" has a character" },
		{ "a.slice:p p:n", "\"p p-n.scope\" has a character" },
		{ "a.slice:p:\xc3\xa4", "has a character" },
		{ "a.slice:p:n.slice",
			"\"n.slice\" is a slice, in which systemd wants no process" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_unit_name name;
		struct ins_error err = { 0 };

		assert_int_equal(ins_unit_name_parse(cases[i].text, "c1", NULL, *data, &name, &err),
			-EINVAL);
		assert_ptr_equal(strstr(err.text, "linux.cgroupsPath: "), err.text);
		if (!strstr(err.text, cases[i].words))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

/* A unit's name has at most 255 bytes; the path of a slice is the longest with the most dashes. */
static void long_names(void **data)
{
	struct ins_unit_name name;
	struct ins_error err = { 0 };
	char text[1000], id[300];

	memset(id, 'x', sizeof(id));
	id[255 - strlen("insula-.scope")] = '\0';
	assert_int_equal(ins_unit_name_parse(NULL, id, NULL, *data, &name, &err), 0);
	assert_int_equal(strlen(name.unit), 255);
	id[255 - strlen("insula-.scope")] = 'x';
	id[255 - strlen("insula-.scope") + 1] = '\0';
	assert_int_equal(ins_unit_name_parse(NULL, id, NULL, *data, &name, &err), -ENAMETOOLONG);

	for (size_t i = 0; i < 249; i++)
		text[i] = i % 2 ? '-' : 'a';
	strcpy(text + 249, ".slice:p:n");
	err = (struct ins_error){ 0 };
	assert_int_equal(ins_unit_name_parse(text, NULL, NULL, *data, &name, &err), 0);
	assert_int_equal(strlen(name.slice), 255);
	assert_ptr_equal(strstr(name.cgroup, "/a.slice/a-a.slice/a-a-a.slice/"), name.cgroup);
	strcpy(text + 249, "-a.slice:p:n");
	assert_int_equal(ins_unit_name_parse(text, NULL, NULL, *data, &name, &err), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(wrong_names),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
