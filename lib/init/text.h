/* SPDX-License-Identifier: Apache-2.0 */
/* The few functions on text and memory that freestanding code needs. */
#ifndef INSULA_INIT_TEXT_H
#define INSULA_INIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The compiler may call these four by itself. */
void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* ins_text_length - as strlen(3); ins_text_equal, ins_text_starts - compare whole texts, or with the
 * beginning. */
size_t ins_text_length(const char *text);
bool ins_text_equal(const char *a, const char *b);
bool ins_text_starts(const char *text, const char *prefix);

/* ins_text_copy - copy @text to @to of @size bytes with a final zero. Return: its length, or −ENAMETOOLONG. */
long ins_text_copy(char *to, size_t size, const char *text);

/* ins_text_append - append to the zero-terminated text in @to. Return: as ins_text_copy(). */
long ins_text_append(char *to, size_t size, const char *text);

/* ins_text_number - @value in decimal at @to (24 bytes are enough). Return: its length. */
size_t ins_text_number(char *to, uint64_t value);

/* ins_text_parse - a decimal number, the whole of @text. Return: 0 or −EINVAL. */
int ins_text_parse(const char *text, uint64_t *ret_value);

#endif
