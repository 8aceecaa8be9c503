/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: one reserved stretch of address space that is handed out from the front, never given
 * back piece by piece, and freed as a whole. The plan's arena sits at a fixed address, so that
 * init, which maps a copy of it at the same address, can follow its pointers.
 */
#ifndef INSULA_BASE_ARENA_H
#define INSULA_BASE_ARENA_H

#include <stddef.h>

#include "insula.h"

struct ins_arena;

/* Where the plan's arena lives. 0x3000… is free on every 64-bit Linux with a 47-bit or larger user
 * address space, with and without address sanitizer. */
#define INS_PLAN_ADDRESS ((void *)0x300000000000UL)

/* The most that one plan or one specification may take; pages are only used once touched. */
#define INS_ARENA_RESERVE ((size_t)64 << 20)

/**
 * ins_arena_new - reserve an arena
 * @address: where it must be, or NULL for anywhere
 * @reserve: its greatest size in bytes
 * @ret: on success the arena, to be freed with ins_arena_free()
 *
 * Return: 0, −ENOMEM, −EEXIST if @address is taken in this process.
 */
int ins_arena_new(void *address, size_t reserve, struct ins_arena **ret, struct ins_error *err);

/* ins_arena_free - unmap the arena and all that was allocated from it; NULL is allowed. */
void ins_arena_free(struct ins_arena *arena);

static inline void ins_cleanup_arena(struct ins_arena **arena)
{
	ins_arena_free(*arena);
}

#define cleanup_arena __attribute__((cleanup(ins_cleanup_arena)))

/**
 * ins_arena_alloc - allocate zeroed memory, aligned for any type
 *
 * Return: the memory, or NULL if the arena is full or sealed. Callers say so with
 * ins_error_set(err, ENOMEM, …).
 */
void *ins_arena_alloc(struct ins_arena *arena, size_t size) __attribute__((alloc_size(2)));

/* ins_arena_array - as calloc(), with the overflow check. */
void *ins_arena_array(struct ins_arena *arena, size_t count, size_t size);

/* ins_arena_copy - a copy of @size bytes at @data. */
void *ins_arena_copy(struct ins_arena *arena, const void *data, size_t size);

/* ins_arena_strdup - a copy of @text; NULL gives NULL. */
char *ins_arena_strdup(struct ins_arena *arena, const char *text);

/* ins_arena_printf - formatted text in the arena. */
char *ins_arena_printf(struct ins_arena *arena, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ins_arena_base, ins_arena_used - the bytes in use: what has to be copied to move the arena. */
void *ins_arena_base(const struct ins_arena *arena);
size_t ins_arena_used(const struct ins_arena *arena);

/**
 * ins_arena_seal - make the arena read-only (mprotect); later allocations fail
 *
 * Return: 0 or −errno.
 */
int ins_arena_seal(struct ins_arena *arena, struct ins_error *err);

#endif
