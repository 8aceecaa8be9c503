/* SPDX-License-Identifier: Apache-2.0 */
/* The standard streams. Verbs print with stdio and end with output_flush(). */
#ifndef RUNTIME_OUTPUT_H
#define RUNTIME_OUTPUT_H

#include "insula.h"

/**
 * output_prepare - put /dev/null on those of the fds 0, 1, 2 that the caller closed
 *
 * Else the next open() would get their numbers, and a message or the container's output would go
 * into a file of ours. Also keeps a reader that went away from killing us half-way through a verb.
 */
int output_prepare(struct ins_error *err);

/* output_flush - 0, or the error that kept something from being printed. If the reader of a pipe has
 * gone away it does not return: the program ends by SIGPIPE. */
int output_flush(struct ins_error *err);

/* output_line - print @text and a newline, unless it ends in one. */
void output_line(const char *text);

/* output_text - print the text of another program, control characters as "?". */
void output_text(const char *text);

#endif
