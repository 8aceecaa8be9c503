/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "partition/number.h"

#define TEXT_SIZE 12

/* FNV-1a: any that spreads names will do. */
static uint32_t hash(const char *name)
{
	uint32_t value = 2166136261U;

	for (; *name; name++)
		value = (value ^ (unsigned char)*name) * 16777619U;
	return value;
}

static void number_text(uint32_t number, char text[TEXT_SIZE])
{
	snprintf(text, TEXT_SIZE, "%u", number);
}

/* Return: 1 (it is @name's), 0 (somebody else's, in this library or another one), −errno. */
static int try_number(
	const struct ins_claims *claims, const char *name, uint32_t number, struct ins_error *err)
{
	int dir = claims->library->numbers, r;
	char text[TEXT_SIZE], owner[NAME_MAX + 1], other[PATH_MAX];

	number_text(number, text);
	if (symlinkat(name, dir, text) < 0) {
		if (errno != EEXIST)
			return ins_error_set(err, errno, "take a number for %s", name);
		if (ins_number_owner(dir, number, owner, sizeof(owner), NULL) < 0 ||
			strcmp(owner, name) != 0)
			return 0;
	}
	r = ins_claim(claims, number, other, err);
	if (r <= 0)
		(void)unlinkat(dir, text, 0);
	return r;
}

int ins_number_take(const struct ins_claims *claims, const char *name, uint32_t *ret_number,
	struct ins_error *err)
{
	uint32_t start = hash(name) % INS_NUMBERS;

	for (uint32_t i = 0; i < INS_NUMBERS; i++) {
		uint32_t number = (start + i) % INS_NUMBERS;
		int r = try_number(claims, name, number, err);

		if (r < 0)
			return r;
		if (r > 0) {
			*ret_number = number;
			return 0;
		}
	}
	return ins_error_text(err, ENOSPC,
		"all %d numbers of partitions are taken: `insula remove` gives one back, `insula "
		"gc` those of partitions that are gone, and " INS_CLAIMS_DIRECTORY
		" names other libraries' ones",
		INS_NUMBERS);
}

int ins_number_give(const struct ins_library *library, uint32_t number, struct ins_error *err)
{
	char text[TEXT_SIZE];

	number_text(number, text);
	if (unlinkat(library->numbers, text, 0) < 0 && errno != ENOENT)
		return ins_error_set(err, errno, "give the number %s back", text);
	ins_claim_drop(library, number);
	return 0;
}

int ins_number_owner(int dir, uint32_t number, char *name, size_t size, struct ins_error *err)
{
	char text[TEXT_SIZE];
	ssize_t n;

	number_text(number, text);
	n = readlinkat(dir, text, name, size - 1);
	if (n < 0)
		return errno == ENOENT
			       ? -ENOENT
			       : ins_error_set(err, errno, "read whose the number %s is", text);
	name[n] = '\0';
	return 0;
}

uint32_t ins_number_find(const struct ins_library *library, const char *name)
{
	char owner[NAME_MAX + 1];

	for (uint32_t number = 0; number < INS_NUMBERS; number++) {
		if (ins_number_owner(library->numbers, number, owner, sizeof(owner), NULL) == 0 &&
			!strcmp(owner, name))
			return number;
	}
	return INS_NUMBERS;
}
