/* SPDX-License-Identifier: Apache-2.0 */
/* A library that does nothing but note what it is asked for: the program is tested against it. */
#ifndef TESTS_FAKE_INSULA_H
#define TESTS_FAKE_INSULA_H

#include "insula.h"

struct fake {
	char calls[4096];      /* a line a call: its name and what differs from zero */
	struct ins_error fail; /* code ≠ 0: every call but ins_context_new() fails so */
	const char *fail_id;   /* not NULL: only calls for this id fail */
	int status;            /* what run and exec answer */
	const char *say[4];    /* what create and run tell the log, as warnings, NULL-terminated */
	size_t n_containers;   /* how many containers list shows: c1, c2, … */
};

extern struct fake fake;

/* note, note_text, note_number - add to the line of a call; nothing of what is NULL or 0. */
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void note_text(const char *name, const char *value);
void note_number(const char *name, long value);

/* answer - end the line. Return: 0, or as fake.fail has it. */
int answer(const char *id, struct ins_error *err);

/* with_id - a call that has a name and nothing more. */
int with_id(const char *verb, const char *id, struct ins_error *err);

#endif
