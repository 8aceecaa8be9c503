/* SPDX-License-Identifier: Apache-2.0 */
/* The program insula-image, which makes images and computes their digests. */
#ifndef INSULA_IMAGE_WORKER_H
#define INSULA_IMAGE_WORKER_H

#include <stdbool.h>

#include "guest/context.h"

/* The longest that it says. */
#define INS_WORKER_SIZE 4096

/**
 * ins_worker_ask - let it do one thing, and wait
 * @argv: [0] and [1] are left free for its path and for whether it shows its progress; NULL at the end
 * @file: its standard input, which for an archive that it makes it writes to; −1: none
 * @words: what it has to say beside: warnings, a line each
 *
 * Return: 0; −errno with its own words; −EOPNOTSUPP: it is not there.
 */
int ins_worker_ask(const struct ins_context *context, char **argv, int file,
	char words[INS_WORKER_SIZE], struct ins_error *err);

#endif
