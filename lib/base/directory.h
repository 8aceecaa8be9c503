/* SPDX-License-Identifier: Apache-2.0 */
/* What directories there are in a directory. */
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

#endif
