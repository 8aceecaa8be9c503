/* SPDX-License-Identifier: Apache-2.0 */
/* What there is in a directory. */
#ifndef INSULA_BASE_DIRECTORY_H
#define INSULA_BASE_DIRECTORY_H

#include <stddef.h>

/**
 * ins_directory_names - the names of the directories in one, but those with a dot in front
 * @fd: of the directory; is closed, also on failure
 * @ret_names: sorted; free each and the list. NULL if there are none
 *
 * Return: 0, −ENOMEM, −errno.
 */
int ins_directory_names(int fd, char ***ret_names, size_t *ret_n);

/**
 * ins_directory_hint - behind a name that is not there, the one that was meant
 * @dir: an open directory
 * @buffer: for the hint, as ins_did_you_mean()
 *
 * Return: @buffer; "" also if the directory cannot be read.
 */
const char *ins_directory_hint(int dir, const char *name, char *buffer, size_t size);

#endif
