/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error type. Every function that can fail returns 0 (or a count) or −errno, and takes a
 * struct ins_error as its last argument. The structure is owned by the caller and of fixed size, so
 * that failing never allocates. The first error wins: a later ins_error_set() on a used structure
 * changes nothing, and outer layers only add a prefix that says what they were doing.
 */
#ifndef INSULA_BASE_ERROR_H
#define INSULA_BASE_ERROR_H

/* The type is public: a caller of the library reads code, key and text. */
#include "insula.h"

/**
 * ins_error_set - record an error
 * @err: the caller's error structure; NULL is allowed and records nothing
 * @code: a positive errno value
 * @fmt: printf format: what was tried and on what, without the text of the errno and without a
 *       final newline; the text of @code is appended after ": "
 *
 * Return: −@code, so that a caller can write `return ins_error_set(…)`.
 */
int ins_error_set(struct ins_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ins_error_text - record an error whose words are complete
 *
 * As ins_error_set(), but the text of the errno is not appended: for errors in the input
 * ("mounts[3].type: expected a string"), where "Invalid argument" would only be noise.
 */
int ins_error_text(struct ins_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ins_error_key - record an error that the configuration is to blame for
 * @key: the path of the property, as "mounts[3].options[1]"; it is put before the text
 *
 * The words are complete, as with ins_error_text().
 */
int ins_error_key(struct ins_error *err, int code, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * ins_error_prefix - put "what the outer layer was doing: " before the words
 *
 * Does nothing if no error is recorded. Return: −code of the recorded error, or 0.
 */
int ins_error_prefix(struct ins_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ins_error_clear - make the structure ready for another attempt. */
void ins_error_clear(struct ins_error *err);

#endif
