/* SPDX-License-Identifier: Apache-2.0 */
/* org.systemd.property.*: the text of a value, its signature and its words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cgroup/unit.h"

static int set_up(void **data)
{
	struct ins_arena *arena;

	if (ins_arena_new(NULL, 4 << 20, &arena, NULL) < 0)
		return -1;
	*data = arena;
	return 0;
}

static int tear_down(void **data)
{
	ins_arena_free(*data);
	return 0;
}

/* "SIGNATURE word word". */
static void show(const struct ins_unit_property *property, char *buffer)
{
	buffer += sprintf(buffer, "%s", property->signature);
	for (uint32_t i = 0; i < property->values.n; i++)
		buffer += sprintf(buffer, " %s", property->values.v[i]);
	assert_null(property->values.v[property->values.n]);
}

static void values(void **data)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "37", "i 37" },
		{ "-1", "i -1" },
		{ " 37 ", "i 37" },
		{ "0.5", "d 0.5" },
		{ "uint64 10000000", "t 10000000" },
		{ "uint64 18446744073709551615", "t 18446744073709551615" },
		{ "uint32 5", "u 5" },
		{ "int32 -5", "i -5" },
		{ "int64 -9223372036854775808", "x -9223372036854775808" },
		{ "byte 255", "y 255" },
		{ "double 2", "d 2" },
		{ "true", "b true" },
		{ "boolean false", "b false" },
		{ "'inactive-or-failed'", "s inactive-or-failed" },
		{ "\"it's\"", "s it's" },
		{ "'it\\'s'", "s it's" },
		{ "'a\\\\b'", "s a\\b" },
		{ "'a\\\\n'", "s a\\n" },
		{ "''", "s " },
		{ "objectpath '/a'", "o /a" },
		{ "['a.service', 'b.service']", "as 2 a.service b.service" },
		{ "['a' ,'b',]", NULL },
		{ "@as []", "as 0" },
		{ "@as ['a']", "as 1 a" },
		{ "@t 5", "t 5" },
		{ "[byte 1, 2]", "ay 2 1 2" },
		{ "[('/dev/sda', uint64 100), ('/dev/sdb', 200)]",
			"a(st) 2 /dev/sda 100 /dev/sdb 200" },
		{ "@a(st) [('/dev/sda', 100)]", "a(st) 1 /dev/sda 100" },
		{ "[['a'], ['b', 'c']]", "aas 2 1 a 2 b c" },
		{ "(1, 'a')", "(is) 1 a" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_unit_property property;
		struct ins_error err = { 0 };
		char found[200];
		int r = ins_unit_property_parse("Some", cases[i].text, *data, &property, &err);

		if (!cases[i].value) {
			assert_int_equal(r, -EINVAL);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		show(&property, found);
		assert_string_equal(found, cases[i].value);
		assert_string_equal(property.name, "Some");
		assert_string_equal(property.key, "annotations[\"org.systemd.property.Some\"]");
	}
}

static void wrong_values(void **data)
{
	static const struct {
		const char *text, *words;
		int code;
	} cases[] = {
		{ "", "expected a number, at \"\"", EINVAL },
		{ "inactive", "expected a number, at \"inactive\"", EINVAL },
		{ "1 2", "expected no more, at \"2\"", EINVAL },
		{ "1-2", "expected a number", EINVAL },
		{ "0x10", "expected no more", EINVAL },
		{ "--1", "expected a number", EINVAL },
		{ "1.2.3", "expected a number", EINVAL },
		{ "2147483648", "2147483648 is no int32", ERANGE },
		{ "uint32 -1", "-1 is no uint32", ERANGE },
		{ "byte 256", "256 is no byte", ERANGE },
		{ "uint64 18446744073709551616", "is no uint64", ERANGE },
		{ "string 5", "this is no number's type", EINVAL },
		{ "uint64 'a'", "is not of the type", EINVAL },
		{ "uint64 true", "is not of the type", EINVAL },
		{ "'a", "a text has no end", EINVAL },
		{ "'a\\", "a text has no end", EINVAL },
		{ "'a\\nSlice=b'", "a control character", EINVAL },
		{ "'a\nSlice=b'", "a control character", EINVAL },
		{ "['a\\tb']", "a control character", EINVAL },
		{ "'a\x7f'", "a control character", EINVAL },
		{ "['a', 'b\\\\']", "a backslash at its end", EINVAL },
		{ "[]", "the type of an empty list has to be given", EINVAL },
		{ "[1", "expected ',' or ']'", EINVAL },
		{ "['a', 1]", "this is no number's type", EINVAL },
		{ "['a', byte 1]", "the values of a list are of one type", EINVAL },
		{ "[('a', 1), ('b')]", "is not of the type", EINVAL },
		{ "[('a'), ('b', 1)]", "more values than its type", EINVAL },
		{ "(1", "expected ',' or ')'", EINVAL },
		{ "@t []", "a list is not of the type", EINVAL },
		{ "@t (1)", "a tuple is not of the type", EINVAL },
		{ "@z 1", "expected a type", EINVAL },
		{ "@as) []", "expected a type", EINVAL },
		{ "@(s ('a')", "expected a type", EINVAL },
		{ "@a []", "", EINVAL },
		{ "<1>", "expected a number", EINVAL },
		{ "[[[[[[[[[1]]]]]]]]]", "nested too deep", EINVAL },
		{ "((((((((((((1))))))))))))", "nested too deep", EINVAL },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct ins_unit_property property;
		struct ins_error err = { 0 };

		if (ins_unit_property_parse("Some", cases[i].text, *data, &property, &err) !=
				-cases[i].code ||
			!strstr(err.text, cases[i].words))
			fail_msg("%s: %d %s", cases[i].text, err.code, err.text);
		assert_ptr_equal(
			strstr(err.text, "annotations[\"org.systemd.property.Some\"]: "), err.text);
	}
}

static void large_values(void **data)
{
	struct ins_unit_property property;
	struct ins_error err = { 0 };
	char text[3000] = "[1", wide[300] = "(1";

	while (strlen(text) < sizeof(text) - 4)
		strcat(text, ",1");
	strcat(text, "]");
	assert_int_equal(ins_unit_property_parse("Some", text, *data, &property, &err), -EINVAL);
	assert_non_null(strstr(err.text, "too many values"));
	while (strlen(wide) < 200)
		strcat(wide, ",1");
	strcat(wide, ")");
	err = (struct ins_error){ 0 };
	assert_int_equal(ins_unit_property_parse("Some", wide, *data, &property, &err), -EINVAL);
	assert_non_null(strstr(err.text, "the type is too long"));
}

static void seconds(void **data)
{
	static const struct {
		const char *name, *text, *bus_name, *value;
	} cases[] = {
		{ "TimeoutStopSec", "10", "TimeoutStopUSec", "t 10000000" },
		{ "TimeoutStopSec", "uint64 3", "TimeoutStopUSec", "t 3000000" },
		{ "RuntimeMaxSec", "0.25", "RuntimeMaxUSec", "t 250000" },
		{ "TimeoutStopUSec", "uint64 7", "TimeoutStopUSec", "t 7" },
		{ "Sec", "1", "Sec", "i 1" },
	};
	struct ins_unit_property property;
	struct ins_error err = { 0 };

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char found[200];

		assert_int_equal(ins_unit_property_parse(
					 cases[i].name, cases[i].text, *data, &property, NULL),
			0);
		show(&property, found);
		assert_string_equal(property.name, cases[i].bus_name);
		assert_string_equal(found, cases[i].value);
	}
	assert_int_equal(
		ins_unit_property_parse("StopSec", "'a'", *data, &property, &err), -EINVAL);
	assert_int_equal(ins_unit_property_parse("StopSec", "-1", *data, &property, NULL), -ERANGE);
}

static void wrong_property_names(void **data)
{
	static const char *const names[] = { "", "Kill Signal", "Kill=", "a.b", "K1" };
	struct ins_unit_property property;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(
			ins_unit_property_parse(names[i], "1", *data, &property, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(large_values),
		cmocka_unit_test(seconds),
		cmocka_unit_test(wrong_property_names),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
