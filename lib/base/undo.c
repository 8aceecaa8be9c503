/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/undo.h"

void ins_undo_push(
	struct ins_undo *undo, void (*fn)(void *data, long number), void *data, long number)
{
	if (undo->n == INS_UNDO_MAX)
		abort();
	undo->entries[undo->n++] =
		(struct ins_undo_entry){ .fn = fn, .data = data, .number = number };
}

void ins_undo_run(struct ins_undo *undo)
{
	int saved = errno;

	while (undo->n > 0) {
		const struct ins_undo_entry *entry = &undo->entries[--undo->n];

		entry->fn(entry->data, entry->number);
	}
	errno = saved;
}

void ins_undo_forget(struct ins_undo *undo)
{
	undo->n = 0;
}
