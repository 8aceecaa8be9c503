/* SPDX-License-Identifier: Apache-2.0 */
/* Time that passes, for deadlines and intervals. It is counted in nanoseconds. */
#ifndef INSULA_BASE_CLOCK_H
#define INSULA_BASE_CLOCK_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define INS_SECOND      UINT64_C(1000000000)
#define INS_MILLISECOND UINT64_C(1000000)

/* ins_clock_now - CLOCK_MONOTONIC: since some moment before; nobody sets it. */
static inline uint64_t ins_clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * INS_SECOND + (uint64_t)time.tv_nsec;
}

/* ins_clock_left - milliseconds until @end, as poll(2) takes them: the last one counts whole. 0: it is over. */
static inline int ins_clock_left(uint64_t end)
{
	uint64_t now = ins_clock_now(), left = end > now ? (end - now - 1) / INS_MILLISECOND + 1 : 0;

	return left < INT_MAX ? (int)left : INT_MAX;
}

#endif
