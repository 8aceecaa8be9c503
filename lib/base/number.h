/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that people and programs write as text. All of these want the whole of the text to be the
 * number: no spaces, no "+", no leading zeros (elsewhere they mean octal), no junk after it,
 * and no value that only fits after being cut.
 */
#ifndef INSULA_BASE_NUMBER_H
#define INSULA_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * ins_number_u64 - parse a decimal number
 * @text: NULL is −EINVAL
 * @min, @max: both allowed themselves
 *
 * Return: 0, −EINVAL (not a number), −ERANGE (one, but outside @min…@max).
 */
int ins_number_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret_value);

/* ins_number_i64 - the same, and a "-" may come first. */
int ins_number_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);

/* No process can have this id: for the system calls that take ids it means "leave as it is". */
#define INS_ID_NONE UINT32_MAX

/* ins_id_parse - a uid or gid, 0…4294967294. Return: 0, −EINVAL, −ERANGE. */
int ins_id_parse(const char *text, uint32_t *ret_id);

/**
 * ins_user_parse - "UID[:GID]", both numbers
 * @ret_gid: only set if there is a GID; *@ret_has_gid tells
 *
 * Return: 0, −EINVAL, −ERANGE.
 */
int ins_user_parse(const char *text, uint32_t *ret_uid, bool *ret_has_gid, uint32_t *ret_gid);

#endif
