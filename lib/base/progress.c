/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/progress.h"

#define INTERVAL_MS 100
#define BAR         "########################################"
#define BAR_WIDTH   ((int)sizeof(BAR) - 1)

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void ins_progress_stage(struct ins_progress *progress, const char *stage, uint64_t total)
{
	if (!progress->is_shown)
		return;
	progress->stage = stage;
	progress->total = total;
	progress->next = now() + INTERVAL_MS;
	fprintf(stderr, "\r%s\033[K", stage);
}

void ins_progress_at(struct ins_progress *progress, uint64_t done)
{
	uint64_t total = progress->total;
	int filled;

	if (!progress->stage || now() < progress->next)
		return;
	progress->next = now() + INTERVAL_MS;
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
