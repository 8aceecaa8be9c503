/* SPDX-License-Identifier: Apache-2.0 */
/* Which word was meant: the one of a list that a mistyped word is most like. */
#ifndef INSULA_BASE_NEAREST_H
#define INSULA_BASE_NEAREST_H

#include <stddef.h>

struct ins_nearest {
	const char *word; /* as it was typed; the rest starts as zero */
	const char *best; /* NULL: none of those offered is like it */
	size_t distance;  /* of @best */
};

/**
 * ins_nearest_offer - one of the words that could have been meant
 *
 * Two words are alike if few letters have to be changed, added or taken away: about a third of the
 * word as it was typed, without what ends in "_": that is the same in many words. Capital letters
 * count as small ones. Of words that are equally near the first stays.
 */
void ins_nearest_offer(struct ins_nearest *nearest, const char *candidate);

#endif
