/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RUNTIME_DURATION_H
#define RUNTIME_DURATION_H

#include <stdint.h>

/**
 * duration_parse - a time as Go's programs write it: "500ms", "5s", "1m30s", "1.5h"
 * @ret: nanoseconds, at most 2^63 − 1
 *
 * The units are ns, us (µs), ms, s, m and h; only 0 does without one. Return: 0, −EINVAL, −ERANGE.
 */
int duration_parse(const char *text, uint64_t *ret);

#endif
