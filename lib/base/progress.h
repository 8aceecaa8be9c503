/* SPDX-License-Identifier: Apache-2.0 */
/* One line on the standard error that says how far long work has come, and goes when it is done. */
#ifndef INSULA_BASE_PROGRESS_H
#define INSULA_BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing is ever shown. */
struct ins_progress {
	bool is_shown;
	const char *stage; /* NULL: there is no line */
	uint64_t total;    /* bytes; 0: not known */
	uint64_t next;     /* when it may be shown again, of ins_clock_now() */
};

/* ins_progress_stage - something begins. @stage: what is done, "hashing"; stays valid. @total: bytes, or 0. */
void ins_progress_stage(struct ins_progress *progress, const char *stage, uint64_t total);

/* ins_progress_at - so many bytes of it are done. Costs no more than a look at the clock. */
void ins_progress_at(struct ins_progress *progress, uint64_t done);

/* ins_progress_end - the line goes. */
void ins_progress_end(struct ins_progress *progress);

#endif
