/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/character.h"
#include "base/cleanup.h"

static void read_ones(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		uint32_t code;
		bool is_shown;
	} cases[] = {
		{ "", 1, 0, false }, { "a", 1, 'a', true }, { "\n", 1, '\n', false },
		{ "\x7f", 1, 0x7f, false }, { "\xc3\xa4x", 2, 0xe4, true },
		{ "\xc2\x9b", 2, 0x9b, false }, { "\xe2\x82\xac", 3, 0x20ac, true },
		{ "\xe2\x80\xae", 3, 0x202e, false }, /* RIGHT-TO-LEFT OVERRIDE */
		{ "\xe2\x80\x8b", 3, 0x200b, false }, /* ZERO WIDTH SPACE */
		{ "\xef\xbb\xbf", 3, 0xfeff, false }, { "\xf0\x9f\x98\x80", 4, 0x1f600, true },
		{ "\xf3\xa0\x81\x81", 4, 0xe0041, false }, /* TAG LATIN CAPITAL LETTER A */
	};
	static const char *const none[] = { "\x80", "\xc3", "\xc0\xaf", "\xe2\x80", "\xed\xa0\x80",
		"\xf4\x90\x80\x80", "\xff" };
	uint32_t code;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(ins_character(cases[i].text, &code), cases[i].length);
		assert_int_equal(code, cases[i].code);
		assert_int_equal(ins_character_is_shown(code), cases[i].is_shown);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(none); i++) {
		assert_int_equal(ins_character(none[i], &code), 0);
		assert_int_equal(code, (unsigned char)none[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
