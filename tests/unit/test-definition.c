/* SPDX-License-Identifier: Apache-2.0 */
/* Definitions: as files, all together, and how two differ. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "partition/definition.h"

static void parse(const char *text, struct ins_definition *ret_definition)
{
	struct ins_error err = {};

	*ret_definition = (struct ins_definition){};
	if (ins_definition_parse(text, strlen(text), ret_definition, &err) != 0)
		fail_msg("%s", err.text);
}

static void check_word(
	const struct ins_definition *definition, enum ins_setting setting, const char *expected)
{
	const char *word = ins_definition_get(definition, setting);

	if (expected)
		assert_string_equal(word, expected);
	else
		assert_null(word);
}

static void a_file_comes_back(void **state)
{
	static const char text[] = "{\n"
				   "  \"template\": \"debian\",\n"
				   "  \"command\": [\n"
				   "    \"sh\",\n"
				   "    \"-c\",\n"
				   "    \"\"\n"
				   "  ],\n"
				   "  \"boot\": true,\n"
				   "  \"memory\": \"1.5G\",\n"
				   "  \"comment\": \"ä \\\"b\\\"\"\n"
				   "}\n";
	struct ins_definition definition;
	cleanup_free char *back = NULL;
	struct ins_error err = {};

	(void)state;
	parse(text, &definition);
	assert_int_equal(definition.values[INS_SETTING_COMMAND].n, 3);
	assert_int_equal(ins_definition_text(&definition, &back, &err), 0);
	assert_string_equal(back, text);
	ins_definition_clear(&definition);
}

static void values_may_stand_without_quotes(void **state)
{
	struct ins_definition definition;

	(void)state;
	parse("{\"template\": \"a\", \"pids\": 100, \"memory\": 4194304, \"cpus\": 1.5, "
	      "\"boot\": false, \"comment\": null, \"env\": \"A=1\"}",
		&definition);
	check_word(&definition, INS_SETTING_PIDS, "100");
	check_word(&definition, INS_SETTING_MEMORY, "4194304");
	check_word(&definition, INS_SETTING_CPUS, "1.5");
	check_word(&definition, INS_SETTING_BOOT, NULL);
	check_word(&definition, INS_SETTING_COMMENT, NULL);
	check_word(&definition, INS_SETTING_ENV, "A=1");
	ins_definition_clear(&definition);
}

static void what_is_wrong_is_named(void **state)
{
	static const char *const cases[][2] = {
		{ "", "line 1" },
		{ "{", "line 1" },
		{ "[]", "expected an object" },
		{ "{\"template\": \"a\",\n\"template\": \"b\"}", "line 2" },
		{ "{\"template\": \"a\", \"memroy\": \"1G\"}", "memory" },
		{ "{\"template\": \"a\", \"comment\": \"x\\u0000y\"}", "line 1" },
		{ "{\"template\": [\"a\"]}", "template" },
		{ "{\"template\": \"a\", \"env\": [{}]}", "env" },
		{ "{\"template\": \"a\", \"env\": [\"A=1\", \"B\"]}", "\"B\"" },
		{ "{\"template\": \"a\", \"boot\": \"yes\"}", "boot" },
		{ "{\"template\": \"a\", \"pids\": 1.5}", "pids" },
		{ "{\"template\": \"a\", \"pids\": -1}", "pids" },
		{ "{}", "template" },
		{ "{\"template\": \"a\", \"bridge\": \"br0\"}", "bridge" },
		{ "{\"template\": \"a\", \"net\": \"bridge\", \"parent\": \"eth0\"}", "parent" },
		{ "{\"template\": \"a\", \"net\": \"host\", \"publish\": [\"80:80\"]}", "publish" },
		{ "{\"template\": \"a\", \"net\": \"none\", \"address\": \"10.0.0.1\"}",
			"address" },
		{ "{\"template\": \"a\", \"publish\": [\"[::1]:80:80\"]}",
			"nothing leads from ::1" },
		{ "{\"template\": \"a\", \"dns\": [\"192.0.2.1/24\"]}", "dns" },
		{ "{\"template\": \"a\", \"dns\": [\"::1\"], \"boot\": true}", "dns" },
		{ "{\"template\": \"a\", \"memory\": 512}", "memory" },
		{ "{\"template\": \"a\", \"disk\": \"0\"}", "disk" },
		{ "{\"template\": \"a\", \"user\": \"0:65536\"}", "user" },
		{ "{\"template\": \"a\", \"publish\": [\"80:80\", \"80:81\"]}", "publish" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_definition definition = {};
		struct ins_error err = {};

		if (ins_definition_parse(cases[i][0], strlen(cases[i][0]), &definition, &err) !=
			-EINVAL)
			fail_msg("taken: %s", cases[i][0]);
		if (!strstr(err.text, cases[i][1]))
			fail_msg("\"%s\" does not name %s", err.text, cases[i][1]);
		assert_int_equal(definition.values[INS_SETTING_TEMPLATE].n, 0);
	}
}

/* A byte 0 in the file itself, of which a text of C would be the end. */
static void a_nul_byte_is_no_end(void **state)
{
	static const char text[] = "{\"template\": \"a\"}\0{}";
	struct ins_definition definition = {};
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_definition_parse(text, sizeof(text) - 1, &definition, &err), -EINVAL);
}

static void lists_grow_and_words_are_replaced(void **state)
{
	struct ins_definition definition = {};
	struct ins_error err = {};

	(void)state;
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_ENV, "A=1", &err), 0);
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_ENV, "B=2", &err), 0);
	assert_int_equal(definition.values[INS_SETTING_ENV].n, 2);
	assert_null(definition.values[INS_SETTING_ENV].v[2]);
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_ENV, NULL, &err), 0);
	check_word(&definition, INS_SETTING_ENV, NULL);
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_PIDS, "1", &err), 0);
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_PIDS, "2", &err), 0);
	assert_int_equal(ins_definition_set(&definition, INS_SETTING_PIDS, "x", &err), -EINVAL);
	check_word(&definition, INS_SETTING_PIDS, "2");
	ins_definition_clear(&definition);
}

static void note(void *data, enum ins_setting setting)
{
	strcat(data, ins_settings[setting].key);
	strcat(data, " ");
}

static void differences(void **state)
{
	static const struct {
		const char *text, *keys;
		enum ins_change change;
	} cases[] = {
		{ "{\"env\": [\"A=1\", \"B=2\"], \"template\": \"a\"}", "", INS_CHANGE_NONE },
		{ "{\"template\": \"a\", \"env\": [\"A=1\", \"B=2\"], \"memory\": \"1G\"}",
			"memory ", INS_CHANGE_LIVE },
		{ "{\"template\": \"a\", \"env\": [\"B=2\", \"A=1\"], \"memory\": \"1G\"}",
			"env memory ", INS_CHANGE_RESTART },
		{ "{\"template\": \"a\", \"env\": [\"A=1\"]}", "env ", INS_CHANGE_RESTART },
		{ "{\"template\": \"b\", \"env\": [\"A=1\", \"B=2\"]}", "template ",
			INS_CHANGE_NEVER },
	};
	struct ins_definition before;

	(void)state;
	parse("{\"template\": \"a\", \"env\": [\"A=1\", \"B=2\"]}", &before);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_definition after;
		char keys[256] = "";

		parse(cases[i].text, &after);
		assert_int_equal(
			ins_definition_differs(&before, &after, note, keys), cases[i].change);
		assert_string_equal(keys, cases[i].keys);
		ins_definition_clear(&after);
	}
	ins_definition_clear(&before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_comes_back),
		cmocka_unit_test(values_may_stand_without_quotes),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_nul_byte_is_no_end),
		cmocka_unit_test(lists_grow_and_words_are_replaced),
		cmocka_unit_test(differences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
