/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "base/progress.h"

#define INTERVAL  (100 * INS_MILLISECOND)
#define BAR       "########################################"
#define BAR_WIDTH ((int)sizeof(BAR) - 1)

void ins_progress_stage(struct ins_progress *progress, const char *stage, uint64_t total)
{
	if (!progress->is_shown)
		return;
	progress->stage = stage;
	progress->total = total;
	progress->next = ins_clock_now() + INTERVAL;
	fprintf(stderr, "\r%s\033[K", stage);
}

void ins_progress_at(struct ins_progress *progress, uint64_t done)
{
	uint64_t total = progress->total;
	int filled;

	if (!progress->stage || ins_clock_now() < progress->next)
		return;
	progress->next = ins_clock_now() + INTERVAL;
	if (total == 0) {
		fprintf(stderr, "\r%s: %.1f MB\033[K", progress->stage, (double)done / 1e6);
		return;
	}
	/* The size was told before: what is read may have grown. */
	if (done > total)
		done = total;
	filled = (int)((double)done * BAR_WIDTH / (double)total);
	fprintf(stderr, "\r%s [%.*s%*s] %d%% of %.1f MB\033[K", progress->stage, filled, BAR,
		BAR_WIDTH - filled, "", (int)((double)done * 100 / (double)total),
		(double)total / 1e6);
}

void ins_progress_end(struct ins_progress *progress)
{
	if (progress->stage)
		fputs("\r\033[K", stderr);
	progress->stage = NULL;
}
