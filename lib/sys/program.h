/* SPDX-License-Identifier: Apache-2.0 */
/* The programs that insula has do what only few ask for, and what takes a library of its own. */
#ifndef INSULA_SYS_PROGRAM_H
#define INSULA_SYS_PROGRAM_H

#include <stddef.h>

/* ins_program_find - the path of one: beside the program that runs, as in a build tree, else where it is
 * installed. It need not be there. */
void ins_program_find(const char *name, char *path, size_t size);

#endif
