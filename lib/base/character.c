/* SPDX-License-Identifier: Apache-2.0 */
#include "base/character.h"
#include "base/cleanup.h"

size_t ins_character(const char *text, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = 0;
	uint32_t code;

	*ret_code = byte[0];
	if (byte[0] < 0x80)
		return 1;
	if (byte[0] >= 0xc0 && byte[0] < 0xe0)
		length = 2;
	else if (byte[0] >= 0xe0 && byte[0] < 0xf0)
		length = 3;
	else if (byte[0] >= 0xf0 && byte[0] < 0xf8)
		length = 4;
	else
		return 0;
	code = byte[0] & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

bool ins_character_is_shown(uint32_t code)
{
	/* Those above U+007F a terminal obeys, too; the others turn the direction of what follows round, break the
	 * line, or are there without being seen (Unicode's Cc, Cf, Zl, Zp): two names that differ look the same. */
	static const struct {
		uint32_t first, last;
	} hidden[] = {
		{ 0, 0x1f },
		{ 0x7f, 0x9f },
		{ 0x61c, 0x61c },
		{ 0x180e, 0x180e },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff9, 0xfffb },
		{ 0xe0000, 0xe007f },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(hidden); i++) {
		if (code >= hidden[i].first && code <= hidden[i].last)
			return false;
	}
	return true;
}
