/* SPDX-License-Identifier: Apache-2.0 */
/* The quick reader against jansson: where it answers, they agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "spec/plain.h"

/* Return: whether the quick reader answered. It may not see a byte behind the text. */
static bool compare(const char *text, size_t size)
{
	char *copy = malloc(size ? size : 1);
	json_t *quick, *thorough;
	bool answered;

	memcpy(copy, text, size);
	quick = ins_plain_read(copy, size);
	thorough = json_loadb(copy, size, JSON_REJECT_DUPLICATES, NULL);
	answered = quick != NULL;
	if (answered && !json_equal(quick, thorough))
		fail_msg("not the same: %.*s", (int)size, text);
	json_decref(quick);
	json_decref(thorough);
	free(copy);
	return answered;
}

static void test_plain(void **state)
{
	static const char *const texts[] = { "{}", " { } \n", "{\"\":0}", "{\"a\":[]}",
		"{\"a\":[ 1 , -2,true,false,null,\"\", {} ],\"b\":{\"a\":{\"b\":\"c d\"}}}",
		"{\"a\":999999999999999999,\"b\":-999999999999999999}",
		"\t{\r\n\"a\" : \"~ !#[]{},:\" }\t",
		"{\"a\":\"\\\"\\\\\",\"b\":\"{\\\"c\\\":\\\"\\\\\\\"\\\"}\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_true(compare(texts[i], strlen(texts[i])));
}

static void test_unusual(void **state)
{
	static const char *const texts[] = { "", " ", "[]", "1", "{", "}", "{\"a\"}", "{\"a\":}",
		"{\"a\":1,}", "{\"a\":1 \"b\":2}", "{\"a\":1,\"a\":2}", "{,}", "{\"a\":[1,]}",
		"{\"a\":[}", "{\"a\":1}}", "{\"a\":1}x", "{a:1}", "{\"a\":'b'}", "{\"a\":\"b}",
		"{\"a\":\"\\n\"}", "{\"a\":\"\\\"}", "{\"a\":\"\\", "{\"\\\\\":1}",
		"{\"a\":\"\\/\"}", "{\"\\u0041\":1}", "{\"a\":\"\xc3\xa4\"}", "{\"a\":\"\xff\"}",
		"{\"a\":\"\t\"}", "{\"a\":\"\x7f\"}", "{\"a\":01}", "{\"a\":-0}", "{\"a\":-01}",
		"{\"a\":-}", "{\"a\":+1}", "{\"a\":1.0}", "{\"a\":1e3}", "{\"a\":1E3}",
		"{\"a\":1000000000000000000}", "{\"a\":18446744073709551615}", "{\"a\":truex}",
		"{\"a\":tru", "{\"a\":nul}", "{\"a\":1/**/}", "{\"a\":1", "{\"a\":-", "{\"a\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_false(compare(texts[i], strlen(texts[i])));
	assert_false(compare("{}\0", 3));
	assert_false(compare("{\"a\":1\0}", 8));
	assert_false(compare("{\"a\":\"\0\"}", 9));
	assert_false(compare("{\"a\0b\":1}", 9));
}

static void test_bounds(void **state)
{
	char text[1024];

	(void)state;
	for (int levels = 1; levels < 40; levels++) {
		size_t size = 0;

		for (int i = 0; i < levels; i++)
			size += (size_t)sprintf(text + size, "{\"a\":");
		text[size++] = '0';
		memset(text + size, '}', (size_t)levels);
		assert_int_equal(compare(text, size + (size_t)levels), levels <= 16);
	}
	for (int length = 250; length < 260; length++) {
		int size = sprintf(text, "{\"%0*d\":1}", length, 1);

		assert_int_equal(compare(text, (size_t)size), length <= 255);
	}
}

/* Each byte of a text replaced by each that means something, and each cut off. */
static void test_mutations(void **state)
{
	static const char text[] = "{ \"one\": [ 1, -23, true, false, null ], \"two\": { \"a\": "
				   "\"\\\\b\\\"\", \"c\": {} } }";
	static const char bytes[] = "{}[]\",:\\/ \n0-1e.truefalsn\x01\x80";
	char changed[sizeof(text)];

	(void)state;
	assert_true(compare(text, sizeof(text) - 1));
	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		(void)compare(text, at);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			memcpy(changed, text, sizeof(text));
			changed[at] = bytes[i];
			(void)compare(changed, sizeof(text) - 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_unusual),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
