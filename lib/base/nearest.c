/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/nearest.h"

/* No name is longer; and of what is shorter one letter is too much of it. */
#define WORD_MAX 64
#define WORD_MIN 3

static bool is_same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Levenshtein's distance with two swapped neighbours as one change: of his table three rows are kept. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b_size; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		const size_t *above = rows[(i - 1) % 3];
		size_t *row = rows[i % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t best = above[j - 1] + !is_same(a[i - 1], b[j - 1]);

			if (above[j] + 1 < best)
				best = above[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			if (i > 1 && j > 1 && is_same(a[i - 1], b[j - 2]) &&
				is_same(a[i - 2], b[j - 1]) && rows[(i - 2) % 3][j - 2] + 1 < best)
				best = rows[(i - 2) % 3][j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[a_size % 3][b_size];
}

void ins_nearest_offer(struct ins_nearest *nearest, const char *candidate)
{
	const char *last = strrchr(nearest->word, '_');
	size_t size = strlen(nearest->word), candidate_size = strlen(candidate), d;

	if (size < WORD_MIN || size > WORD_MAX || candidate_size > WORD_MAX)
		return;
	d = distance(nearest->word, size, candidate, candidate_size);
	if (d > (strlen(last ? last + 1 : nearest->word) + 1) / 3 ||
		(nearest->best && d >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = d;
}

const char *ins_did_you_mean(const struct ins_nearest *nearest, char *buffer, size_t size)
{
	if (nearest->best)
		snprintf(buffer, size, " (did you mean \"%s\"?)", nearest->best);
	else
		buffer[0] = '\0';
	return buffer;
}
