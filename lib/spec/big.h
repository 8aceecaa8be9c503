/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers above 2^63 − 1. jansson refuses a text that has one, and real configurations do: an
 * unlimited rlimit is 18446744073709551615. So a text that was refused for that is rewritten, with
 * such numbers as marked strings (INS_U64_MARK), and read once more.
 */
#ifndef INSULA_SPEC_BIG_H
#define INSULA_SPEC_BIG_H

#include <stddef.h>

/**
 * ins_big_mark - a copy of a JSON text in which integers from 2^63 to 2^64 − 1 are marked strings
 * @ret_text: to be freed with free()
 *
 * The text need not be valid JSON; everything else in it stays as it is. Return: 0 or −ENOMEM.
 */
int ins_big_mark(const char *text, size_t size, char **ret_text, size_t *ret_size);

/* ins_big_unmark - turn the marked strings of a text that jansson wrote into numbers again, in
 * place. */
void ins_big_unmark(char *text);

#endif
