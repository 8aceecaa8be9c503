/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "spec/big.h"

/* INS_U64_MARK as JSON writes it. */
#define OPENING "\"\\u0001u64:"
#define CLOSING "\""

/* "9223372036854775808" and "18446744073709551615": 2^63 and 2^64 − 1. */
#define DIGITS_MIN 19
#define DIGITS_MAX 20

static bool is_number_byte(char c)
{
	return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

static bool is_big(const char *token, size_t n)
{
	char digits[DIGITS_MAX + 1];
	uint64_t value;

	if (n < DIGITS_MIN || n > DIGITS_MAX)
		return false;
	memcpy(digits, token, n);
	digits[n] = '\0';
	return ins_number_u64(digits, (uint64_t)INT64_MAX + 1, UINT64_MAX, &value) == 0;
}

/* The bytes of the string at @text, with both quotes; to the end if it is not closed. */
static size_t string_length(const char *text, size_t size)
{
	size_t n = 1;

	while (n < size && text[n] != '"')
		n += text[n] == '\\' ? 2 : 1;
	return n < size ? n + 1 : size;
}

static size_t number_length(const char *text, size_t size)
{
	size_t n = 0;

	while (n < size && is_number_byte(text[n]))
		n++;
	return n;
}

static char *append(char *to, const char *text, size_t n)
{
	memcpy(to, text, n);
	return to + n;
}

int ins_big_mark(const char *text, size_t size, char **ret_text, size_t *ret_size)
{
	/* 19 digits and a separator get 12 bytes more at most. */
	char *copy = malloc(size * 2 + sizeof(OPENING CLOSING)), *to = copy;

	if (!copy)
		return -ENOMEM;
	for (size_t i = 0, n; i < size; i += n) {
		bool big = false;

		if (text[i] == '"') {
			n = string_length(text + i, size - i);
		} else if (is_number_byte(text[i])) {
			n = number_length(text + i, size - i);
			big = is_big(text + i, n);
		} else {
			n = 1;
		}
		if (big)
			to = append(to, OPENING, sizeof(OPENING) - 1);
		to = append(to, text + i, n);
		if (big)
			to = append(to, CLOSING, sizeof(CLOSING) - 1);
	}
	*ret_text = copy;
	*ret_size = (size_t)(to - copy);
	return 0;
}

/* Is the string at @text, @n bytes with its quotes, one that ins_big_mark() made? Names of members
 * never are, whatever they look like, and behind the mark there are only digits. */
static bool is_marked(const char *text, size_t n)
{
	return n > sizeof(OPENING CLOSING) - 1 && text[n] != ':' &&
	       strncmp(text, OPENING, sizeof(OPENING) - 1) == 0 &&
	       is_big(text + sizeof(OPENING) - 1, n - (sizeof(OPENING CLOSING) - 1));
}

void ins_big_unmark(char *text)
{
	char *to = text;

	for (size_t left = strlen(text), n; left > 0; left -= n, text += n) {
		const char *from = text;
		size_t kept;

		n = *text == '"' ? string_length(text, left) : 1;
		kept = n;
		if (*text == '"' && is_marked(text, n)) {
			from += sizeof(OPENING) - 1;
			kept -= sizeof(OPENING CLOSING) - 1;
		}
		memmove(to, from, kept);
		to += kept;
	}
	*to = '\0';
}
