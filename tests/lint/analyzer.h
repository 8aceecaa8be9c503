/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Included before everything by tests/lint/clang-tidy: what the static analyzer cannot see from another
 * file. An error that is set is a negative result, so what follows "if (r < 0)" is not looked at with
 * a failure's half-filled values.
 */
#include <errno.h>

#include "base/error.h"

#define ANALYZER_NEGATIVE(code)                                                                    \
	({                                                                                         \
		int analyzer_code_ = (code);                                                       \
		if (analyzer_code_ <= 0)                                                           \
			__builtin_unreachable();                                                   \
		-analyzer_code_;                                                                   \
	})

#define ins_error_set(err, code, ...)      ((void)(err), ANALYZER_NEGATIVE(code))
#define ins_error_text(err, code, ...)     ((void)(err), ANALYZER_NEGATIVE(code))
#define ins_error_key(err, code, key, ...) ((void)(err), (void)(key), ANALYZER_NEGATIVE(code))
