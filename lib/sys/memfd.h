/* SPDX-License-Identifier: Apache-2.0 */
/* Files without a name, to be handed to other processes. */
#ifndef INSULA_SYS_MEMFD_H
#define INSULA_SYS_MEMFD_H

#include <stdbool.h>
#include <stddef.h>

#include "insula.h"

/**
 * ins_memfd_sealed - a file whose content nobody can change any more
 * @name: as /proc/PID/fd shows it
 * @executable: it may be a program
 *
 * Return: its fd, which stands at the end, or −errno.
 */
int ins_memfd_sealed(const char *name, bool executable, const void *data, size_t size,
	struct ins_error *err);

/* ins_memfd_text - the same for a text that is going to be read from the beginning. Whoever reads it
 * from there, and not from a pipe, cannot keep us waiting. */
int ins_memfd_text(const char *name, const char *text, struct ins_error *err);

#endif
