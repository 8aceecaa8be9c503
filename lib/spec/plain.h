/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as programs write it, read quickly. */
#ifndef INSULA_SPEC_PLAIN_H
#define INSULA_SPEC_PLAIN_H

#include <jansson.h>
#include <stddef.h>

/**
 * ins_plain_read - read a JSON object in which there is nothing unusual
 *
 * That is: ASCII without escapes, integers of at most 18 digits, no member twice, no deep nesting.
 * Anything else, right or wrong, is left to jansson, which knows it all and can say what is wrong
 * with a text, but takes several times as long for it.
 *
 * Return: what json_loadb() with JSON_REJECT_DUPLICATES returns for this text, or NULL: ask that.
 */
json_t *ins_plain_read(const char *text, size_t size);

#endif
