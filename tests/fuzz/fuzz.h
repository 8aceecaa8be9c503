/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. */
#ifndef INSULA_TESTS_FUZZ_H
#define INSULA_TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insula.h"

/* libFuzzer's entry. Always 0: every input is of interest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the target when something is wrong that no sanitizer sees. */
#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The house's rule for errors: a negative result says why, in one line of printable text. */
static inline void fuzz_check_error(int r, const struct ins_error *err)
{
	FUZZ_CHECK(r <= 0);
	if (r == 0) {
		FUZZ_CHECK(err->code == 0);
		return;
	}
	FUZZ_CHECK(err->code == -r);
	FUZZ_CHECK(err->text[0] && strnlen(err->text, sizeof(err->text)) < sizeof(err->text));
	for (const char *c = err->text; *c; c++)
		FUZZ_CHECK((unsigned char)*c >= 0x20 && *c != 0x7f);
}

#endif
