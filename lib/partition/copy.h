/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of what guests have written: whatever it is called, however deep it lies. */
#ifndef INSULA_PARTITION_COPY_H
#define INSULA_PARTITION_COPY_H

#include "base/progress.h"
#include "insula.h"

/**
 * ins_copy_tree - copy what a directory has, and its own attributes, to another
 * @from: the directory; nobody changes anything below it meanwhile
 * @to: an empty directory
 * @links: another empty one in the same file system; what is left in it is of no use
 * @progress: told of the bytes
 *
 * With hard links, holes, extended attributes (those of overlayfs, too) and times; files share their blocks
 * with the originals where the file system can do that. Of devices only 0/0 is copied, with which overlayfs
 * says that something is gone: a guest's devices are made when it is started.
 *
 * Return: 0, −errno; @to is then half full.
 */
int ins_copy_tree(int from, int to, int links, struct ins_progress *progress, struct ins_error *err);

/**
 * ins_copy_attributes - owner, extended attributes, mode and times, in this order
 * @from, @to: may be O_PATH
 * @overlay: also those with which overlayfs remembers what a layer hides and where it came from
 */
int ins_copy_attributes(int from, int to, bool overlay, struct ins_error *err);

#endif
