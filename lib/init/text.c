/* SPDX-License-Identifier: Apache-2.0 */
#include <asm/errno.h>

#include "init/text.h"

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
	char *t = to;
	const char *f = from;

	while (size-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t size)
{
	char *t = to;
	const char *f = from;

	if (t < f)
		return memcpy(to, from, size);
	while (size-- > 0)
		t[size] = f[size];
	return to;
}

void *memset(void *to, int byte, size_t size)
{
	char *t = to;

	while (size-- > 0)
		*t++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
	const unsigned char *x = a, *y = b;

	for (; size > 0; size--, x++, y++) {
		if (*x != *y)
			return *x < *y ? -1 : 1;
	}
	return 0;
}

size_t ins_text_length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

bool ins_text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool ins_text_starts(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return !*prefix;
}

long ins_text_copy(char *to, size_t size, const char *text)
{
	size_t n = ins_text_length(text);

	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(to, text, n + 1);
	return (long)n;
}

long ins_text_append(char *to, size_t size, const char *text)
{
	size_t used = ins_text_length(to);
	long n = ins_text_copy(to + used, size - used, text);

	return n < 0 ? n : (long)used + n;
}

size_t ins_text_number(char *to, uint64_t value)
{
	char digits[24];
	size_t n = 0, i;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	for (i = 0; i < n; i++)
		to[i] = digits[n - 1 - i];
	to[n] = '\0';
	return n;
}

int ins_text_parse(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -EINVAL;
	}
	*ret_value = value;
	return 0;
}
