/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as programs write it, read quickly. */
#ifndef INSULA_SPEC_PLAIN_H
#define INSULA_SPEC_PLAIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * ins_json_read - what json_loadb() with JSON_REJECT_DUPLICATES does, mostly in a quarter of the
 * time
 * @ret_root: to be given back with json_decref()
 * @ret_has_big: there were integers above 2^63 − 1: they are marked strings now (spec/big.h)
 *
 * Return: 0, −ENOMEM, or −EINVAL: then @ret_error has jansson's words.
 */
int ins_json_read(const char *text, size_t size, json_t **ret_root, bool *ret_has_big,
	json_error_t *ret_error);

/**
 * ins_plain_read - its quick half, for an object in which there is nothing unusual
 *
 * That is: ASCII, of escapes only those of quotes and backslashes, integers of at most 18 digits,
 * no member twice, no deep nesting. Anything else, right or wrong, is left to jansson, which knows
 * it all and can say what is wrong.
 *
 * Return: what json_loadb() returns for this text, or NULL: ask that.
 */
json_t *ins_plain_read(const char *text, size_t size);

#endif
