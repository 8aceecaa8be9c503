/* SPDX-License-Identifier: Apache-2.0 */
/* One program in many partitions. */
#ifndef RUNTIME_EXEC_MANY_H
#define RUNTIME_EXEC_MANY_H

#include <stdbool.h>

#include "verb.h"

/**
 * exec_many - run a program in many, several at a time
 * @word: a name, a pattern or a range; NULL: in all partitions that run
 * @args: as for ins_exec(), but for the id; asks for no terminal, and for nothing that there is only once
 *
 * What the programs say is printed line by line, each with the partition's name and a bar before it, what
 * goes to their standard error to ours. Their standard input is empty.
 *
 * Return: 0: all have ended with 0; −EINVAL: @args asks for what only one can have; −errno.
 */
int exec_many(const struct call *call, char *word, const struct ins_exec_args *args,
	struct ins_error *err);

#endif
