/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `exec` without the caller's streams. A terminal is read by whoever has a descriptor of it, of its output as well
 * as of its input, and a process that a guest leaves behind would go on doing that: so it never gets one of the
 * caller's.
 */
#ifndef RUNTIME_EXEC_RELAY_H
#define RUNTIME_EXEC_RELAY_H

#include "verb.h"

/**
 * exec_relayed - ins_exec() in a process of its own, whose output is relayed
 * @name: what the program says is printed line by line, each with this and a bar before it, to a terminal with a
 *        "?" for each control character; its standard input is empty. NULL: only what is a terminal is replaced,
 *        the input by nothing, and what comes is printed as it is (with args.detach it goes nowhere)
 * @ret_status: as of ins_exec()
 *
 * Signals that would end this process go to the program.
 *
 * Return: 0, or what ins_exec() returns; −ECHILD: the process of its own was killed.
 */
int exec_relayed(const struct call *call, const struct ins_exec_args *args, const char *name,
	int *ret_status, struct ins_error *err);

/**
 * exec_apart - ins_exec() with no terminal of the caller's in the program's hands
 *
 * If all three standard streams are terminals the program gets one of its own, as with args.tty. Else, and
 * where a process file or args.detach speaks against that, those that are go through exec_relayed().
 *
 * Return: as ins_exec().
 */
int exec_apart(const struct call *call, const struct ins_exec_args *args, int *ret_status,
	struct ins_error *err);

#endif
