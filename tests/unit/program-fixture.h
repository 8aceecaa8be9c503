/* SPDX-License-Identifier: Apache-2.0 */
/* The whole program, called as a function, on a library that only notes its calls. */
#ifndef INSULA_TESTS_UNIT_PROGRAM_FIXTURE_H
#define INSULA_TESTS_UNIT_PROGRAM_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fake-insula.h"

/* What the last call of insula() has printed: to the standard output, to the standard error. */
extern char out[32768], words[8192];

/* The test's own, for the files that the program writes and reads; set_up_program() makes it. */
extern char directory[];

/* What the library is asked first, if there are no global options. */
#define CONTEXT "context log_level=1\n"

/* program - runtime/main.c's main(), as often as you like. */
int program(int argc, char **argv);

/* insula - split @line at blanks, run the program with it, catch what it prints. Return: its exit
 * status. */
int insula(const char *line);

/* expect - @line must answer 0, print no error, and lead to these calls. */
void expect(const char *line, const char *calls);

/* refuse - @line must be refused with these words, before the library is asked for anything. */
void refuse(const char *line, int status, const char *text);

/* file - the path of a file in the test's directory, in one of four buffers. */
const char *file(const char *name);

/* read_file - the whole text, in a buffer of its own until the next call. */
const char *read_file(const char *name);

int set_up_program(void **state);
int tear_down_program(void **state);
int forget_calls(void **state);

/* A test that begins with a library that knows nothing; in a group with the two above. */
#define program_test(function) cmocka_unit_test_setup(function, forget_calls)

#endif
