/* SPDX-License-Identifier: Apache-2.0 */
/* Whole directories of files that may be a guest's work. */
#ifndef INSULA_BASE_TREE_H
#define INSULA_BASE_TREE_H

#include "insula.h"

/**
 * ins_tree_remove - remove a directory with all that is in it
 * @dirfd, @name: of the directory; no link is followed
 *
 * However deep it is, it takes three fds and no recursion: who filled it may have wanted to exhaust us.
 * That it is not there is no error.
 *
 * Return: 0, −errno.
 */
int ins_tree_remove(int dirfd, const char *name, struct ins_error *err);

/* ins_tree_empty - the same with all that is in a directory; @dir itself stays. */
int ins_tree_empty(int dir, struct ins_error *err);

#endif
