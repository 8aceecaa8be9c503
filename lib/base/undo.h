/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The undo list: every effect on the host pushes its inverse, and a failure runs them backwards.
 * Success forgets them. Fixed size: pushing never fails half-way through an effect, because room is
 * asked for before the effect is made.
 */
#ifndef INSULA_BASE_UNDO_H
#define INSULA_BASE_UNDO_H

#include <stddef.h>

#define INS_UNDO_MAX 32

struct ins_undo_entry {
	void (*fn)(void *data, long number);
	void *data;
	long number;
};

struct ins_undo {
	size_t n;
	struct ins_undo_entry entries[INS_UNDO_MAX];
};

/**
 * ins_undo_push - add an inverse, before or right after the effect
 * @fn: called with @data and @number; must cope with the effect not having been made
 *
 * More than INS_UNDO_MAX entries are a bug of the program: it aborts.
 */
void ins_undo_push(struct ins_undo *undo, void (*fn)(void *data, long number), void *data,
	long number);

/* ins_undo_run - run the list backwards and empty it; errno is kept. */
void ins_undo_run(struct ins_undo *undo);

/* ins_undo_forget - the effects stay. */
void ins_undo_forget(struct ins_undo *undo);

#endif
