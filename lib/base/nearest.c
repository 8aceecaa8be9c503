/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <string.h>

#include "base/nearest.h"

/* No name is longer. */
#define WORD_MAX 64

/* Levenshtein's distance: a row of his table at a time, each from the one before. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t row[WORD_MAX + 1];

	for (size_t j = 0; j <= b_size; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_size; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t above = row[j];
			size_t best = diagonal + (tolower((unsigned char)a[i - 1]) !=
							 tolower((unsigned char)b[j - 1]));

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = above;
		}
	}
	return row[b_size];
}

void ins_nearest_offer(struct ins_nearest *nearest, const char *candidate)
{
	const char *last = strrchr(nearest->word, '_');
	size_t size = strlen(nearest->word), candidate_size = strlen(candidate), d;

	if (size > WORD_MAX || candidate_size > WORD_MAX)
		return;
	d = distance(nearest->word, size, candidate, candidate_size);
	if (d > (strlen(last ? last + 1 : nearest->word) + 1) / 3 ||
		(nearest->best && d >= nearest->distance))
		return;
	nearest->best = candidate;
	nearest->distance = d;
}
