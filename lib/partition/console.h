/* SPDX-License-Identifier: Apache-2.0 */
/* What a person presses to leave a partition's terminal. */
#ifndef INSULA_PARTITION_CONSOLE_H
#define INSULA_PARTITION_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INS_ESCAPE_KEY   0x1d /* ^] */
#define INS_ESCAPE_TIMES 3
#define INS_ESCAPE_NS    1000000000ULL

/* How far they are with it. Begin with {}. */
struct ins_escape {
	unsigned int pressed;
	uint64_t first; /* nanoseconds of CLOCK_MONOTONIC */
};

/* ins_escape_take - look at what was typed at that time. Return: it is complete. */
bool ins_escape_take(struct ins_escape *escape, const char *typed, size_t n, uint64_t now);

#endif
